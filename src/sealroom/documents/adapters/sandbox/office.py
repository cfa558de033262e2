# SPDX-License-Identifier: Apache-2.0
"""One cold LibreOffice for one file, in a sandbox of its own with a throw-away profile; run as `python -c`, then gone.

The file lies at `<job>/in.<suffix>`, the PDF goes to a descriptor. LibreOffice exits with 0 even when it fails, so the only proof
is a PDF that opens, and that is looked at outside by a child.
"""

from __future__ import annotations

import sys
import time
from pathlib import Path

from . import program
from .jail import limit_process

_PROGRAM = "soffice.bin"
_WHOLE_SHEETS = (
    'pdf:calc_pdf_Export:{"SinglePageSheets":{"type":"boolean","value":"true"},"ExportBookmarks":{"type":"boolean","value":"true"}}'
)
_RESTART = frozenset({79, 81})
"""Exit codes by which soffice.bin asks its wrapper script to start it again (after making a profile)."""
_SETTINGS = """<?xml version="1.0" encoding="UTF-8"?>
<oor:items xmlns:oor="http://openoffice.org/2001/registry" xmlns:xs="http://www.w3.org/2001/XMLSchema"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance">{items}</oor:items>"""
_ITEM = '<item oor:path="/org.openoffice.Office.{path}"><prop oor:name="{name}" oor:op="fuse"><value>{value}</value></prop></item>'
_HARDENED = (
    ("Common/Security/Scripting", "MacroSecurityLevel", "3"),
    ("Common/Security/Scripting", "DisableMacrosExecution", "true"),
    ("Common/Security/Scripting", "DisablePythonRuntime", "true"),
    ("Common/Security/Scripting", "DisableActiveContent", "true"),
    ("Common/Security/Scripting", "DisableOLEAutomation", "true"),
    ("Common/Security/Scripting", "BlockUntrustedRefererLinks", "true"),
    ("Common/Load", "UpdateDocMode", "0"),
    ("Common/Misc", "FirstRun", "false"),
    ("Common/Misc", "CrashReport", "false"),
    ("Common/Java", "Enable", "false"),
    ("Writer/Content/Update", "Link", "2"),
    ("Writer/Content/Update", "Field", "false"),
    ("Calc/Content/Update", "Link", "2"),
    ("Calc/Formula/Load", "ODFRecalcMode", "1"),
    ("Calc/Formula/Load", "OOXMLRecalcMode", "1"),
    ("Recovery/AutoSave", "Enabled", "false"),
    ("Recovery/RecoveryInfo", "Enabled", "false"),
)


def main(job: str, programs: str, argument: str, answer: int, *, seconds: int, memory: int, file_bytes: int) -> None:
    """Convert `<job>/in.<suffix>`; write the PDF, if any, to descriptor `answer`. Exits with 0 when there is one.

    `argument` is the suffix, with ":sheets" when each sheet shall be one page of its size.
    """
    limit_process(memory=memory, file_bytes=file_bytes)
    folder = Path(job)
    suffix, _, wish = argument.partition(":")
    profile = folder / "profile" / "user"
    profile.mkdir(parents=True)
    items = "".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _HARDENED)
    (profile / "registrymodifications.xcu").write_text(_SETTINGS.format(items=items), "utf-8")
    started = time.monotonic()
    for _ in range(3):
        status = program.run(folder, answer, _command(folder, programs, suffix, wish), _environment(job, programs))
        if status not in _RESTART or time.monotonic() - started > seconds:
            break
    made = next(iter(sorted((folder / "out").glob("*.pdf"))), None) if (folder / "out").is_dir() else None
    if made is None:
        sys.exit(3)
    program.hand_out(made, answer)


def _command(folder: Path, programs: str, suffix: str, wish: str) -> list[str]:
    target = _WHOLE_SHEETS if wish else "pdf"
    arguments = ["--headless", "--invisible", "--norestore", "--nologo", "--nodefault", "--nolockcheck", "--nofirststartwizard"]
    arguments += [f"-env:UserInstallation=file://{folder}/profile", "--convert-to", target]
    return [f"{programs}/{_PROGRAM}", *arguments, "--outdir", str(folder / "out"), str(folder / f"in.{suffix}")]


def _environment(job: str, programs: str) -> dict[str, str]:
    environment = {"HOME": job, "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp", "TMPDIR": job}
    return environment | {"LD_LIBRARY_PATH": programs, "SAL_DISABLE_OPENCL": "1", "JFW_PLUGIN_DO_NOT_CHECK_ACCESSIBILITY": "1"}
