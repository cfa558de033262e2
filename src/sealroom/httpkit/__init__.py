# SPDX-License-Identifier: Apache-2.0
"""What doors share: security headers, language, client address, error pages, frame."""
