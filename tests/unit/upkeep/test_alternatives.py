"""Opening the libraries of alternatives out of wheels, keeping what came of it, and holding the file against both."""

from __future__ import annotations

import hashlib
import io
import zipfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

import msgspec
import pytest

from support.macho import Offered, Plan, Wanted, build
from support.matrix import shipped
from tfsetup.errors import BuildError, NetworkError, UnsolvableError
from tfsetup.loader.bytes import Memory
from tfsetup.loader.files.archive import Archive, read_archive
from tfsetup.loader.shipped import load_tables
from tfsetup.matrix.alternatives import (
    Alternative,
    Alternatives,
    Known,
    Library,
    Maturity,
    Opened,
    Opening,
    Openings,
    Release,
    Wheel,
)
from tfsetup.matrix.file.disk import read_alternatives, read_openings
from tfsetup.upkeep import kept
from tfsetup.upkeep.alternatives import course
from tfsetup.upkeep.alternatives.course import AlternativesOpened, open_alternatives
from tfsetup.upkeep.alternatives.judge import newer, otherwise, unfounded
from tfsetup.upkeep.alternatives.opening import openings
from tfsetup.upkeep.index.snapshot import File

PATH = "thing/lib/libthing.dylib"
NAME = "thing-1.2-py3-none-macosx_14_0_arm64.whl"
LIBRARY = Library(distribution="thing", version="1.2", path=PATH, symbol="GetThing")
SOUND = Plan(install_name="@rpath/libthing.dylib", minos="14.0", exports=(Offered(symbol="_GetThing"),), name="thing")
TABLES = load_tables("macos")


def wheel(*members: tuple[str, bytes]) -> Archive:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, data in members:
            archive.writestr(name, data)
    return read_archive(Memory(content.getvalue()))


def opened_on(macos: Sequence[str], *members: tuple[str, bytes], name: str = NAME) -> list[Opening]:
    return list(openings(LIBRARY, name, wheel(*members), macos, "3.13", TABLES))


# ---------------------------------------------------------------------------------------------------------- the opening


def test_a_sound_library_opens_where_its_wheel_is_installed() -> None:
    assert opened_on(["13.0", "14.0", "26.0"], (PATH, build(SOUND))) == [
        Opening(macos="13.0", verdict="fails", because="its wheel is not for this macOS: nobody installs it"),
        Opening(macos="14.0", verdict="loads"),
        Opening(macos="26.0", verdict="loads"),
    ]


def test_what_it_needs_of_its_own_wheel_is_opened_too() -> None:
    beside = Plan(install_name="@rpath/libbeside.dylib", exports=(Offered(symbol="_helped"),), name="beside")
    plan = replace(
        SOUND,
        dylibs=(("@rpath/libbeside.dylib", "normal"),),
        rpaths=("@loader_path",),
        imports=(Wanted(symbol="_helped"),),
    )
    members = ((PATH, build(plan)), ("thing/lib/libbeside.dylib", build(beside)))
    assert opened_on(["14.0"], *members) == [Opening(macos="14.0", verdict="loads")]
    lacking = replace(beside, exports=(Offered(symbol="_other"),))
    (found,) = opened_on(["14.0"], members[0], ("thing/lib/libbeside.dylib", build(lacking)))
    assert (found.verdict, found.because) == ("fails", f"symbol-not-found: _helped, which {PATH} needs")
    (found,) = opened_on(["14.0"], members[0])
    assert found.because.startswith("library-not-found: ")


def test_a_symbol_that_macos_has_from_a_later_one_on() -> None:
    late = replace(
        SOUND,
        dylibs=(("/usr/lib/libc++abi.dylib", "normal"),),
        imports=(Wanted(symbol="___cxa_init_primary_exception"),),
    )
    found = opened_on(["14.0", "15.0"], (PATH, build(late)))
    assert [one.verdict for one in found] == ["fails", "loads"]
    assert found[0].because == f"symbol-not-found: ___cxa_init_primary_exception, which {PATH} needs"


def test_what_reading_cannot_tell_is_undecided() -> None:
    newer_sdk = replace(
        SOUND,
        minos="26.0",
        dylibs=(("/usr/lib/libSystem.B.dylib", "normal"),),
        imports=(Wanted(symbol="_nobody_knows_it"),),
    )
    (found,) = opened_on(["15.0"], (PATH, build(newer_sdk)))
    assert found.verdict == "undecided"
    assert found.because == f"{PATH}: it was built for macOS 26.0; whether this macOS has _nobody_knows_it is not known"


def test_without_the_name_that_is_looked_up_it_is_no_plugin() -> None:
    (found,) = opened_on(["14.0"], (PATH, build(replace(SOUND, exports=(Offered(symbol="_GetOther"),)))))
    assert found == Opening(macos="14.0", verdict="fails", because=f"{PATH} has no GetThing")


def test_a_library_for_another_processor() -> None:
    (found,) = opened_on(["14.0"], (PATH, build(replace(SOUND, arch="x86_64"))))
    assert (found.verdict, found.because.partition(":")[0]) == ("fails", "wrong-architecture")


# ----------------------------------------------------------------------------------------------------------- the course

ONE = Alternative(
    id="thing",
    title="Thing",
    distribution="thing-gpu",
    release=Release(
        version="0.5",
        released="2026-03-04",
        python=">=3.12",
        macos=">=14.0",
        place="there",
        source="https://x/",
        read="2026-05-06",
    ),
    maturity=Maturity(word="alpha", place="there", source="https://x/", read="2026-05-06"),
    known=(Known(says="it does little", place="there", source="https://x/", read="2026-05-06"),),
    library=LIBRARY,
    beside=("keras",),
)
OF_A_ROW = replace(
    ONE, id="row", distribution="tensorflow-metal-plugin", library=None, row="macos-arm64-metal-community",
    release=replace(ONE.release, version="0.4.1"),
)  # fmt: skip
FILE = Alternatives(
    judged="little was", pointer="there", macos=("14.0", "26.0"), pythons=("3.12", "3.13"), alternatives=(OF_A_ROW, ONE)
)
NOTHING = Openings(opened=())
KEPT = Opened(id="thing", pin="thing-gpu==0.5", wheel=Wheel(name=NAME, sha256="cd"), openings=(), pythons=())


def file(distribution: str, version: str, name: str = "", **changes: Any) -> File:
    plain = name or f"{distribution}-{version}-py3-none-any.whl"
    found = File(filename=plain, version=version, url=f"https://x/{plain}", sha256="ab", date="2026-03-04")
    return replace(found, **({"requires_python": ">=3.12"} | changes))


PAGES: dict[str, list[File]] = {
    "thing": [
        file("thing", "1.2", "thing-1.2.tar.gz"),
        file("thing", "1.2", "thing-1.2-py3-none-manylinux_2_28_x86_64.whl"),
        file("thing", "1.2", NAME, sha256="cd"),
    ],
    "thing-gpu": [file("thing-gpu", "0.5")],
    "tensorflow-metal-plugin": [file("tensorflow-metal-plugin", "0.4.1")],
}


class World:
    """An index, the wheels on it, and a resolver; what was asked of them."""

    def __init__(self, content: bytes, refused: Sequence[str] = (), path: str = PATH) -> None:
        self.content, self.refused, self.path = content, refused, path
        self.opened: list[tuple[str, str]] = []
        self.solved: list[tuple[tuple[str, ...], str, str]] = []

    def opening(self, name: str, url: str) -> Archive:
        self.opened.append((name, url))
        return wheel((self.path, self.content))

    def solves(self, requirements: Sequence[str], python: str, macos: str) -> bool:
        self.solved.append((tuple(requirements), python, macos))
        return python not in self.refused

    def run(
        self, folder: Path, before: Openings = NOTHING, told: Any = None, **pages: list[File]
    ) -> AlternativesOpened:
        there = PAGES | {name.replace("_", "-"): files for name, files in pages.items()}
        return open_alternatives(
            FILE, before, shipped(), folder, lambda names: {name: there[name] for name in names},
            told or (lambda _: None), opening=self.opening, solves=self.solves,
        )  # fmt: skip


def written(folder: Path) -> Openings:
    return msgspec.json.decode((folder / "gpu-alternatives.json").read_bytes(), type=Openings)


def test_what_is_not_kept_is_opened_and_kept(tmp_path: Path) -> None:
    world, lines = World(build(SOUND), refused=["3.13"]), list[str]()
    found = world.run(tmp_path, told=lines.append)
    assert (found.verdict, found.opened, found.read) == ("as told", ("thing-gpu==0.5",), ("thing-gpu==0.5",))
    assert (found.differences, found.newer) == ((), ())
    assert world.opened == [(NAME, f"https://x/{NAME}")]
    assert world.solved == [(("keras", "thing-gpu==0.5"), python, "26.0") for python in ("3.12", "3.13")]
    assert written(tmp_path).opened == (
        Opened(
            id="thing", pin="thing-gpu==0.5", wheel=Wheel(name=NAME, sha256="cd"), pythons=("3.12",),
            openings=(Opening(macos="14.0", verdict="loads"), Opening(macos="26.0", verdict="loads")),
        ),
    )  # fmt: skip
    assert lines == [
        "Opened    thing-gpu==0.5: loads on macOS 14.0, loads on macOS 26.0; wheels for Python 3.12",
    ]


def test_what_is_kept_is_not_read_again_unless_its_wheel_or_release_is_another(tmp_path: Path) -> None:
    World(build(SOUND)).run(tmp_path)
    before, text = written(tmp_path), (tmp_path / "gpu-alternatives.json").read_text()
    world = World(b"never read")
    found = world.run(tmp_path, before)
    assert (found.verdict, found.read, world.opened) == ("as told", (), [])
    assert (tmp_path / "gpu-alternatives.json").read_text() == text
    other = World(build(SOUND))
    mine = [replace(one, sha256="ef") if one.filename == NAME else one for one in PAGES["thing"]]
    assert other.run(tmp_path, before, thing=mine).read == ("thing-gpu==0.5",)
    assert written(tmp_path).opened[0].wheel.sha256 == "ef"
    older = Openings(opened=(replace(before.opened[0], pin="thing-gpu==0.4"),))
    assert World(build(SOUND)).run(tmp_path, older).read == ("thing-gpu==0.5",)


def test_a_library_that_opens_nowhere_is_otherwise_than_is_told(tmp_path: Path) -> None:
    found = World(build(replace(SOUND, exports=()))).run(tmp_path)
    assert (found.verdict, found.differences) == ("differs", ("thing-gpu==0.5: its library opens on no macOS",))


def test_nothing_is_read_where_nothing_may_be(tmp_path: Path) -> None:
    before = Openings(opened=(KEPT,))
    found = open_alternatives(FILE, before, shipped(), tmp_path, None)
    assert (found.verdict, found.opened) == ("not asked", ("thing-gpu==0.5",))
    assert list(tmp_path.iterdir()) == []


def test_an_index_without_the_wheel_and_a_wheel_without_the_library(tmp_path: Path) -> None:
    with pytest.raises(NetworkError, match=r"no wheel of thing 1\.2 for Macs"):
        World(b"").run(tmp_path, thing=PAGES["thing"][:2])
    with pytest.raises(NetworkError, match=f"does not hold {PATH}"):
        World(b"", path="thing/other").run(tmp_path)


@pytest.mark.parametrize("error", [UnsolvableError("no"), BuildError("no")])
def test_what_uv_cannot_resolve_is_not_to_be_had(error: Exception, monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def solve(selection: Any, **_: object) -> Any:
        asked.append((selection.requirements, selection.target.platform, selection.target.macos))
        raise error

    monkeypatch.setattr("tfsetup.locks.venv.solve.solve", solve)
    assert course._solves(["keras", "a==1"], "3.13", "26.0") is False
    assert asked == [(("keras", "a==1"), "aarch64-apple-darwin", "26.0")]


def test_what_the_network_keeps_from_us_says_nothing_of_it(monkeypatch: pytest.MonkeyPatch) -> None:
    def solve(*_: object, **__: object) -> Any:
        raise NetworkError("no answer")

    monkeypatch.setattr("tfsetup.locks.venv.solve.solve", solve)
    with pytest.raises(NetworkError):
        course._solves(["keras"], "3.13", "26.0")


# ------------------------------------------------------------------------------------------------- what is true of them


@pytest.mark.parametrize(
    ("name", "files", "said"),
    [
        ("thing-gpu", [], ["thing-gpu==0.5: not on the index"]),
        ("thing-gpu", [file("thing-gpu", "0.5", yanked=True)], ["thing-gpu==0.5: yanked from the index"]),
        (
            "thing-gpu",
            [file("thing-gpu", "0.5", requires_python=">=3.13")],
            ["thing-gpu==0.5 asks for Python >=3.13, not >=3.12"],
        ),
        (
            "thing-gpu",
            [file("thing-gpu", "0.5", date="2026-03-05")],
            ["thing-gpu==0.5 is of 2026-03-05, not 2026-03-04"],
        ),
        ("thing-gpu", [file("thing-gpu", "0.5", date="", requires_python="")], []),  # an index that does not say
        (
            "thing",
            [file("thing", "1.2", NAME.replace("14_0", "15_0"))],
            ["thing-gpu==0.5 is for macOS >=15.0, not >=14.0"],
        ),
        ("thing", [file("thing", "1.3", NAME.replace("14_0", "15_0"))], []),
    ],
)
def test_what_the_index_says_otherwise(name: str, files: list[File], said: list[str]) -> None:
    assert list(otherwise(FILE, {**PAGES, name: files})) == said


def test_a_newer_release_is_told_and_no_failure(tmp_path: Path) -> None:
    more = [*PAGES["thing-gpu"], file("thing-gpu", "0.10"), file("thing-gpu", "0.9"), file("thing-gpu", "0.11rc1")]
    more.append(file("thing-gpu", "0.12", yanked=True))
    assert list(newer(FILE, {**PAGES, "thing-gpu": more})) == ["thing-gpu 0.10"]
    assert World(build(SOUND)).run(tmp_path, thing_gpu=more).verdict == "as told"
    assert list(newer(FILE, PAGES)) == []


def test_what_is_shipped_is_founded() -> None:
    assert list(unfounded(read_alternatives(), read_openings(), shipped())) == []


def test_what_is_told_without_a_foundation() -> None:
    def said(*alternatives: Alternative, opened: Openings = NOTHING) -> list[str]:
        return list(unfounded(replace(FILE, alternatives=alternatives), opened, shipped()))

    assert said(OF_A_ROW) == []
    stale = replace(OF_A_ROW, release=replace(OF_A_ROW.release, version="0.4.0"))
    other = "the row macos-arm64-metal-community has another plugin, or there is no such row"
    assert said(stale) == [f"tensorflow-metal-plugin==0.4.0: {other}"]
    assert said(ONE) == ["thing-gpu==0.5: nobody opened it"]
    assert said(replace(ONE, library=None)) == ["thing-gpu==0.5: neither a row nor a library says what it is"]


def test_the_same_evidence_is_the_same_text() -> None:
    text = kept.render(read_openings())
    assert msgspec.json.decode(text, type=Openings) == read_openings()
    place = Path(course.__file__).parents[4] / "environments" / "evidence" / "gpu-alternatives.json"
    assert hashlib.sha256(place.read_bytes()).digest() == hashlib.sha256(text.encode()).digest()
