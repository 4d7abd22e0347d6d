"""Paths of several owners: what is a conflict, and how it is told."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfsetup.ground.owners import SharedFiles, recorded, shared, used


def test_one_path_with_two_contents_is_a_conflict_of_its_owners() -> None:
    cpu = {"tensorflow/__init__.py": "a", "tensorflow/lib.so.2": "b", "tensorflow/same.py": "s"}
    full = {"tensorflow/__init__.py": "A", "tensorflow/lib.so.2": "B", "tensorflow/same.py": "s", "x/alone.py": "z"}
    found = shared({"tensorflow-cpu 2.20.0": cpu, "six 1.17": {"six.py": "q"}, "tensorflow 2.20.0": full})
    assert found == (
        SharedFiles(
            distributions=("tensorflow-cpu 2.20.0", "tensorflow 2.20.0"),
            paths=3,
            different=2,
            names=("tensorflow/lib.so.2", "tensorflow/__init__.py"),
        ),
    )
    assert found[0].rivals == ("tensorflow-cpu", "tensorflow")


def test_equal_contents_are_no_conflict() -> None:
    assert shared({"mlflow 3": {"mlflow/a.py": "x"}, "mlflow-skinny 3": {"mlflow/a.py": "x"}}) == ()


def test_a_content_that_nobody_recorded_is_no_other() -> None:
    assert shared({"a 1": {"p/x.pyc": ""}, "b 1": {"p/x.pyc": "h"}}) == ()


def test_every_pair_of_three_owners_is_told() -> None:
    found = shared({name: {"p/a.py": mark} for name, mark in (("a 1", "x"), ("b 1", "y"), ("c 1", "x"))})
    assert [one.distributions for one in found] == [("a 1", "b 1"), ("b 1", "c 1")]


def test_case_counts_but_on_windows() -> None:
    both = {"a 1": {"Pkg/A.py": "x"}, "b 1": {"pkg/a.py": "y"}}
    assert shared(both) == ()
    assert [one.names for one in shared(both, fold=True)] == [("pkg/a.py",)]


@pytest.mark.parametrize(
    ("path", "counts"),
    [
        ("pkg/data/a.json", True),
        ("six.py", True),
        ("_cffi.abi3.so", True),
        ("LICENSE", False),
        ("README.md", False),
        ("tests/__init__.py", False),
        ("docs/conf.py", False),
        ("pkg/tests/__init__.py", True),
        ("a-1.0.dist-info/METADATA", False),
        ("a-1.0.data/scripts/a", False),
        ("../../../bin/a", False),
    ],
)
def test_what_nothing_imports_is_nobody_s_loss(path: str, counts: bool) -> None:
    assert used(path) is counts
    assert bool(shared({"a 1": {path: "x"}, "b 1": {path: "y"}})) is counts


def test_a_conflict_in_words() -> None:
    one = SharedFiles(distributions=("a 1", "b 2"), paths=12136, different=16, names=("t/l.so",))
    assert one.words == "a 1 and b 2 both bring 12,136 files, and 16 of them have other content (t/l.so)"
    assert replace(one, different=1).words.endswith("and 1 of them has other content (t/l.so)")
    single = SharedFiles(distributions=("a 1", "b 2"), paths=1, different=1, names=("m.py",))
    assert single.words == "a 1 and b 2 both bring 1 file, and it has other content (m.py)"


def test_only_a_few_names_are_kept() -> None:
    lists = {name: {f"p/{n}.txt": name for n in range(9)} for name in ("a 1", "b 1")}
    assert len(shared(lists)[0].names) == 5


def test_a_record_line_by_line() -> None:
    text = 'a/b.py,sha256=xyz,12\n"a/c,d.py",sha256=q,3\na\\w.py,sha256=w,1\na/b.pyc,,\nnonsense\n'
    assert list(recorded(text)) == [
        ("a/b.py", "sha256=xyz", 12),
        ("a/c,d.py", "sha256=q", 3),
        ("a/w.py", "sha256=w", 1),
        ("a/b.pyc", "", 0),
    ]
