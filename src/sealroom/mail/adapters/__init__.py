# SPDX-License-Identifier: Apache-2.0
"""Ways out of the house for mail."""
