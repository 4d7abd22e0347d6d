"""What the platform tag of a wheel lets it expect of a system, and what becomes of it in a prediction."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.elf_build import Define, Import, Library, build_elf
from support.loading import LINUX, SITE, Files, judge
from support.tree import Tree
from tfsetup.host.model import Host, Libc
from tfsetup.loader.python.promised import Promised, parse_promises
from tfsetup.loader.report import Report
from tfsetup.loader.shipped import load_promises

PROMISES = load_promises()
DESKTOP = ("libGL.so.1", "libglib-2.0.so.0", "libxcb.so.1")


def tags(*platforms: str) -> bytes:
    return b"Wheel-Version: 1.0\n" + b"".join(f"Tag: cp312-abi3-{each}\n".encode() for each in platforms)


def promised(
    *platforms: str, wheels: tuple[str, ...] = (), record: bytes = b"q/_q.so,sha256=x,9\nq/a.py,,\n"
) -> Promised:
    files = Tree({f"{SITE}/q-2.1.dist-info/WHEEL": tags(*platforms), f"{SITE}/q-2.1.dist-info/RECORD": record})
    return Promised(files=files, site=SITE, wheels=wheels, promises=PROMISES)


@pytest.mark.parametrize(
    ("platforms", "library", "policy"),
    [
        (("manylinux_2_28_x86_64",), "libGL.so.1", "manylinux_2_28_x86_64"),
        (("manylinux2014_aarch64", "manylinux_2_17_aarch64"), "libSM.so.6", "manylinux_2_17_aarch64"),
        (("manylinux_2_17_x86_64", "manylinux_2_34_x86_64"), "libX11.so.6", "manylinux_2_34_x86_64"),
        (("manylinux1_i686",), "libICE.so.6", "manylinux1_i686"),
        (("manylinux1_x86_64",), "libexpat.so.1", None),  # which its successor was the first to name
        (("manylinux2010_x86_64",), "libexpat.so.1", "manylinux2010_x86_64"),
        (("manylinux_2_28_x86_64",), "libgomp.so.1", None),
        (("manylinux_2_28_x86_64",), "libEGL.so.1", None),
        (("manylinux_2_28_x86_64",), "libnsl.so.1", None),
        (("linux_x86_64",), "libGL.so.1", None),
        (("musllinux_1_2_x86_64",), "libGL.so.1", None),
        (("any",), "libGL.so.1", None),
        ((), "libGL.so.1", None),
    ],
)
def test_a_policy_promises_what_it_names(platforms: tuple[str, ...], library: str, policy: str | None) -> None:
    why = promised(*platforms).why(library, f"{SITE}/q/_q.so")
    assert (why is None) is (policy is None)
    assert policy is None or f"{policy}, for which the wheel is built" in (why or "")


def test_the_words_name_the_library_and_its_package() -> None:
    assert promised("manylinux_2_31_x86_64").why("libglib-2.0.so.0", f"{SITE}/q/_q.so") == (
        "libglib-2.0.so.0 of the system (Debian: libglib2.0-0) is presumed: manylinux_2_31_x86_64, for which the "
        "wheel is built, lets it expect it, and a small image may lack it"
    )
    through = promised("manylinux_2_31_x86_64").why("libxcb.so.1", f"{SITE}/q/_q.so")
    assert "lets it expect libX11.so.6, which needs it, and" in (through or "")


@pytest.mark.parametrize("path", [f"{SITE}/q/other.so", "/opt/q/_q.so", f"{SITE}/q/a.py", ""])
def test_a_file_that_no_wheel_records_expects_nothing(path: str) -> None:
    assert promised("manylinux_2_28_x86_64").why("libGL.so.1", path) is None


def test_without_a_record_nothing_is_known_to_be_a_wheel_s() -> None:
    assert promised("manylinux_2_28_x86_64", record=b"").why("libGL.so.1", f"{SITE}/q/_q.so") is None
    assert Promised(files=Tree({}), promises=PROMISES).why("libGL.so.1", f"{SITE}/q/_q.so") is None


def test_the_name_of_a_wheel_is_believed_before_what_it_says_inside() -> None:
    named = promised("linux_x86_64", wheels=("q-2.1-cp312-abi3-manylinux_2_28_x86_64.whl", "r-1-py3-none-any.whl"))
    assert named.why("libGL.so.1", f"{SITE}/q/_q.so") is not None
    renamed = promised("manylinux_2_28_x86_64", wheels=("q-2.1-cp312-abi3-linux_x86_64.whl",))
    assert renamed.why("libGL.so.1", f"{SITE}/q/_q.so") is None


@given(st.text(max_size=30), st.integers(0, 60))
def test_no_other_library_is_promised_by_any_policy(library: str, minor: int) -> None:
    why = promised(f"manylinux_2_{minor}_x86_64").why(library, f"{SITE}/q/_q.so")
    assert why is None or library in PROMISES


@given(st.sampled_from(sorted(PROMISES)), st.integers(5, 60), st.integers(5, 60))
def test_a_newer_policy_promises_what_an_older_one_does(library: str, one: int, other: int) -> None:
    """Of two policies the newer is a superset, as auditwheel requires of its own."""
    older, newer = sorted((one, other))
    given_by = [promised(f"manylinux_2_{each}_x86_64").why(library, f"{SITE}/q/_q.so") for each in (older, newer)]
    assert given_by[0] is None or given_by[1] is not None


def test_what_comes_along_comes_with_a_promised_library() -> None:
    for promise in PROMISES.values():
        assert promise.with_library is None or PROMISES[promise.with_library].since <= promise.since
        assert promise.debian.startswith("lib")
    assert parse_promises({"libraries": {"a.so": {"since": "2.5", "debian": "a1"}}})["a.so"].since == (2, 5)


# ----------------------------------------------------------------------------------------------- in a prediction


def viewer(*needed: str, guarded: bool = False) -> Files:
    native = build_elf(Library(needed=needed, defines=[Define(name="PyInit__v")], imports=[Import(name="glFlush")]))
    code = "try:\n    from . import _v\nexcept ImportError:\n    _v = None\n" if guarded else "from . import _v\n"
    return {"viewer/__init__.py": code, "viewer/_v.so": native}


def recorded(files: Files) -> Files:
    return {**files, "viewer-1.0.dist-info/RECORD": "".join(f"{path},,\n" for path in files)}


def told(report: Report) -> list[tuple[str | None, bool, bool]]:
    return [(each.library, each.matters, each.presumed) for each in report.not_covered]


def test_a_yes_that_presumes_says_so() -> None:
    report = judge(recorded(viewer(*DESKTOP)), promises=PROMISES)
    assert (report.verdict, report.images) == ("loads", 1)
    assert told(report) == [(each, False, True) for each in DESKTOP]


def test_what_no_policy_promises_stays_undecided() -> None:
    report = judge(recorded(viewer("libGL.so.1", "libxkbcommon.so.0")), promises=PROMISES)
    assert report.verdict == "undecided"
    assert told(report) == [("libGL.so.1", False, True), ("libxkbcommon.so.0", True, False)]


def test_what_nobody_recorded_stays_undecided() -> None:
    report = judge(viewer("libGL.so.1"), promises=PROMISES)
    assert (report.verdict, told(report)) == ("undecided", [("libGL.so.1", True, False)])


def test_a_wheel_for_musl_presumes_nothing() -> None:
    alpine = Host(os="linux", arch="x86_64", libc=Libc(name="musl", version="1.2"))
    report = judge(recorded(viewer("libGL.so.1")), alpine, promises=PROMISES)
    assert not any(each.presumed for each in report.not_covered)
    assert report.verdict != "loads"


def test_a_module_that_its_package_does_without_is_no_condition() -> None:
    report = judge(recorded(viewer("libGL.so.1", guarded=True)), promises=PROMISES)
    assert (report.verdict, told(report)) == ("loads", [("libGL.so.1", False, False)])


def test_beside_tensorflow_it_is_no_condition() -> None:
    native = build_elf(Library(defines=[Define(name="PyInit__pywrap_tensorflow_internal")]))
    tensorflow: Files = {
        "tensorflow/__init__.py": "from tensorflow.python import _pywrap_tensorflow_internal\n",
        "tensorflow/python/__init__.py": "",
        "tensorflow/python/_pywrap_tensorflow_internal.so": native,
    }
    report = judge({**recorded(viewer("libGL.so.1")), **tensorflow}, LINUX, promises=PROMISES)
    (unseen,) = (each for each in report.not_covered if each.library == "libGL.so.1")
    assert (unseen.matters, unseen.presumed) == (False, False)
    assert unseen.reason.endswith("; TensorFlow does not need it")
