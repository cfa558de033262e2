# SPDX-License-Identifier: Apache-2.0
"""Lists as files: which columns the ledger has for its reader, in the reader's language, and the answer that streams it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

from django.http import HttpResponseBase, StreamingHttpResponse
from django.utils import timezone
from django.utils.http import content_disposition_header
from django.utils.translation import gettext as _

from sealroom.access.queries import AcceptanceView
from sealroom.core import tables
from sealroom.credits.queries import EntryView
from sealroom.datarooms.flows import OpenedExport
from sealroom.web import wording

CSV, XLSX = "csv", "xlsx"


def ledger_file(entries: Iterator[EntryView], form: str, *, sees_team: bool) -> HttpResponseBase:
    """The lines as a file to keep, sent while it is written. Words are put into the reader's language now: when the last line goes
    out, the request is over."""
    head = [_("Line"), _("When (UTC)"), _("What"), _("For"), _("Route"), _("Credits")]
    if sees_team:
        head = [*head[:4], _("Who"), *head[4:], _("Balance after")]
    return _file(head, _rows(entries, sees_team=sees_team), form, name="credits", title=_("Ledger"))


def acceptances_file(rows: Iterable[AcceptanceView], form: str) -> HttpResponseBase:
    """Who accepted which terms, as a file to keep."""
    head = [
        _("When (UTC)"),
        _("Name typed"),
        _("Address proved"),
        _("IP address"),
        _("Browser"),
        _("Version"),
        "SHA-256",
        _("Record"),
    ]
    cells: Iterator[list[tables.Cell]] = (
        [
            f"{one.accepted_at.isoformat()[:19]}Z",
            one.name,
            one.address,
            one.ip,
            one.user_agent,
            one.number if one.is_organization else "",
            one.sha256,
            one.id,
        ]
        for one in rows
    )
    return _file(head, cells, form, name="acceptances", title=_("Acceptances"))


def archive_file(found: OpenedExport) -> HttpResponseBase:
    """The archive of a data room, sent as it is read."""
    headers = {
        "Content-Disposition": content_disposition_header(as_attachment=True, filename=found.name) or "attachment",
        "Content-Length": str(found.size),
        "Cache-Control": "private, no-store",
        "X-Content-Type-Options": "nosniff",
        "Content-Security-Policy": "sandbox; default-src 'none'",
    }
    return StreamingHttpResponse(found.chunks, content_type="application/zip", headers=headers)


def list_file(parts: Iterator[str] | Iterator[bytes], form: str, *, name: str) -> HttpResponseBase:
    """A list as it is written, to keep."""
    headers = {"Content-Disposition": f'attachment; filename="{name}-{timezone.localdate():%Y-%m-%d}.{form}"'}
    return StreamingHttpResponse(parts, content_type=tables.XLSX_TYPE if form == XLSX else tables.CSV_TYPE, headers=headers)


def _file(head: list[str], rows: Iterator[list[tables.Cell]], form: str, *, name: str, title: str) -> HttpResponseBase:
    if form == XLSX:
        parts: Iterator[str] | Iterator[bytes] = tables.xlsx_parts(head, rows, title=title)
    else:
        parts = tables.csv_parts(head, rows)
    return list_file(parts, form, name=name)


def _rows(entries: Iterator[EntryView], *, sees_team: bool) -> Iterator[list[tables.Cell]]:
    kinds = {value: str(word) for value, word in wording.ENTRY_KINDS.items()}
    routes = {value: str(word) for value, word in wording.ROUTES.items()}

    def row(entry: EntryView) -> list[tables.Cell]:
        at = f"{entry.at.isoformat()[:19]}Z"  # kept in UTC; cheaper than a pattern, a million times
        cells: list[tables.Cell] = [int(entry.id.removeprefix("ent_")), at, kinds[entry.kind], entry.note]
        if sees_team:
            cells.append(entry.actor_name or "Sealroom")
        cells += [routes.get(entry.route, ""), entry.delta]
        return [*cells, entry.balance_after] if sees_team else cells

    return map(row, entries)
