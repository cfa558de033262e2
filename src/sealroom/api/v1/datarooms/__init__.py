# SPDX-License-Identifier: Apache-2.0
"""Data rooms, for keys of those who lead them."""

from sealroom.api.v1.datarooms import (
    exports,
    groups,
    guests,
    insight,
    items,
    permissions,
    questions,
    rooms,
    trash,
    uploads,
    versions,
)

ROUTERS = [
    part.router for part in (rooms, items, versions, trash, uploads, guests, groups, permissions, questions, exports, insight)
]
