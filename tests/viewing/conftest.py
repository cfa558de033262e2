# SPDX-License-Identifier: Apache-2.0
"""A store of one test's own, as for documents."""

from tests.documents.conftest import own_blobs

__all__ = ["own_blobs"]
