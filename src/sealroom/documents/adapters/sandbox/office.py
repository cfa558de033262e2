# SPDX-License-Identifier: Apache-2.0
"""One cold LibreOffice for one file, in a sandbox of its own with a throw-away profile; run as `python -c`, then gone.

The file lies at `/job/in.<suffix>`, the PDF goes to a descriptor. LibreOffice exits with 0 even when it fails, so the only proof
is a PDF that opens, and that is looked at outside by a child.
"""

from __future__ import annotations

import os
import sys
import time
from pathlib import Path
from typing import NoReturn

from .jail import filter_calls, limit_process

_JOB = Path("/job")
_PROGRAM = "soffice.bin"
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


def main(programs: str, suffix: str, answer: int, *, seconds: int, memory: int, file_bytes: int) -> None:
    """Convert `/job/in.<suffix>`; write the PDF, if any, to descriptor `answer`. Exits with 0 when there is one."""
    limit_process(memory=memory, file_bytes=file_bytes)
    profile = _JOB / "profile" / "user"
    profile.mkdir(parents=True)
    items = "".join(_ITEM.format(path=path, name=name, value=value) for path, name, value in _HARDENED)
    (profile / "registrymodifications.xcu").write_text(_SETTINGS.format(items=items), "utf-8")
    started = time.monotonic()
    for _ in range(3):
        status = _run(programs, suffix, answer)
        if status not in _RESTART or time.monotonic() - started > seconds:
            break
    made = next(iter(sorted((_JOB / "out").glob("*.pdf"))), None) if (_JOB / "out").is_dir() else None
    if made is None:
        sys.exit(3)
    with made.open("rb") as file:
        while block := file.read(1 << 20):
            os.write(answer, block)


def _run(programs: str, suffix: str, answer: int) -> int:
    pid = os.fork()
    if pid == 0:
        os.close(answer)
        _become_office(programs, suffix)
    return os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1])


def _become_office(programs: str, suffix: str) -> NoReturn:
    filter_calls(alone=False)
    arguments = ["--headless", "--invisible", "--norestore", "--nologo", "--nodefault", "--nolockcheck", "--nofirststartwizard"]
    arguments += ["-env:UserInstallation=file:///job/profile", "--convert-to", "pdf", "--outdir", "/job/out", f"/job/in.{suffix}"]
    environment = {"HOME": "/job", "LANG": "C.UTF-8", "LC_ALL": "C.UTF-8", "SAL_USE_VCLPLUGIN": "svp", "TMPDIR": "/job"}
    environment |= {"LD_LIBRARY_PATH": programs, "SAL_DISABLE_OPENCL": "1", "JFW_PLUGIN_DO_NOT_CHECK_ACCESSIBILITY": "1"}
    program = f"{programs}/{_PROGRAM}"
    os.execve(program, [program, *arguments], environment)  # noqa: S606 -- its own list of arguments, no shell
