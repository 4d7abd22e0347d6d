"""What the doctor proposes, resolved against the real index for the machines that it is proposed to: no download."""

from __future__ import annotations

import os
import subprocess
from collections.abc import Iterator
from dataclasses import replace
from itertools import cycle

import pytest

from support.doctor import knowledge
from support.newcomer import uv
from support.trials import asked_in, proposal
from tfsetup.doctor.diagnose import steps_for
from tfsetup.doctor.facts import collect
from tfsetup.doctor.holes import Known
from tfsetup.doctor.model import Evidence
from tfsetup.doctor.offers import Spot
from tfsetup.doctor.trial import case_of, tried
from tfsetup.ground.platforms import Platform
from tfsetup.host.model import Host, Libc, Python
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Target

pytestmark = [pytest.mark.network, pytest.mark.process]

MATRIX = read_matrix()
MOST = 40
GLIBC = Libc(name="glibc", version="2.35")
MACHINES = (
    Host(os="macos", os_version="14.5", arch="arm64", pythons=(Python(version="3.12.4"),)),
    Host(os="macos", os_version="14.5", arch="arm64", pythons=(Python(version="3.13.1"),)),
    Host(os="macos", os_version="13.1", arch="x86_64", pythons=(Python(version="3.11.4"),)),
    Host(os="linux", arch="x86_64", libc=GLIBC, pythons=(Python(version="3.12.3"),)),
    Host(os="linux", arch="x86_64", libc=GLIBC, pythons=(Python(version="3.9.2"),)),
    Host(os="linux", arch="aarch64", libc=GLIBC, pythons=(Python(version="3.12.3"),)),
    Host(os="windows", os_version="11", arch="x86_64", pythons=(Python(version="3.13.1"),)),
    Host(os="windows", os_version="11", arch="x86_64", pythons=(Python(version="3.10.3"),)),
)
# Released as sources only, or brought by something else than wheels.
FROM_SOURCE = frozenset(("wrapt", "termcolor", "clang", "antlr4-python3-runtime"))


def proposals() -> Iterator[tuple[tuple[str, ...], Spot]]:
    """Yield the requirements of every command that is proposed to each machine, and the place where it is typed."""
    for host in MACHINES:
        evidence = Evidence(host=host)
        facts, place = collect(host, None, ""), case_of(evidence, MATRIX).place
        found = [
            replace(
                proposal(cause=cause.slug, kind=cause.kind).findings[0],
                steps=steps_for(cause, facts, Known(family=knowledge().family), prefix=".venv"),
            )
            for cause in knowledge().causes
        ]
        for one in tried(replace(proposal(), findings=tuple(found)), evidence, MATRIX).findings:
            for text in one.fix:
                for command, where in asked_in(text, place):
                    yield tuple(sorted(str(each.requirement) for each in command.wanted)), where


def chosen() -> list[tuple[tuple[str, ...], Spot]]:
    """Return each distinct command once, on one of the machines it is proposed to, in turn; then more of the rest."""
    of: dict[tuple[str, ...], list[Spot]] = {}
    for requirements, place in proposals():
        whole = place.os is not None and place.arch is not None and place.python is not None
        if requirements and whole and place not in of.setdefault(requirements, []):
            of[requirements].append(place)
    turns = cycle(range(len(MACHINES)))
    first = [(one, places[next(turns) % len(places)]) for one, places in sorted(of.items()) if places]
    rest = [(one, place) for one, places in sorted(of.items()) for place in places if (one, place) not in first]
    return (first + [one for one in rest if one[0][0].startswith("tensorflow")])[:MOST]


CHOSEN = chosen()


def test_every_distinct_command_is_among_them() -> None:
    assert {one for one, _ in CHOSEN} == {one for one, place in proposals() if one and place.os and place.python}


@pytest.mark.parametrize(
    ("requirements", "place"),
    CHOSEN,
    ids=[f"{' '.join(one)} on {place.os} {place.arch} {place.python}" for one, place in CHOSEN],
)
def test_what_is_proposed_resolves(requirements: tuple[str, ...], place: Spot) -> None:
    assert place.os is not None
    assert place.arch is not None
    target = Target.on(Platform(place.os, place.arch), place.python or "3.12", place.floor)
    plain = {name: text for name, text in os.environ.items() if not name.startswith(("UV_CONFIG", "PIP_"))}
    options = [word for name in sorted(FROM_SOURCE) for word in ("--no-binary", name)]
    done = subprocess.run(
        [
            uv(), "pip", "compile", "--quiet", "--no-header", "--no-config", "--only-binary", ":all:", *options,
            "--python-platform", target.platform, "--python-version", target.python, "-",
        ],
        input="\n".join(requirements), env=plain | ({"MACOSX_DEPLOYMENT_TARGET": target.macos} if target.macos else {}),
        capture_output=True, text=True, check=False, timeout=300,
    )  # fmt: skip
    assert done.returncode == 0, done.stderr[-2000:]
    assert done.stdout.strip()
