"""What the causes may refer to: each form against the snapshot, and against a small index of our own."""

from __future__ import annotations

from dataclasses import fields

import pytest

from tfsetup.doctor.causes.read import read_causes
from tfsetup.doctor.causes.references import REFERENCE, UnknownReferenceError, value_of
from tfsetup.errors import InvalidFileError
from tfsetup.host.model import Host
from tfsetup.matrix.beside import Beside
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.facts import Index, Release, Wheels
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.file.rows import Matrix, Pair, Plugin, Row, Rule, When
from tfsetup.matrix.model import Ask


def wheels(platform: str, *pythons: str, requires: int = 0) -> Wheels:
    return Wheels(platform=platform, pythons=pythons, size=1, requires=requires)


LINUX, MAC = "manylinux_2_17_x86_64.manylinux2014_x86_64", "macosx_12_0_arm64"
FLOW = {
    "1.0.0": Release(date="", wheels=(wheels(LINUX, "3.8", "3.9"),)),
    "1.1.1": Release(date="", wheels=(wheels(LINUX, "3.9", requires=1), wheels(MAC, "3.9", "3.10", requires=1))),
    "1.1.2": Release(date="", wheels=(wheels(MAC, "3.9", "3.10", "3.11", requires=2),)),
    "1.2.0": Release(date="", wheels=(wheels("manylinux_2_27_x86_64", "3.11", requires=3),)),
    "1.3.0": Release(date="", yanked=True, wheels=(wheels(MAC, "3.13"),)),
    "1.4.0rc0": Release(date="", wheels=(wheels(MAC, "3.14"),)),
}
GPU = {"0.7.0": Release(date="", wheels=(wheels(MAC, "3.10", "3.11", "3.12"),))}
INDEX = Index(
    taken="2026-01-01",
    requires=(
        (),
        ("num_py<2.0.0,>=1.20", "io>=1"),
        ("num-py<2.1.0,>=1.20", "io"),
        ("num-py>=1.26", 'io>=2; extra == "io"'),
    ),
    distributions={"flow": FLOW, "flow-gpu": GPU},
)
PLUGIN = Plugin(
    distribution="flow-gpu",
    build="wheel",
    pairs=(Pair(tensorflow="<1.2", plugin="0.7.0", macos=">=12.1", because="it loads", source="index"),),
)
ROW = Row(
    id="mac-gpu",
    title="A row",
    when=When(os="macos", arch="arm64"),
    accelerator="metal",
    auto="first",
    distribution="flow",
    versions=">=1.0,<1.5",
    python="3.10",
    source="index",
    plugin=PLUGIN,
    rules=(Rule(because="it is so", source="index", tensorflow=">=1.0,<1.1.2", cpu="avx"),),
)
BESIDE = Beside(
    id="num-py-1.5-not",
    distribution="flow",
    versions=">=1.1",
    because="it is so",
    source="index",
    add=("io>=1.2",),
    admits=("num-py>=1.6", "num-px<3"),
)
SMALL = Matrix(rows=(ROW,), index=INDEX, beside=(BESIDE,))


@pytest.mark.parametrize(
    ("reference", "value"),
    [
        ("row.mac-gpu.newest", "1.1.2"),
        ("row.mac-gpu.minor", "1.1"),
        ("row.mac-gpu.pythons", "3.10 to 3.11"),
        ("row.mac-gpu.beyond", "3.12"),
        ("row.mac-gpu.macos", "12.1"),
        ("row.mac-gpu.pins", "'flow==1.1.2' 'flow-gpu==0.7.0'"),
        ("row.mac-gpu.python", "3.10"),
        ("row.mac-gpu.end", "1.5"),
        ("row.mac-gpu.end-of-avx", "1.1.2"),
        ("first.flow.on.macosx_*_arm64", "1.1"),
        ("last.flow.on.manylinux2014_x86_64", "1.1.1"),
        ("after.flow.on.manylinux2014_x86_64", "1.1.2"),
        ("after.flow.on.macosx_*", "1.2"),
        ("first.flow.python.3.11", "1.1.2"),
        ("until.flow.python.3.9", "1.1"),
        ("last.flow.before.1.2", "1.1.2"),
        ("first.flow.requires.num-py", "1.1"),
        ("until.flow.requires.io", "1.1"),
        ("after.flow.refuses.num-py.2.0.0", "1.1.2"),
        ("first.flow.admits.num-py.2.0.0", "1.1.2"),
        ("first.flow.admits.num-py.2.5", "1.2"),
        ("first.flow.admits.io.0.1", "1.1.2"),
        ("needs.flow.1.1.num-py", ">=1.20,<2.1"),
        ("needs.flow.1.2.num-py", ">=1.26"),
        ("floor.num-py-1.5-not.num-py", "1.6"),
        ("floor.num-py-1.5-not.io", "1.2"),
    ],
)
def test_a_reference_stands_for_a_fact(reference: str, value: str) -> None:
    assert value_of(reference, SMALL) == value


@pytest.mark.parametrize(
    "reference",
    [
        "", "row", "row.", "row.none.newest", "row.mac-gpu.colour", "row.mac-gpu", "flow", "first.flow",
        "first.flow.on", "first.none.on.any", "first.flow.on.win_amd64", "first.flow.python.2.7", "first.flow.likes.it",
        "later.flow.on.*", "after.flow.on.manylinux_2_27_x86_64", "first.flow.admits.num-py", "needs.flow.1.9.num-py",
        "needs.flow.1.1.none", "needs.flow.num-py",
        "floor.num-py-1.5-not.num-px", "floor.num-py-1.5-not.num", "floor.none.io", "floor.io",
    ],
)  # fmt: skip
def test_a_reference_to_nothing_is_refused(reference: str) -> None:
    with pytest.raises(UnknownReferenceError):
        value_of(reference, SMALL)


def test_a_sentence_that_is_told_elsewhere_too() -> None:
    assert value_of("told.others", SMALL, {"others": "as `there`"}) == "as `there`"
    for told in ({"else": "x"}, None):
        with pytest.raises(UnknownReferenceError):
            value_of("told.others", SMALL, told)


def test_a_row_without_a_plugin_has_release_and_pythons_and_no_macos() -> None:
    bare = Matrix(
        rows=(Row(**{name: getattr(ROW, name) for name in (one.name for one in fields(ROW))} | {"plugin": None}),),
        index=INDEX,
    )
    assert value_of("row.mac-gpu.pins", bare) == "'flow==1.1.2'"
    assert value_of("row.mac-gpu.pythons", bare) == "3.9 to 3.11"
    with pytest.raises(UnknownReferenceError):
        value_of("row.mac-gpu.macos", bare)


def test_the_pair_of_the_row_is_what_the_matrix_answers() -> None:
    mac = Host(os="macos", os_version="14.4", arch="arm64", rosetta=False)
    chosen = select(mac, Ask(accelerator="metal"), read_matrix()).requirements
    assert value_of("row.macos-arm64-metal.pins", read_matrix()) == " ".join(f"'{one}'" for one in chosen)


def test_what_only_looks_like_a_reference_is_none() -> None:
    text = "{..} {...} {name} {name:version|it} {layers.core|wrappers} {'a.b': 1} ${HOME} {a b.c}"
    assert REFERENCE.findall(text) == []
    assert REFERENCE.findall("x {row.a-b.newest}y{first.t.on.mac_*}") == ["row.a-b.newest", "first.t.on.mac_*"]


CAUSE = """\
causes:
- cause: a-cause
  title: Flow before {row.mac-gpu.newest}
  meaning: >-
    It is so, until
    {until.flow.python.3.9}.
  kind: fatal
  signals:
  - {weight: proof, log: "flow {what} is {gone|off}", when: {package.flow: "<{row.mac-gpu.end}"}}
  fixes:
  - rebuild: {tensorflow: "{row.mac-gpu.newest}"}
  - do: "install {row.mac-gpu.pins}"
"""


def test_references_are_filled_in_everywhere() -> None:
    [cause] = read_causes({"c.yaml": CAUSE}, lambda reference: value_of(reference, SMALL)).causes
    assert (cause.title, cause.meaning) == ("Flow before 1.1.2", "It is so, until 1.1.")
    assert cause.signals[0].log == ("flow {what} is {gone|off}",)
    assert cause.signals[0].when[0][0].test == "<1.5"
    assert [fix.do for fix in cause.fixes] == ["", "install 'flow==1.1.2' 'flow-gpu==0.7.0'"]
    assert cause.fixes[0].rebuild is not None
    assert cause.fixes[0].rebuild.tensorflow == "1.1.2"


@pytest.mark.parametrize(
    ("old", "new", "place"),
    [
        ("{row.mac-gpu.newest}\n", "{row.mac-gpu.newst}\n", "3:10"),
        ("{until.flow", "{til.flow", "4:12"),
        ('"<{row.mac-gpu.end}"', '"<{row.max-gpu.end}"', "9:76"),
        ('{tensorflow: "{row.mac-gpu.newest}"}', '{tensorflow: "{row.mac-gpu}"}', "11:27"),
        ("{row.mac-gpu.pins}", "{rows.mac-gpu.pins}", "12:9"),
    ],
)
def test_an_unknown_reference_is_a_complaint_at_its_place(old: str, new: str, place: str) -> None:
    assert old in CAUSE
    with pytest.raises(InvalidFileError, match="refers to nothing in the matrix") as caught:
        read_causes({"c.yaml": CAUSE.replace(old, new, 1)}, lambda reference: value_of(reference, SMALL))
    assert str(caught.value.where) == f"c.yaml:{place}"
