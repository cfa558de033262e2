# SPDX-License-Identifier: Apache-2.0
"""Who collects the money, and who prints invoices."""
