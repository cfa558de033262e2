# SPDX-License-Identifier: Apache-2.0
"""The members' pages."""
