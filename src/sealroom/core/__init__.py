# SPDX-License-Identifier: Apache-2.0
"""The floor: errors, ids, addresses, keys, codes, jobs, rate limits. Knows no noun of the trade."""
