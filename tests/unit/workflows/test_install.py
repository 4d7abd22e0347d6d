"""The course of an installation: what is decided, told, built, refused and kept, as a value."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import pytest

from support.envs import FakeUv
from support.locks import ONE_PACKAGE
from support.verify import verdict
from tfsetup.envs.model import Plan
from tfsetup.envs.reuse import Outcome
from tfsetup.envs.run import Hooks
from tfsetup.envs.run import install as build_generation
from tfsetup.envs.store import Store, layout_for
from tfsetup.errors import BuildError, UsageError
from tfsetup.ground.encode import encode
from tfsetup.host.file import read_host
from tfsetup.host.model import Host
from tfsetup.loader.model import LoadFailure
from tfsetup.loader.report import Report
from tfsetup.locks.model import Lock
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.matrix.alternatives import told_of
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.model import Ask, Selection
from tfsetup.matrix.pips import Pips, PipWheel
from tfsetup.verify.model import Verification
from tfsetup.verify.programs import ProgramsTried, Trial
from tfsetup.verify.tune.model import Tried, Tuning
from tfsetup.workflows.install import Installed, InstallOrder, install, refuse_place
from tfsetup.workflows.install_tools import Tools
from tfsetup.workflows.together import Together
from tfsetup.workflows.told import Detail

pytestmark = pytest.mark.process  # the interpreter of a generation is started before and after a switch

HOSTS = Path(__file__).parents[2] / "cases" / "hosts"
LINUX = read_host(HOSTS / "linux-x86_64-glibc-2.36.json")
MAC = read_host(HOSTS / "macos-14-m3.json")
MATRIX = read_matrix(None)
CPU = Ask(accelerator="cpu", python="3.12")
OLDER = Ask(accelerator="cpu", python="3.12", tensorflow="2.19.1")
FAILURE = LoadFailure(
    kind="symbol-not-found", image="/s/a.so", message="a.so: undefined symbol: f", symbol="f", stage="plugin"
)
LOADS = Report(site="/s", python="3.12", tensorflow="2.99.0", images=3, checked=("a.so", "b.so"))


def one_package() -> Lock:
    return read_pylock(ONE_PACKAGE, file="pylock.toml", sdists=())


PIPS = Pips(wheels=(PipWheel(version="9.9", requires_python=">=3.8", size=1, sha256="d" * 64),))


ONE = Tried(
    set={"TF_ENABLE_ONEDNN_OPTS": "1"}, what="matmul", ratio=1.4, spread=0.1, max_rel_error=1e-7, baseline_error=1e-7,
    worth_it=True, device="CPU:0", pairs=12, processes=2, status="faster",
)  # fmt: skip
FASTER = Tuning(set=ONE.set, settings={}, switches=(), tried=(ONE,), seconds=9.0, budget_s=120.0)


@dataclass
class Course:
    """Runs installations whose heavy work is stood in for, and keeps what was asked of each tool and told."""

    folder: Path
    uv: FakeUv = field(default_factory=FakeUv)
    report: Report = LOADS
    found: Verification = field(default_factory=lambda: verdict("cpu-only"))
    tried: ProgramsTried = field(default_factory=lambda: ProgramsTried(programs=3, modules=5))
    tuning: Tuning = FASTER
    said: list[str] = field(default_factory=list)
    used: list[str] = field(default_factory=list)

    def __call__(self, host: Host = LINUX, asked: Callable[[str], bool] | None = None, **options: Any) -> Installed:
        self.said.clear()
        self.used.clear()
        known: dict[str, Any] = {"ask": CPU, "prefix": self.folder / ".venv"}
        order = InstallOrder(**(known | options))
        tools = Tools(
            solve=self.solve, join=self.join, build=self.build, predict=self.predict, verify=self.verify,
            attempt=self.attempt, pips=lambda: PIPS, tune=self.tune,
        )  # fmt: skip
        return install(order, host, MATRIX, told=self.said.append, asked=asked, tools=tools)

    def solve(self, order: InstallOrder, selection: Selection, _host: Host) -> Lock:
        self.used.append(f"solve {selection.row}{' offline' if order.offline else ''}")
        return one_package()

    def join(self, selection: Selection, with_it: Together, *_: object, **__: object) -> tuple[Selection, Lock]:
        self.used.append(f"join {', '.join(with_it.texts)}")
        return selection, one_package()

    def build(self, plan: Plan, store: Store, hooks: Hooks, **options: Any) -> Outcome:
        self.used.append("build")
        return build_generation(plan, store, replace(hooks, uv=self.uv), **options)

    def predict(self, python: Path, _host: Host, minor: str | None, _told: object) -> Report:
        self.used.append(f"predict {python.parents[1].name} {minor}")
        return self.report

    def verify(self, python: Path, *, on_progress: Callable[[str], object], **_: Any) -> Verification:
        self.used.append(f"verify {python.parents[1].name}")
        on_progress("timing")
        return self.found

    def attempt(self, python: Path, requirements: Sequence[str], **_: Any) -> ProgramsTried:
        self.used.append(f"try {python.parents[1].name}")
        assert requirements[0].startswith("tensorflow")
        return self.tried

    def tune(self, python: Path, _host: Host, *, variables: Mapping[str, str], **_: Any) -> Tuning:
        self.used.append(f"tune {python.parents[1].name} {dict(variables)}")
        return self.tuning

    @property
    def store(self) -> Store:
        return Store(layout_for(self.folder / ".venv"))


@pytest.fixture
def course(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Course:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TFSETUP_STATE_DIR", str(tmp_path / "state"))
    return Course(tmp_path)


def words(course: Course) -> list[str]:
    return [line.split()[0] for line in course.said if not isinstance(line, Detail)]


def test_what_is_asked_for_is_locked_built_proved_and_switched_to(course: Course) -> None:
    done = course()
    assert course.used == ["solve linux-x86_64-cpu", "build", "predict 1 3.12", "verify 1", "try 1"]
    assert words(course) == ["Detected", "Chosen", "Locked", "Fetching", "Preflight:", "Verifying"]
    assert course.said[-1] == Detail("  timing")
    assert (done.prefix, done.changed, done.selection.row) == (str(course.folder / ".venv"), True, "linux-x86_64-cpu")
    assert done.receipt == course.store.receipt(1)
    assert (done.rehearsal, done.refusal, dict(done.cures)) == (None, None, {})
    assert set(done.seconds) == {"lock", "build", "download", "preflight", "verify", "programs"}
    assert course.store.current() == 1


def test_the_receipt_keeps_what_both_checks_found(course: Course) -> None:
    done = course()
    assert done.receipt is not None
    assert done.receipt.preflight is not None
    assert (done.receipt.preflight["verdict"], done.receipt.preflight["checked"]) == ("loads", 2)
    assert done.receipt.verify == json.loads(json.dumps(encode(course.found)))


def test_what_was_found_is_compared_with_earlier_verifications(course: Course) -> None:
    first = course()
    assert first.verification is not None
    assert first.history is not None
    assert course(anew=True).history != first.history


def test_a_history_that_cannot_be_kept_is_a_note_and_no_failure(course: Course) -> None:
    (course.folder / "state").write_text("a file where the folder should be", encoding="utf-8")
    assert course().changed
    assert course.said[-1].startswith("Note      the history in ")


def test_what_is_there_already_is_left_as_it_is(course: Course) -> None:
    course()
    again = course()
    assert course.used == []
    assert (again.changed, again.receipt, again.verification) == (False, course.store.receipt(1), None)


def test_an_earlier_generation_that_is_what_is_asked_for_is_switched_to(course: Course) -> None:
    course()
    course(ask=OLDER)
    assert course.store.current() == 2
    back = course()
    assert course.used == []
    assert (back.changed, back.receipt, course.store.current()) == (True, course.store.receipt(1), 1)
    assert course.said[-1].startswith("Reusing   generation 1")


def test_what_is_broken_is_built_anew_though_the_receipt_calls_it_up_to_date(course: Course) -> None:
    course()
    assert course(anew=True).changed
    assert course.store.current() == 2


def test_a_dry_run_says_every_step_and_changes_nothing(course: Course) -> None:
    would = course(dry_run=True).rehearsal
    assert would is not None
    assert (would.would_change, would.why) == (True, f"There is no environment at {course.folder}/.venv.")
    steps = ["create", "install", "predict", "load", "import", "put", "switch"]
    assert [step.split()[0] for step in would.plan] == steps
    assert (would.packages, would.download_bytes) == (("alpha==1.0",), 1_500_000)
    assert course.used == ["solve linux-x86_64-cpu"]
    assert list(course.folder.iterdir()) == []


def test_a_dry_run_of_what_is_there_would_do_nothing(course: Course) -> None:
    course()
    would = course(dry_run=True).rehearsal
    assert would is not None
    assert (would.would_change, would.why, would.plan) == (False, "Generation 1 is what is asked for, and whole.", ())
    assert course.used == []


def test_a_dry_run_of_an_earlier_one_would_switch(course: Course) -> None:
    course()
    course(ask=OLDER)
    done = course(dry_run=True)
    assert done.rehearsal is not None
    assert done.rehearsal.would_change
    assert done.rehearsal.plan == ("switch the prefix to generation 1, which is what is asked for, and whole",)
    assert done.rehearsal.packages == ("alpha==1",)
    assert (done.changed, course.store.current()) == (False, 2)


def test_a_dry_run_of_a_rebuild_says_so(course: Course) -> None:
    course()
    would = course(dry_run=True, anew=True).rehearsal
    assert would is not None
    assert (would.would_change, would.why) == (True, "Everything is built anew.")


def test_where_nothing_fits_nothing_is_done(course: Course) -> None:
    done = course(host=read_host(HOSTS / "linux-x86_64-musl.json"))
    assert not done.selection.installable
    assert done.selection.reasons
    assert (course.used, words(course)) == ([], ["Detected"])


@pytest.mark.parametrize("prefix", ["..", "/"])
def test_a_prefix_that_may_not_be_one_is_refused_before_anything_is_told(course: Course, prefix: str) -> None:
    with pytest.raises(UsageError):
        course(prefix=Path(prefix))
    assert course.said == []


def test_what_is_gone_is_told_before_the_machine_is_asked(course: Course) -> None:
    course()
    store = course.store
    store.layout.receipt(1).unlink()
    for path in sorted(store.layout.folder(1).rglob("*"), reverse=True):
        path.rmdir() if path.is_dir() else path.unlink()
    store.layout.folder(1).rmdir()
    said: list[str] = []
    refuse_place(InstallOrder(prefix=course.folder / ".venv"), told=said.append)
    (line,) = said
    assert line.startswith("Note      ")
    assert "which is gone" in line


SOURCE = Ask(accelerator="metal", tensorflow="2.21.0")
NEWER_MAC = read_host(HOSTS / "macos-15-m4.json")


@pytest.mark.parametrize("asked", [None, lambda _question: False], ids=["nobody", "no"])
def test_what_must_be_compiled_needs_a_yes(course: Course, asked: Callable[[str], bool] | None) -> None:
    with pytest.raises(UsageError, match="exists as source only") as caught:
        course(NEWER_MAC, asked=asked, ask=SOURCE)
    assert "--allow-build" in caught.value.hint
    assert "build" not in course.used


def test_who_agrees_is_asked_once_and_who_agreed_is_not_asked(course: Course) -> None:
    questions: list[str] = []

    def yes(question: str) -> bool:
        questions.append(question)
        return True

    assert course(NEWER_MAC, asked=yes, ask=SOURCE).changed
    (question,) = questions
    assert question.endswith("must be compiled here, which runs its build code. Go on?")
    assert course(NEWER_MAC, ask=SOURCE, allow_build=True, anew=True).changed
    assert len(questions) == 1


BUILT = replace(
    one_package(),
    packages=tuple(replace(one, wheels=(), sdist=replace(one.wheels[0], filename="alpha-1.0.tar.gz"))
                   for one in one_package().packages),
)  # fmt: skip
"""A lock with a package that is built by consent."""


def test_a_package_of_the_team_s_is_agreed_to_by_its_name(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "solve", lambda *_: BUILT)
    for agreed in ({}, {"allow_build": True}, {"allow_build_of": ("beta",)}):
        with pytest.raises(UsageError, match="alpha exists as source only") as caught:
            course(**agreed)
        assert "--allow-build-of alpha" in caught.value.hint
        assert "build" not in course.used
    assert course(allow_build_of=("alpha",)).changed


def test_the_team_file_s_consent_is_enough(course: Course, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(course, "solve", lambda *_: BUILT)
    Path("environments").mkdir()
    Path("environments/team.yaml").write_text("allow-build: [alpha]\n")
    assert course(no_lock=True).changed


def test_what_this_machine_would_not_load_is_not_switched_to(course: Course) -> None:
    course(ask=OLDER)
    course.report = replace(LOADS, failures=(FAILURE,))
    done = course()
    assert done.refusal is not None
    assert done.refusal.report is course.report
    assert done.refusal.words == "This machine would not load it: a.so: undefined symbol: f"
    assert (done.changed, done.receipt, done.verification) == (False, None, None)
    assert not any(tool.startswith("verify") for tool in course.used)
    assert course.store.numbers() == [1]
    assert course.store.current() == 1


def test_what_does_not_run_goes_to_the_doctor_and_not_into_the_history(course: Course) -> None:
    course.found = verdict("no-avx")
    done = course()
    assert done.refusal is not None
    assert done.refusal.report is course.found
    assert done.refusal.diagnosis is not None
    assert done.refusal.diagnosis.verdict == "problem"
    assert (done.history, course.store.numbers()) == (None, [])
    assert not (course.folder / "state").exists()


def test_a_build_that_fails_is_an_error_of_its_own(course: Course) -> None:
    course.uv = FakeUv(fail_at="sync", failure=BuildError("The disk is full."))
    with pytest.raises(BuildError, match="disk is full"):
        course()
    assert course.store.current() is None


def test_both_checks_can_be_left_out(course: Course) -> None:
    done = course(preflight=False, verify=False)
    assert course.used == ["solve linux-x86_64-cpu", "build"]
    assert done.receipt is not None
    assert (done.receipt.preflight, done.receipt.verify, done.verification) == (None, None, None)


def test_offline_is_said_to_everybody_who_could_ask_the_network(course: Course) -> None:
    course(offline=True)
    assert course.used[0] == "solve linux-x86_64-cpu offline"
    assert all("--offline" in call for call in course.uv.calls if call[:2] == ["pip", "sync"])


def test_an_index_that_is_not_uv_s_is_told_without_its_password(course: Course) -> None:
    done = course(dry_run=True, index_url="https://user:hunter2@mirror.example/simple")
    assert len(done.index) == 1
    assert "mirror.example" in done.index[0]
    assert "hunter2" not in str(course.said) + str(done.index)
    assert "Index" in words(course)


@pytest.mark.parametrize(("cures", "wanted"), [(True, {"TURN_OFF_REMAPPER": "1"}), (False, {})])
def test_a_known_defect_is_told_and_cured_unless_it_shall_not_be(
    course: Course, cures: bool, wanted: dict[str, str]
) -> None:
    done = course(MAC, ask=Ask(), dry_run=True, cures=cures)
    assert (dict(done.cures), done.cured) == (wanted, cures)
    (defect,) = (line for line in course.said if line.startswith("Defect"))
    assert ("; cured here by TURN_OFF_REMAPPER=1" in defect) is cures


def test_a_lock_that_was_named_is_installed_and_nothing_is_resolved(course: Course) -> None:
    (course.folder / "pylock.toml").write_text(ONE_PACKAGE)
    done = course(lock_file=Path("pylock.toml"))
    assert course.used[0] == "build"
    assert done.receipt is not None
    assert done.receipt.lock_sha256 == one_package().sha256
    (course.folder / "pylock.toml").write_text(ONE_PACKAGE + "\n# edited\n")
    assert course(lock_file=Path("pylock.toml"), dry_run=True).rehearsal == replace(
        course(lock_file=Path("pylock.toml"), dry_run=True, anew=True).rehearsal or pytest.fail("no plan"),
        why="Generation 1 was built from another lock.",
    )


def test_a_program_of_the_row_that_dies_is_not_switched_to(course: Course) -> None:
    dead = Trial(
        what="program", name="tensorboard", distribution="tensorboard 2.20.0", by="row", status="dies", message="why"
    )
    course.tried = ProgramsTried(programs=1, trouble=(dead,))
    done = course()
    assert done.refusal is not None
    assert (done.refusal.report, done.refusal.diagnosis, done.receipt) == (course.tried, None, None)
    assert done.refusal.words.endswith("`tensorboard` of tensorboard 2.20.0 does not start: why.")
    assert not (course.folder / ".venv").exists()


def test_the_receipt_keeps_what_its_programs_came_to(course: Course) -> None:
    done = course()
    assert done.receipt is not None
    assert done.receipt.programs == encode(course.tried)


# ------------------------------------------------------------------------------------- resolved together with the row


def test_more_packages_are_resolved_together_with_the_row_and_remembered(course: Course) -> None:
    (course.folder / "r.txt").write_text("tensorflow-macos==2.18.*\nsix\n")
    done = course(requirements=("einops",), files=(Path("r.txt"),))
    assert course.used[0] == "join einops, tensorflow-macos==2.18.*, six"
    assert done.selection.requirements[0] == "tensorflow-cpu==2.18.1"
    assert done.receipt is not None
    assert done.receipt.together == done.together == ("einops", "tensorflow-macos==2.18.*", "six")


def test_an_environment_is_known_again_by_all_that_was_asked_for(course: Course) -> None:
    course()
    assert course(requirements=("six",)).changed
    assert not course(requirements=("six",)).changed
    assert course.used == []
    assert course(requirements=("six>1",)).changed
    assert course.store.current() == 3


def test_a_project_of_one_s_own_is_resolved_together_with_the_row(course: Course) -> None:
    (course.folder / "pyproject.toml").write_text('[project]\ndependencies = ["six"]\n[tool.tfsetup]\n')
    assert course(dry_run=True).together == ("six",)
    assert course.used == ["join six"]


def test_a_project_that_did_not_ask_for_it_stays_out_of_the_environment(course: Course) -> None:
    (course.folder / "pyproject.toml").write_text('[project]\ndependencies = ["six"]\n[tool.other]\n')
    assert course(dry_run=True).together == ()
    assert course.used == ["solve linux-x86_64-cpu"]
    assert next(line for line in course.said if "pyproject.toml" in line).startswith("Note      the dependencies in ")


def test_requirements_that_no_row_can_meet_build_nothing(course: Course) -> None:
    done = course(requirements=("tensorflow==1.0",))
    assert not done.selection.installable
    assert done.selection.reasons[0] == "`tensorflow==1.0` (--with) chooses the TensorFlow"
    assert course.used == []


def test_tuning_measures_once_sets_it_by_the_way_of_cures_and_is_undone_with_them(course: Course) -> None:
    done = course(tune=True)
    assert course.used[2:] == ["predict 1 3.12", "tune 1 {}", "verify 1", "try 1"]
    assert done.receipt is not None
    assert done.cures == done.receipt.cures == done.receipt.tuned == {"TF_ENABLE_ONEDNN_OPTS": "1"}
    assert course(tune=True).changed is False
    again = course()
    assert (again.changed, again.cures) == (False, {"TF_ENABLE_ONEDNN_OPTS": "1"})
    without = course(cures=False)
    assert (without.changed, without.cures) == (True, {})
    assert not any(use.startswith("tune") for use in course.used)


def test_what_could_not_be_measured_is_told_and_measured_anew_when_it_is_asked_for_again(course: Course) -> None:
    course.tuning = replace(FASTER, set={}, tried=(), problem="it died of SIGILL in import")
    done = course(tune=True)
    assert "Note      Nothing could be measured: it died of SIGILL in import." in course.said
    assert done.receipt is not None
    assert done.receipt.tune is None
    assert course().changed is False
    course.tuning = FASTER
    assert course(tune=True).cures == ONE.set


def test_without_being_asked_nothing_is_measured_or_set(course: Course) -> None:
    assert course().cures == {}
    assert not any(use.startswith("tune") for use in course.used)


@pytest.mark.parametrize(("option", "word"), [("cures", "--without-cures"), ("verify", "--no-verify")])
def test_tuning_for_nothing_is_refused_before_anything_is_done(course: Course, option: str, word: str) -> None:
    with pytest.raises(UsageError, match=word):
        course(LINUX, None, tune=True, **{option: False})
    assert course.used == course.said == []


def test_a_rehearsal_says_that_it_would_be_measured(course: Course) -> None:
    course()
    done = course(tune=True, dry_run=True)
    assert done.rehearsal is not None
    assert done.rehearsal.would_change
    assert done.rehearsal.why == "For generation 1 it was not measured which switches make it faster."
    assert any(line.startswith("measure which switches") for line in done.rehearsal.plan)


# ----------------------------------------------------------------------------------------------- what else computes


@pytest.mark.parametrize("accelerator", ["auto", "metal"])
def test_what_else_computes_on_a_mac_s_gpu_is_told_and_no_part_of_it(course: Course, accelerator: Any) -> None:
    done = course(MAC, ask=Ask(python="3.13", accelerator=accelerator), dry_run=True)
    line = told_of(done.selection.alternatives)
    assert line
    assert (f"Note      {line}" in course.said) is (accelerator == "auto")
    assert (line in done.selection.reasons) is (accelerator == "metal")
    names = {one.distribution for one in done.selection.alternatives}
    plan = done.rehearsal.plan if done.rehearsal is not None else ()
    assert not any(name in step for name in names for step in (*done.selection.requirements, *plan))


def test_a_mac_that_is_served_is_told_of_nothing_else(course: Course) -> None:
    done = course(MAC, ask=Ask(), dry_run=True)
    assert done.selection.alternatives == ()
    assert not any("what else computes" in line for line in course.said)
