# SPDX-License-Identifier: Apache-2.0
"""The calls of version 1, a module for each noun."""
