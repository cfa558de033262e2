# SPDX-License-Identifier: Apache-2.0
"""Documents and their pages."""
