# SPDX-License-Identifier: Apache-2.0
"""People, teams, sign-in."""
