# SPDX-License-Identifier: Apache-2.0
"""Views of the recipients' pages: the gates, the files, the bytes."""
