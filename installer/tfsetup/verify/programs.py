"""Do the programs of an environment start, and can its packages be imported? What is asked, and what it came to. Pure.

Dead is what ends while it is imported, what is killed by a signal, and what meets something that is no longer there
(ImportError, AttributeError, NameError, SyntaxError). A program that refuses its arguments has started. One that took
too long, or reached for the network, was not seen to work, and not to die either.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

from tfsetup.ground.values import value
from tfsetup.verify.model import Event, Finding, ProbeOutcome

if TYPE_CHECKING:
    from tfsetup.loader.python.reach import Reach, Reached
    from tfsetup.loader.python.survey import Program, Surveyed

What = Literal["program", "module"]
Status = Literal["works", "dies", "undecided"]
By = Literal["row", "user"]

ARGUMENTS = ("--help",)
"""What every program is started with: it goes through its imports, and then says what it is."""
PROGRAM_LIMIT_S = 20.0
MODULE_LIMIT_S = 60.0
"""For one module: the first import of a new TensorFlow compiles thousands of files."""
WHOLE_LIMIT_S = 300.0
"""For all of it: what was not tried by then is undecided."""


@value
class Trial:
    """What one program, or the import of one package, came to."""

    what: What
    """A console script, or a package that is imported."""
    name: str
    """Its name, as it is typed."""
    distribution: str
    """Who brings it, `name version`."""
    by: By
    """Who asked for that: the row of the matrix, or the user."""
    status: Status
    """Whether it works; `undecided`: it took too long, or wants something that this check does not give."""
    message: str = ""
    """What was seen of it where it does not work, in a sentence."""


@value
class ProgramsTried:
    """What the programs and packages of an environment came to."""

    programs: int = 0
    """How many console scripts were started."""
    modules: int = 0
    """How many packages were imported."""
    read: int | None = None
    """How many source files were read instead, of a lock for another machine; None: programs were really run."""
    seconds: float = 0.0
    """How long all of it took."""
    trouble: tuple[Trial, ...] = ()
    """What was not seen to work."""
    because: str = ""
    """Why nothing was tried; empty where something was."""
    network: tuple[str, ...] = ()
    """Which addresses they reached for; nothing was let through."""

    @property
    def dead(self) -> tuple[Trial, ...]:
        """What dies though the row itself brings it."""
        return tuple(one for one in self.trouble if one.status == "dies" and one.by == "row")

    @property
    def ok(self) -> bool:
        """Whether all that the row brings starts, as far as it was seen."""
        return not self.dead


@value
class Task:
    """One thing to try: a program, or a module."""

    what: What
    name: str
    owner: Surveyed
    by: By
    program: Program | None = None

    @property
    def options(self) -> Mapping[str, object]:
        """What the child is told."""
        if self.program is None:
            return {"mode": "programs", "modules": [self.name]}
        called = {"name": self.program.name, "module": self.program.module, "attribute": self.program.attribute}
        return {"mode": "programs", "program": called, "arguments": list(ARGUMENTS)}

    def came_to(self, status: Status, message: str = "") -> Trial:
        """Return the trial."""
        owner = f"{self.owner.name} {self.owner.version}"
        return Trial(
            what=self.what, name=self.name, distribution=owner, by=self.by, status=status, message=message.strip()
        )


def tasks(found: Sequence[Surveyed], requirements: Iterable[str]) -> tuple[Task, ...]:
    """Return what to try in an environment whose row asks for `requirements`: modules, then programs."""
    from tfsetup.loader.python.survey import brought_by

    rows = brought_by(requirements, found)
    modules = {module: one for one in found for module in one.modules}
    programs = {program.name: (program, one) for one in found for program in one.programs}
    return (
        *(Task(what="module", name=name, owner=one, by=_by(one, rows)) for name, one in modules.items()),
        *(
            Task(what="program", name=name, owner=one, by=_by(one, rows), program=program)
            for name, (program, one) in programs.items()
        ),
    )


def _by(one: Surveyed, rows: Collection[str]) -> By:
    return "row" if one.name in rows else "user"


def judged(task: Task, outcome: ProbeOutcome) -> Trial:
    """Return what a child that tried one thing came to."""
    error = next((event for event in outcome.events if event["event"] == "error"), None)
    if outcome.ended == "not-started":
        return task.came_to("dies", f"the interpreter does not start: {outcome.message}")
    if outcome.ended == "timeout":
        late = f"it gave no answer within {outcome.seconds:.0f} seconds, and was ended"
        return task.came_to("undecided", outcome.message or late)
    if outcome.signal is not None:
        return task.came_to("dies", f"ended by {outcome.signal}")
    if error is not None:
        return _with_error(task, error, outcome)
    if not any(event["event"] == "done" for event in outcome.events):
        return task.came_to("undecided", f"it ended its process with status {outcome.exit_status}")
    return task.came_to("works")


def _with_error(task: Task, error: Event, outcome: ProbeOutcome) -> Trial:
    words = f"{error.get('type')}: {error.get('message')}".strip().splitlines()[0]
    where = _where(error)
    sought = any(event["event"] == "network" for event in outcome.events)
    in_call = error.get("phase") == "call"
    if sought or (in_call and not error.get("broken")):
        return task.came_to("undecided", f"{words}{where}")
    return task.came_to("dies", f"{words}{where}")


def _where(error: Event) -> str:
    frames = error.get("where")
    last = frames[-1] if isinstance(frames, list) and frames else ""
    path = str(last).replace("\\", "/").rpartition("site-packages/")[2]
    return f" ({path})" if path else ""


@dataclass(kw_only=True, slots=True)
class Imports:
    """Many modules imported one after another in one child; what came to nothing is tried alone, in a fresh process."""

    waiting: list[Task]
    alone: list[Task] = field(default_factory=list)
    late: list[tuple[Task, ProbeOutcome]] = field(default_factory=list)

    def options(self) -> Mapping[str, object]:
        """Return what the next child is told."""
        return {"mode": "programs", "modules": [task.name for task in self.waiting]}

    def heard(self, outcome: ProbeOutcome) -> None:
        """Take what a child came to: go on behind the module that ended it."""
        said = {str(event.get("phase")): event["event"] for event in outcome.events if event["event"] != "begin"}
        begun = {str(event.get("phase")) for event in outcome.events if event["event"] == "begin"}
        for task in list(self.waiting):
            if said.get(task.name) == "end":
                self.waiting.remove(task)
            elif outcome.message or (outcome.ended == "timeout" and task.name in begun and task.name not in said):
                self.late.append((task, outcome))  # once is enough: it would take as long again
                self.waiting.remove(task)
            elif task.name in begun or not begun:
                self.alone.append(task)
                self.waiting.remove(task)


def summary(
    tried: Sequence[Task], troubles: Iterable[Trial], outcomes: Iterable[ProbeOutcome], seconds: float
) -> ProgramsTried:
    """Return what all of it came to."""
    sought = (event.get("where") for one in outcomes for event in one.events if event["event"] == "network")
    return ProgramsTried(
        programs=sum(task.what == "program" for task in tried),
        modules=sum(task.what == "module" for task in tried),
        seconds=round(seconds, 1),
        trouble=tuple(one for one in troubles if one.status != "works"),
        network=tuple(sorted({str(where) for where in sought})),
    )


def findings(tried: ProgramsTried | None) -> Iterator[Finding]:
    """Yield what a person should know of programs and packages that were not seen to work."""
    if tried is not None and tried.because:
        yield Finding(severity="note", title="Its programs were not tried", detail=tried.because)
    for one in tried.trouble if tried is not None else ():
        yield Finding(
            severity="note" if one.status == "undecided" else "error" if one.by == "row" else "warning",
            title=sentence(one),
            detail=one.message,
            fix=("choose another version of it in your own requirements",) if one.by == "user" else (),
        )


def read_only(wanted: Sequence[Task], reach: Reach) -> ProgramsTried:
    """Return what programs would come to by the sources that they reach; nothing is run."""
    programs = [(task, task.program) for task in wanted if task.program is not None]
    trials = [_read(task, reach.of(program.module)) for task, program in programs]
    trouble = tuple(one for one in trials if one.status != "works")
    return ProgramsTried(programs=len(programs), read=reach.count, trouble=trouble)


def _read(task: Task, reached: Reached) -> Trial:
    """A name that is wanted while modules are imported is wanted in any case; inside a function, perhaps."""
    certain = next((one for one in reached.lost if one.certain), None)
    if certain is not None:
        return task.came_to("dies", certain.sentence)
    if reached.lost:
        return task.came_to("undecided", f"inside a function, {reached.lost[0].sentence}")
    if reached.unread:
        more = f" and {len(reached.unread) - 1} more" if len(reached.unread) > 1 else ""
        return task.came_to("undecided", f"not read: {reached.unread[0]}{more}")
    return task.came_to("works")


_NOT = {"dies": "does not", "undecided": "was not seen to"}


def sentence(one: Trial) -> str:
    """Return what became of a program or a package, for people."""
    verb = "start" if one.what == "program" else "work when it is imported"
    return f"`{one.name}` of {one.distribution} {_NOT.get(one.status, 'does')} {verb}"


Try = Callable[..., ProgramsTried]
"""What tries an environment: `tfsetup.verify.trials.try_programs`, or what stands in for it."""
