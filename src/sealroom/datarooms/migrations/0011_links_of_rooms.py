# SPDX-License-Identifier: Apache-2.0
"""Rooms of before get the policy and the links that new ones are made with; their guests, too."""

from typing import Any

from django.db import migrations

from sealroom.core.ids import digest, new_id, new_secret
from sealroom.core.secrets import seal_text

_MARK = {"fields": ["email", "ip", "time"], "text": "", "size": "", "color": "", "angle": None, "layout": "", "media": ""}


def give_links(apps: Any, schema_editor: Any) -> None:
    """The mark is put on without asking the plan: what was never shown before is shown marked."""
    rooms, guests = apps.get_model("datarooms", "DataRoom"), apps.get_model("datarooms", "Guest")
    links, policies = apps.get_model("access", "Link"), apps.get_model("access", "PolicyRow")

    def link(room: Any, address: str, name: str) -> Any:
        token = new_secret()
        return links.objects.create(
            public_id=new_id("lnk"),
            team_id=room.team_id,
            policy=room.policy,
            token_digest=digest(token),
            token_sealed=seal_text(token, purpose="link"),
            address=address,
            name=name,
            language=room.owner.language,
            rights="data_room",
            created_at=room.created_at,
        )

    for room in rooms.objects.select_related("owner", "policy").filter(deleted_at=None, policy=None).order_by("pk"):
        room.policy = policies.objects.create(team_id=room.team_id, watermark=_MARK)
        room.house_link = link(room, "", "")
        room.save(update_fields=["policy", "house_link"])
    for guest in guests.objects.select_related("room__owner", "room__policy").filter(removed_at=None, link=None).order_by("pk"):
        if guest.room.policy is not None and guest.room.open_link_id is None:
            guest.link = link(guest.room, guest.address, guest.name)
            guest.updates_told_at = guest.added_at
            guest.save(update_fields=["link", "updates_told_at"])


class Migration(migrations.Migration):
    """Nothing is taken back on the way down: a room may well have a policy."""

    dependencies = [("datarooms", "0010_group_link")]
    operations = [migrations.RunPython(give_links, migrations.RunPython.noop)]
