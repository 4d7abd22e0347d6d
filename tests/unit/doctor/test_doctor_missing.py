"""What the doctor says of an environment that is not there, or not any more."""

from __future__ import annotations

from pathlib import Path

import pytest

from tfsetup.doctor.actions import rebuild_of
from tfsetup.doctor.environment import Distribution, Environment, Interpreter
from tfsetup.doctor.missing import of_absent, of_gone, with_missing
from tfsetup.doctor.model import Diagnosis, Finding, Rebuild, Step
from tfsetup.ground.prefix import Absent, Gone

VENV = Path(".venv")
LINK = Gone(path=VENV, link=VENV, target=Path(".venv.generations/3"), ours=True)
PYTHON = Gone(path=VENV, link=VENV / "bin/python", target=Path("/opt/python3.12"))
OTHER = Finding(cause="c", confidence=0.5, title="t", evidence=(), explanation="e", steps=(Step("x"),), kind="harmless")


@pytest.mark.parametrize(
    ("found", "allowed", "fix"),
    [
        (LINK, True, "tfsetup install --prefix .venv"),
        (PYTHON, True, "tfsetup install --prefix .venv --replace"),
        (PYTHON, False, "mv .venv .venv.old && tfsetup install --prefix .venv"),
        (Gone(path=VENV, link=VENV, target=Path("x")), False, "rm .venv && tfsetup install --prefix .venv"),
        (Gone(path=Path("a b"), link=Path("a b"), target=Path("x"), ours=True), True, "tfsetup install --prefix 'a b'"),
    ],
)
def test_what_is_gone_is_a_finding_with_the_repair_that_is_allowed(found: Gone, allowed: bool, fix: str) -> None:
    finding = of_gone(found, allowed=allowed)
    assert (finding.cause, finding.fix) == ("environment-gone", (fix,))
    assert finding.evidence[0].endswith("which is gone.")
    rebuild = Rebuild(prefix=str(found.path)) if allowed else None
    assert rebuild_of((finding,)) == rebuild


def test_no_environment_is_a_finding_too_and_never_names_a_system_s_python_as_its_place() -> None:
    finding = of_absent(Absent(path=VENV), "/usr/bin/python3")
    assert finding.evidence == (
        "No environment is active. There is no environment at .venv. It does not exist.",
        "The Python on PATH, /usr/bin/python3, has no TensorFlow.",
    )
    assert rebuild_of((finding,)) == Rebuild(prefix=".venv")
    assert of_absent(Absent(path=VENV), None).evidence[1] == "There is no Python on PATH."


def test_what_is_missing_comes_before_what_was_concluded() -> None:
    healthy = Diagnosis(verdict="unknown", findings=(OTHER,), unexplained=("KeyError",))
    assert with_missing(healthy, None) is healthy
    finding = of_gone(LINK, allowed=True)
    found = with_missing(healthy, finding)
    assert (found.verdict, found.findings, found.unexplained) == ("problem", (finding, OTHER), ())


@pytest.mark.parametrize(
    ("name", "leftovers", "has"),
    [("tensorflow-cpu", (), True), ("tf-nightly", (), True), ("numpy", (), False), ("numpy", ("/s/tensorflow",), True)],
)
def test_an_environment_has_tensorflow_when_anything_of_it_is_there(
    name: str, leftovers: tuple[str, ...], has: bool
) -> None:
    python = Interpreter(executable="p", version="3", machine="", markers={})
    one = Distribution(name=name, version="1", site="/s")
    found = Environment(prefix="/e", interpreter=python, distributions=(one,), leftovers=leftovers)
    assert found.has_tensorflow is has
