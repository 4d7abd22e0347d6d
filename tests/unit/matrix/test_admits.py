"""What may come with a distribution only from some version on, where something brings it at all."""

from __future__ import annotations

import pytest

from support.matrix import shipped
from tfsetup.locks.run import Finished
from tfsetup.locks.venv.solve import Wish, resolve
from tfsetup.matrix.beside import Beside, bounds_of, held, missing, on, reasons_of, told_of, unmet
from tfsetup.matrix.choose.reference import reference
from tfsetup.matrix.file.rows import Row
from tfsetup.matrix.model import Ask, Selection

RULE = Beside(
    id="no-old-arrow",
    distribution="tensorflow",
    versions=">=2.20",
    because="it dies",
    source="run",
    admits=("pyarrow>=22", "onnx>=1.18"),
    os="macos",
)
ADDS = Beside(id="adds", distribution="tensorflow", versions=">=2.20", because="b", source="s", add=("six>=1",))


def row(name: str) -> Row:
    return next(row for row in shipped().rows if row.id == name)


def test_what_nothing_brings_is_not_asked_for() -> None:
    assert missing((RULE,), {"tensorflow": "2.20.0"}) == ()
    assert held((RULE,), {"tensorflow": "2.20.0"}) == ()
    assert bounds_of((RULE,)) == ()


def test_what_something_brings_is_held_to_its_bound() -> None:
    (one,) = unmet((RULE,), {"tensorflow": "2.20.0", "pyarrow": "21.0.0"})
    assert one.sentence == "pyarrow>=22 beside tensorflow 2.20.0: it dies"
    assert missing((RULE,), {"tensorflow": "2.20.0", "pyarrow": "21.0.0"}) == ("pyarrow>=22",)
    assert missing((RULE,), {"tensorflow": "2.20.0", "pyarrow": "22.0.0"}) == ()
    assert missing((RULE,), {"tensorflow": "2.19.1", "pyarrow": "21.0.0"}) == ()
    assert missing((RULE,), {"pyarrow": "21.0.0"}) == ()


def test_both_kinds_of_bounds_are_told_with_their_reason() -> None:
    packages = {"tensorflow": "2.20.0", "pyarrow": "21.0.0"}
    assert missing((ADDS, RULE), packages) == ("six>=1", "pyarrow>=22")
    assert reasons_of((ADDS, RULE))["onnx>=1.18"] == "beside tensorflow >=2.20: it dies"
    assert list(told_of([((RULE,), packages), ((RULE,), packages), ((), packages)])) == [
        "pyarrow>=22 beside tensorflow 2.20.0: it dies"
    ]


def test_a_rule_of_one_system_is_none_of_another() -> None:
    assert on((RULE, ADDS), "linux") == (ADDS,)
    assert on((RULE, ADDS), "macos") == (RULE, ADDS)


@pytest.mark.parametrize(("name", "there"), [("macos-arm64-cpu", True), ("linux-aarch64-cpu", False)])
def test_the_answer_of_a_row_has_the_rules_of_its_system(name: str, *, there: bool) -> None:
    _, answer = reference(row(name), Ask(tensorflow="==2.20.0"), shipped())
    admitted = [bound for rule in answer.beside for bound in rule.admits]
    assert any(bound.startswith("pyarrow") for bound in admitted) is there
    assert not [text for text in answer.requirements if text.startswith(("pyarrow", "onnx", "sentencepiece"))]


LOCK = """lock-version = "1.0"
created-by = "uv"
"""


def locked(**versions: str) -> str:
    wheel = '{{ url = "https://f.test/{0}-{1}-py3-none-any.whl", hashes = {{ sha256 = "{2}" }} }}'
    package = f'\n[[packages]]\nname = "{{0}}"\nversion = "{{1}}"\nwheels = [{wheel}]\n'
    return LOCK + "".join(package.format(name, version, "0" * 64) for name, version in versions.items())


def test_uv_is_asked_again_with_the_bound_and_says_what_it_was(monkeypatch: pytest.MonkeyPatch) -> None:
    asked: list[str] = []

    def run_uv(*_: object, stdin: str, **__: object) -> Finished:
        asked.append(stdin)
        arrow = "22.0.0" if "pyarrow>=22" in stdin else "21.0.0"
        return Finished(stdout=locked(tensorflow="2.20.0", pyarrow=arrow), stderr="")

    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", run_uv)
    _, answer = reference(row("macos-arm64-cpu"), Ask(tensorflow="==2.20.0"), shipped())
    assert isinstance(answer, Selection)
    bounds = list[str]()
    found = resolve(Wish(selection=answer, team=("pandas[pyarrow]",)), bounds=bounds)
    assert {one.name: one.version for one in found}["pyarrow"] == "22.0.0"
    assert bounds == ["pyarrow>=22"]
    assert len(asked) == 2
