# SPDX-License-Identifier: Apache-2.0
"""Who tells countries, and who prints records of acceptances."""
