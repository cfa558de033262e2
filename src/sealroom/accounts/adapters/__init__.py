# SPDX-License-Identifier: Apache-2.0
"""How accounts meet Django's password hashing."""
