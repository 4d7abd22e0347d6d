"""`doctor --fix`: the plan, the question, the new generation."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from pathlib import Path

import pytest

from tfsetup.doctor.model import Finding, Rebuild, Step
from tfsetup.errors import UsageError
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Selection
from tfsetup.workflows.fix import fix, order_of, proposed
from tfsetup.workflows.install import Installed, InstallOrder, Rehearsal
from tfsetup.workflows.told import Asked, Told, silent

HOST = Host(os="linux", arch="x86_64")
REBUILD = Rebuild(prefix="env", accelerator="cpu")
FINDING = Finding(
    cause="c", confidence=0.9, title="Broken", evidence=("e",), explanation="x", kind="fatal",
    steps=(Step("pip install x"), Step("tfsetup install --prefix env --accelerator cpu # anew", REBUILD)),
)  # fmt: skip
FITS = Selection(installable=True, row="linux-x86_64-cpu")
STEPS = Rehearsal(would_change=True, why="w", plan=("create env", "install 3 wheels"))
PLAN = Installed(prefix="/x/env", selection=FITS, cured=True, rehearsal=STEPS)
DONE = replace(PLAN, rehearsal=None, changed=True)


@dataclass
class Installations:
    """Stands in for the installation: remembers what was ordered, answers with a plan and then the result."""

    plan: Installed = PLAN
    orders: list[InstallOrder] = field(default_factory=list)

    def __call__(self, order: InstallOrder, host: Host, _matrix: Matrix, *, told: Told, **_: object) -> Installed:
        assert host is HOST
        self.orders.append(order)
        told("Chosen    it")
        return self.plan if order.dry_run else DONE


def carry_out(
    installations: Installations, *, yes: bool = False, told: Told = silent, asked: Asked | None = None
) -> Installed:
    return fix(REBUILD, HOST, read_matrix(None), yes=yes, told=told, asked=asked, run=installations)


def test_what_was_agreed_to_is_planned_and_then_built() -> None:
    installations, said = Installations(), list[str]()
    assert carry_out(installations, yes=True, told=said.append) is DONE
    assert installations.orders == [order_of(REBUILD, dry_run=True), order_of(REBUILD, dry_run=False)]
    assert said == ["Chosen    it", "Plan      create env", "Plan      install 3 wheels", "Chosen    it"]


def test_who_is_asked_sees_the_plan_first() -> None:
    installations, said = Installations(), list[str]()

    def agree(question: str) -> bool:
        said.append(question)
        return True

    assert carry_out(installations, told=said.append, asked=agree) is DONE
    assert said[1:4] == [
        "Plan      create env",
        "Plan      install 3 wheels",
        "Rebuild env? An old environment is kept.",
    ]


@pytest.mark.parametrize("asked", [None, lambda _question: False], ids=["nobody", "no"])
def test_without_agreement_nothing_is_built(asked: Asked | None) -> None:
    installations = Installations()
    with pytest.raises(UsageError, match="would build env") as caught:
        carry_out(installations, asked=asked)
    assert caught.value.hint == "Add --yes to agree."
    assert [order.dry_run for order in installations.orders] == [True]


def test_what_is_there_is_rebuilt(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    Path("env").mkdir()
    Path("env", "python.exe").touch()
    with pytest.raises(UsageError, match="would rebuild env"):
        carry_out(Installations())


def test_where_nothing_fits_it_ends_there() -> None:
    refused = Installed(prefix="/x/env", selection=Selection(installable=False), cured=True)
    installations = Installations(plan=refused)
    assert carry_out(installations, yes=True) is refused
    assert len(installations.orders) == 1


def test_the_first_rebuild_of_the_most_likely_finding_is_proposed() -> None:
    assert proposed((FINDING, replace(FINDING, steps=()))) is REBUILD


def test_fixes_for_people_are_left_to_people() -> None:
    by_hand = replace(FINDING, steps=(Step("Restart"), Step("pip install x")))
    with pytest.raises(UsageError, match="Nothing tfsetup can do itself") as caught:
        proposed((by_hand, FINDING))
    assert caught.value.hint == "Do it yourself: Restart; pip install x"


def test_a_broken_environment_is_built_anew_and_the_old_one_kept() -> None:
    made = order_of(Rebuild(prefix="env", tensorflow="2.19.1", backend="conda"), dry_run=False)
    assert (made.anew, made.replace, made.verify, made.preflight, made.dry_run) == (True, True, True, True, False)
    assert (made.allow_build, made.update_lock, made.lock_file) == (False, False, None)
    assert (made.prefix, made.ask.tensorflow, made.ask.backend) == (Path("env"), "2.19.1", "conda")
