# SPDX-License-Identifier: Apache-2.0
"""Who may open what, now."""
