# SPDX-License-Identifier: Apache-2.0
"""Credits: wallet, lots, entries."""
