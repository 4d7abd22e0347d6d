"""Clashes between wheels to be installed, and between distributions that are."""

from __future__ import annotations

from pathlib import Path

import pytest

from support.wheels import wheel
from tfsetup.loader.clashes import of_environment, of_wheels
from tfsetup.loader.files.sources import LocalTree
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.report import Report, prediction_document

SITE = "/venv/site-packages"
CPU, FULL = "tensorflow_cpu-2.20.0-py3-none-any.whl", "tensorflow-2.20.0-py3-none-any.whl"


def test_wheels_with_other_code_at_one_path_are_fatal_together() -> None:
    pair = [wheel(CPU, {"tensorflow/a.so": "1", "LICENSE": "x"}), wheel(FULL, {"tensorflow/a.so": "2", "LICENSE": "y"})]
    (clash,) = of_wheels(WheelView(pair, at=SITE).conflicts)
    assert (clash.kind, clash.between, clash.names, clash.fatal) == (
        "same-file",
        (CPU, FULL),
        ("tensorflow/a.so",),
        True,
    )
    assert clash.consequence.startswith("1 file has another content in each: which of them stays is chance")


def test_a_licence_of_two_wheels_is_none() -> None:
    pair = [wheel(CPU, {"LICENSE": "x"}), wheel(FULL, {"LICENSE": "y"})]
    assert of_wheels(WheelView(pair, at=SITE).conflicts) == ()


def environment(folder: Path, there: dict[str, str]) -> LocalTree:
    """An environment of two TensorFlows that recorded other content for two files, and what is really there."""
    for name, sizes in (("tensorflow", (3, 5)), ("tensorflow_cpu", (4, 6))):
        info = folder / f"{name}-2.20.0.dist-info"
        info.mkdir()
        lines = [f"tensorflow/{file}.so,sha256={name}{file},{size}\n" for file, size in zip("ab", sizes, strict=True)]
        (info / "RECORD").write_text("".join([*lines, "tensorflow/same.py,sha256=s,1\n", f"{info.name}/RECORD,,\n"]))
    (folder / "tensorflow").mkdir()
    for file, content in there.items():
        (folder / "tensorflow" / f"{file}.so").write_text(content)
    return LocalTree(folder, at=SITE)


@pytest.mark.parametrize(
    ("there", "fatal", "words"),
    [
        ({"a": "xxx", "b": "xxxxx"}, False, "the files that are there are tensorflow 2.20.0's"),
        ({"a": "xxxx", "b": "xxxxxx"}, False, "the files that are there are tensorflow_cpu 2.20.0's"),
        ({"a": "xxx", "b": "xxxxxx"}, True, "the files of both are mixed"),
    ],
)
def test_installed_distributions_are_fatal_where_their_files_are_mixed(
    tmp_path: Path,
    there: dict[str, str],
    fatal: bool,
    words: str,
) -> None:
    (clash,) = of_environment(environment(tmp_path, there), SITE)
    assert clash.between == ("tensorflow 2.20.0", "tensorflow_cpu 2.20.0")
    assert clash.names == ("tensorflow/a.so", "tensorflow/b.so")
    assert clash.fatal is fatal
    assert clash.consequence.startswith(words)


def test_files_of_which_nothing_is_seen_belong_to_nobody(tmp_path: Path) -> None:
    (clash,) = of_environment(environment(tmp_path, {}), SITE)
    assert not clash.fatal
    assert "chance" in clash.consequence


def test_an_environment_with_one_owner_for_each_file(tmp_path: Path) -> None:
    info = tmp_path / "six-1.17.0.dist-info"
    info.mkdir()
    (info / "RECORD").write_text("six.py,sha256=a,1\n")
    (tmp_path / "other-1.dist-info").mkdir()
    assert of_environment(LocalTree(tmp_path, at=SITE), SITE) == ()


def test_a_fatal_clash_is_a_verdict_and_the_document_has_it(tmp_path: Path) -> None:
    clashes = of_environment(environment(tmp_path, {"a": "xxx", "b": "xxxxxx"}), SITE)
    report = Report(site=SITE, python="3.12", tensorflow="2.20.0", images=3, clashes=clashes)
    assert (report.verdict, prediction_document(report).clashes) == ("fails", clashes)
