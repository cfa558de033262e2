# SPDX-License-Identifier: Apache-2.0
"""What is done with data rooms, one module per deed."""

from sealroom.datarooms.flows.rights import set_rights
from sealroom.datarooms.flows.rooms import create_room, delete_room, end_places_of_member, invite_guests, remove_guest

__all__ = ["create_room", "delete_room", "end_places_of_member", "invite_guests", "remove_guest", "set_rights"]
