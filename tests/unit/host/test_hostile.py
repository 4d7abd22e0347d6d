"""Whatever tools and files answer, cut short, in another language, binary or far too long: the end is a `Host`."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from support.examples import examples
from support.recorded_world import RecordedWorld
from tfsetup.ground.encode import encode
from tfsetup.host.describe import describe
from tfsetup.host.file import parse_host
from tfsetup.host.gather import gather
from tfsetup.host.world import Later, Output

RECORDED = Path(__file__).parents[2] / "cases" / "host" / "recorded"
MACHINES = sorted(path.parent for path in RECORDED.glob("*/machine.json"))

junk = st.one_of(
    st.text(max_size=60),
    st.sampled_from(
        ["{", "[]", "null", "\0", ":", "=\n=", "a: b: c", "-1", "0x", "HKEY_X\n  a  REG_SZ", "," * 9, "9" * 5000]
    ),
    st.binary(max_size=40).map(lambda raw: raw.decode("utf-8", "backslashreplace")),
)


class Corrupted(RecordedWorld):
    """The recorded machine with every answer replaced: cut off at `cut`, or by `words`."""

    def __init__(self, folder: Path, *, cut: int | None = None, words: str | None = None, status: int = 0) -> None:
        super().__init__(folder, scripts=[])
        self.cut, self.words, self.status = cut, words, status

    def start(
        self,
        argv: Sequence[str],
        *,
        limit_s: float = 5.0,
        env: Mapping[str, str] | None = None,
        program: str | None = None,
    ) -> Later[Output]:
        output = super().start(argv, limit_s=limit_s, env=env, program=program)()
        if output.problem is not None:
            return lambda: output
        stdout = output.stdout[: self.cut] if self.words is None else self.words
        return lambda: Output(status=self.status, stdout=stdout, stderr=stdout)

    def read(self, path: str, *, limit: int = 4_000_000) -> bytes | None:
        raw = super().read(path, limit=limit)
        if raw is None:
            return None
        return raw[: self.cut] if self.words is None else self.words.encode("utf-8", "surrogatepass")[:limit]


def outcome(world: RecordedWorld) -> None:
    host = gather(world, pythons=True, downloads=True)
    assert describe(host)
    assert len(host.sources) in {1, 12}
    assert parse_host(json.dumps(encode(host)), "h").os == host.os


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
@examples(0.4)
@given(cut=st.integers(0, 300), status=st.sampled_from([0, 1, -9]))
def test_answers_that_are_cut_short(folder: Path, cut: int, status: int) -> None:
    outcome(Corrupted(folder, cut=cut, status=status))


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
@examples(0.84)
@example(words="9" * 5000, status=0)
@example(words="", status=0)
@given(words=junk, status=st.sampled_from([0, 1, 127]))
def test_answers_that_are_nonsense(folder: Path, words: str, status: int) -> None:
    outcome(Corrupted(folder, words=words, status=status))


@pytest.mark.parametrize("folder", MACHINES, ids=lambda folder: folder.name)
def test_a_machine_on_which_nothing_starts(folder: Path) -> None:
    world = RecordedWorld(folder, commands=[], interpreters={}, scripts=[])
    host = gather(world, pythons=True, downloads=True)
    assert host.pythons in {(), None}
    if host.os == "macos":
        assert (host.os_version is None) == (not (folder / "root" / "System").exists())
        assert host.xcode_clt is None
    if host.os == "windows":
        assert host.gpus is None
