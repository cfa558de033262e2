# SPDX-License-Identifier: Apache-2.0
"""What members type, read and checked for its form; what it means is decided in the rooms."""
