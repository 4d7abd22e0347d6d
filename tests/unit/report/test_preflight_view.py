"""A prediction for people, and as JSON."""

from __future__ import annotations

import io
from collections.abc import Sequence
from dataclasses import replace
from typing import Any, get_args

import pytest
from rich.console import Console

from tfsetup.ground.encode import encode
from tfsetup.host.model import Host, Libc
from tfsetup.loader.model import Clash, Kind, LoadFailure, NotCovered
from tfsetup.loader.report import Note, Report
from tfsetup.loader.tensorflow.cuda import CudaLibraries
from tfsetup.report.preflight import explanation, lines, preflight_document, preflight_view

SITE = "/venv/site-packages"
BASE = Report(site=SITE, python="3.12", tensorflow="2.19.1", images=3)
LINUX = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))


def failure(**changes: Any) -> LoadFailure:
    base: dict[str, Any] = {"kind": "library-not-found", "image": "p/a.so", "library": "libx.so", "message": "words"}
    return LoadFailure(**{**base, "stage": "extension", **changes})


def texts(notes: Sequence[Note] = (), host: Host = LINUX, **changes: Any) -> list[str]:
    return [text for text, _ in lines(preflight_document(replace(BASE, **changes), host), notes)]


def test_a_clean_answer_is_two_lines() -> None:
    assert texts() == [
        "It loads.",
        "  judged: TensorFlow 2.19.1, Python 3.12, Linux glibc 2.36 x86_64; 3 native files followed",
    ]


def test_what_is_not_known_is_said() -> None:
    host = Host(os="macos", arch="arm64", rosetta=True)
    assert texts(host=host, tensorflow=None, python=None)[1] == (
        "  judged: no TensorFlow among the files, Python unknown, macOS arm64 under Rosetta; 3 native files followed"
    )


PRESUMED = NotCovered(reason="libm.so.9 is presumed: why", image=f"{SITE}/p/a.so", library="libm.so.9", presumed=True)


def test_a_yes_under_a_condition_names_it_first() -> None:
    others = tuple(NotCovered(reason=f"reason {number}") for number in range(20))
    again = replace(PRESUMED, image=f"{SITE}/p/b.so")
    found = texts(not_covered=(*others, PRESUMED, again, replace(PRESUMED, library="libn.so.1")))
    assert found[:2] == ["It loads.", "  where the system has libm.so.9, libn.so.1: presumed, for nobody has looked"]
    assert found[found.index("Not decided by reading files:") + 1] == (
        "  - 3 files: libm.so.9 is presumed: why (p/a.so, p/b.so, p/a.so)"
    )


def test_a_condition_is_no_part_of_another_answer() -> None:
    unsure = NotCovered(reason="whether", matters=True)
    assert not any("presumed, for" in text for text in texts(not_covered=(PRESUMED, unsure)))
    assert not any("presumed, for" in text for text in texts(not_covered=(replace(PRESUMED, presumed=False),)))


def test_a_condition_in_the_document() -> None:
    (unseen,) = preflight_document(replace(BASE, not_covered=(PRESUMED,)), LINUX).not_covered
    assert (unseen.library, unseen.presumed, unseen.matters, unseen.image) == ("libm.so.9", True, False, "p/a.so")


@pytest.mark.parametrize("kind", get_args(Kind))
def test_every_kind_is_explained(kind: str) -> None:
    text = explanation(failure(kind=kind, symbol="S_1", library="avx"))
    assert text.startswith("Why: ")
    assert text.endswith(".")
    assert "{" not in text


def test_explanations_name_what_is_missing() -> None:
    assert "nothing in the process has it" in explanation(failure(kind="symbol-not-found", symbol="f", library=None))
    assert "(GLIBC_2.27 is missing)" in explanation(failure(kind="version-not-found", symbol="GLIBC_2.27"))
    assert "uses AVX instructions" in explanation(failure(kind="cpu-feature", library="avx"))


def test_what_is_not_the_files_fault_is_not_called_damage() -> None:
    pages = failure(kind="malformed-image", message="p/a.so: ELF load command alignment not page-aligned")
    assert "smaller pages of memory than this kernel has" in explanation(pages)
    assert "damaged" in explanation(failure(kind="malformed-image", message="p/a.so: invalid ELF header"))
    stack = explanation(failure(kind="executable-stack"))
    assert "refuses to libraries since glibc 2.41" in stack
    assert "patchelf --clear-execstack" in stack
    level = explanation(failure(kind="cpu-feature", library="x86-64-v3"))
    assert "built for processors of the level x86-64-v3" in level


def test_tensorflow_is_spared_only_where_there_is_one() -> None:
    assert texts(failures=(failure(),))[-1] == (
        "  Consequence: TensorFlow itself is not concerned; importing this module fails."
    )
    assert texts(tensorflow=None, failures=(failure(),))[-1] == "  Consequence: importing this module fails."
    assert texts(failures=(failure(stage="import"),))[-1] == "  Consequence: importing TensorFlow ends here."


def test_long_lists_are_cut() -> None:
    found = texts(failures=tuple(failure(image=f"p/{index}.so") for index in range(20)))
    assert "p/11.so" in found
    assert "p/12.so" not in found
    assert "… and 8 more; --json lists them all" in found


def test_what_matters_comes_first_among_what_was_not_seen() -> None:
    found = texts(not_covered=(NotCovered(reason="minor"), NotCovered(reason="major", image="p/a.so", matters=True)))
    assert found[0] == "Reading the files cannot decide whether it loads."
    assert found[-2:] == ["  ? major (p/a.so)", "  - minor"]


CLASH = Clash(
    kind="weak-definitions",
    between=(f"{SITE}/a/x.so", f"{SITE}/b/x.so"),
    names=("_1", "_2", "_3", "_4", "_5"),
    consequence="a and b share it: it dies.",
    fatal=True,
)


def test_a_clash_that_ends_the_process_is_told_with_its_files() -> None:
    assert texts(clashes=(CLASH,)) == [
        "It does not load.",
        "  judged: TensorFlow 2.19.1, Python 3.12, Linux glibc 2.36 x86_64; 3 native files followed",
        "",
        "a/x.so and b/x.so",
        "  | _1",
        "  | _2",
        "  | _3",
        "  | … and 2 more",
        "  Each of them loads: a and b share it: it dies.",
    ]


def test_another_clash_is_a_note_and_nothing_else() -> None:
    assert texts(clashes=(replace(CLASH, kind="openmp", fatal=False),)) == texts()


def test_notes_stand_at_the_end() -> None:
    found = texts([Note(title="two wheels bring x", detail="The later stays.")])
    assert found[-2:] == ["note: two wheels bring x", "  The later stays."]


def test_hostile_names_cannot_drive_the_terminal() -> None:
    out = io.StringIO()
    evil = failure(image="p/\x1b[2Ja.so", message="\x1b]0;title\x07[bold]not markup[/bold]")
    Console(file=out, width=200).print(preflight_view(preflight_document(replace(BASE, failures=(evil,)), LINUX)))
    assert "\x1b" not in out.getvalue()
    assert "[bold]not markup[/bold]" in out.getvalue()


def test_an_unknown_system_is_a_question_mark() -> None:
    assert texts(host=Host())[1].endswith("Python 3.12, ?; 3 native files followed")


def test_what_would_load_is_said_after_what_does_not() -> None:
    report = replace(BASE, failures=(failure(),))
    found = [text for text, _ in lines(preflight_document(report, LINUX, ["plugin 1 with TensorFlow 2"]))]
    assert found[-1] == "would load: plugin 1 with TensorFlow 2"


def test_the_document_has_the_keys_in_their_order_and_paths_relative_to_site_packages() -> None:
    cuda = CudaLibraries(cuda="12", cudnn="9", found={"libx.so": f"{SITE}/nvidia/libx.so"}, missing=("liby.so",))
    report = replace(
        BASE,
        failures=(failure(image=f"{SITE}/p/a.so", library=f"{SITE}/p/libx.so"),),
        not_covered=(NotCovered(reason="why", image=f"{SITE}/p/b.so", library="libz.so"),),
        cuda=cuda,
        notes=(Note(title="t", detail="d"),),
    )
    data = encode(preflight_document(report, LINUX, ["x"]))
    assert list(data) == [
        "verdict", "images", "checked", "failures", "not_covered", "tensorflow", "python", "site", "clashes", "cuda",
        "host", "would_load",
    ]  # fmt: skip
    assert list(data["failures"][0]) == ["kind", "image", "symbol", "library", "message", "stage"]
    assert (data["failures"][0]["image"], data["failures"][0]["library"]) == ("p/a.so", "p/libx.so")
    assert data["not_covered"] == [
        {"reason": "why", "image": "p/b.so", "matters": False, "library": "libz.so", "presumed": False}
    ]
    assert data["cuda"]["found"] == {"libx.so": "nvidia/libx.so"}
    assert data["host"] == {
        "os": "linux",
        "arch": "x86_64",
        "libc": {"name": "glibc", "version": "2.36"},
        "sources": {},
    }
