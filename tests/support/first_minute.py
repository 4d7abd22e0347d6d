"""What the first minute takes: `python -m support.first_minute FOLDER` prints a table (an hour on a slow machine).

On a fresh Debian 12 and 13, as an ordinary user and as root, first with nothing in uv's cache and then in a second
clone of the same user: from `git clone` to "It runs.", and what was downloaded meanwhile.
"""

from __future__ import annotations

import re
import shutil
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final, get_args

from support.certificates import make
from support.fresh_machine import Ended, Machine, Suite, User, debian
from support.inspection import Inspecting, Sent, inspecting, real_index
from support.own_requirements import lock_text, pins

_NUMBERS: Final = {"bookworm": "12", "trixie": "13"}
_USERS: Final = {"new": "ordinary", "root": "root"}
_HEAD: Final = """
| Debian | user | uv's cache | seconds | of a processor | tool ready after | MB | uv | tool | TensorFlow | pages |
|---|---|---|---|---|---|---|---|---|---|---|
"""
_MB: Final = 1e6


def measured(folder: Path) -> Iterator[str]:
    """Yield the lines of the table."""
    made = make(folder / "ca", "good")
    with inspecting(made.context, real_index(folder / "index")) as proxy:
        for suite in get_args(Suite):
            for user in get_args(User):
                machine = debian(suite, folder / user)
                machine.write("/etc/pip.conf", f"[global]\nindex-url = {proxy.index}\n")
                machine.trust(made.trusted)
                for name in ("cold", "warm"):
                    yield f"| {_NUMBERS[suite]} | {_USERS[user]} | {name} |{_run(machine, user, name, proxy)}\n"
                shutil.rmtree(machine.root)


def _run(machine: Machine, user: User, name: str, proxy: Inspecting) -> str:
    already = len(proxy.sent)
    steps = [machine.clone(user, name), machine.make(".tool/env/ready", user=user, name=name)]
    ready = sum(step.seconds for step in steps)
    steps.append(machine.make("install", user=user, name=name))
    assert [step.code for step in steps] == [0, 0, 0], steps
    assert "\nIt runs.\n" in steps[-1].text, steps[-1].text
    return _row(steps, ready, proxy.sent[already:])


def _row(steps: list[Ended], ready: float, sent: list[Sent]) -> str:
    seconds, worked = sum(step.seconds for step in steps), sum(step.worked for step in steps)
    parts = dict.fromkeys(("uv", "tool", "TensorFlow", "pages"), 0)
    for one in sent:
        parts[_kind(one)] += one.size
    sizes = " | ".join(f"{size / _MB:.1f}" for size in (sum(parts.values()), *parts.values()))
    return f" {seconds:.0f} | {worked:.0f} | {ready:.0f} | {sizes} |"


def _kind(sent: Sent) -> str:
    if sent.path.startswith("/simple/"):
        return "pages"
    name = re.sub(r"[-_.]+", "-", sent.name.partition("-")[0]).lower()
    return "uv" if name == "uv" else "tool" if name in {pin.name for pin in pins(lock_text("tool"))} else "TensorFlow"


if __name__ == "__main__":
    here = Path(sys.argv[1])
    here.mkdir(parents=True)
    sys.stdout.write(_HEAD.lstrip())
    for line in measured(here):
        sys.stdout.write(line)
        sys.stdout.flush()
