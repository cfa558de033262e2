# SPDX-License-Identifier: Apache-2.0
"""What a reader sees, and what was seen."""
