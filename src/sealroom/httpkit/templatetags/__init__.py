# SPDX-License-Identifier: Apache-2.0
"""Tags and filters of the templates."""
