# SPDX-License-Identifier: Apache-2.0
"""The real things behind the ports of documents: encrypted files on disk and the sandboxed workshop."""
