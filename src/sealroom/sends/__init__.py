# SPDX-License-Identifier: Apache-2.0
"""Sends: delivering documents to recipients."""
