"""Carrying out a plan: build a generation, prove it, switch to it; on any failure nothing has changed."""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import replace as with_fields
from pathlib import Path
from typing import assert_never

from tfsetup import __version__
from tfsetup.envs import model
from tfsetup.envs.activate import follow_the_link
from tfsetup.envs.added import sorted_out
from tfsetup.envs.csh import CSH, csh_script
from tfsetup.envs.cure_files import write_cures
from tfsetup.envs.cures import NOTHING
from tfsetup.envs.guard import refuse_prefix
from tfsetup.envs.model import Plan, Receipt, Step, Tuned, Tuning
from tfsetup.envs.pip import add_pip
from tfsetup.envs.receipts import adopted, now
from tfsetup.envs.reuse import Outcome, fitting, silent, switch_to
from tfsetup.envs.store import NotWholeError, Store, unwritable
from tfsetup.envs.whole import EMPTY, Lack, file_lacks
from tfsetup.errors import BuildError, Code, NetworkError, TfsetupError, UsageError
from tfsetup.ground.encode import encode
from tfsetup.ground.looking import generation, place_at
from tfsetup.ground.values import value
from tfsetup.loader.files.records import objections
from tfsetup.locks.run import Finished, Screen, run_uv

_HINT_CACHE = (
    "uv's cache may be damaged: `uv cache clean` empties it, and what is needed is fetched anew. The environment is as "
    "it was before."
)
_INSTALLING = "Installing the locked wheels"
_BOTH = "pylock.with-pip"  # a name that uv takes for a lock; behind it `.txt` is a requirements file's
_PREPARED = re.compile(r"^Prepared .* in (?:(\d+)m )?([\d.]+)(ms|s)\b", re.MULTILINE)
Judge = Callable[[Path], object]
"""A check of a built environment, given its interpreter: returns what the receipt keeps, raises where it says no."""
Uv = Callable[..., Finished]
"""What runs uv: `tfsetup.locks.run.run_uv`, or what stands in for it."""


@value
class Hooks:
    """What the executor needs from rooms it does not know, and from the screen. `uv` None: the real one."""

    preflight: Judge
    verify: Judge
    programs: Judge
    say: Callable[[str], object]
    screen: Screen | None = None
    uv: Uv | None = None
    tune: Callable[[Path], Tuned] = lambda _python: Tuned()


def install(
    plan: Plan, store: Store, hooks: Hooks, *, offline: bool = False, replace: bool = False, anew: bool = False
) -> Outcome:
    """Carry out `plan`, unless a whole generation already is what it would build: then that is switched to.

    `anew` builds in any case.

    Raises:
        BuildError: building failed, or (since the command line was judged) the prefix became something that may not
            be one, or that is not ours, and `replace` was not said.
        NetworkError: a wheel could not be fetched or is not the locked one.
        Exception: whatever preflight or verification says no with. In every case the previous environment stays.
    """
    python = _base(plan)
    current(store, replace=replace, python=python)  # refuse before anything is written beside somebody else's folder
    with store.locked(say=hooks.say) as held:
        now = current(store, replace=replace, python=python)
        kept = None if anew else fitting(store, now, plan.digest, plan.pinned_lock, plan.cures, plan.tuning, say=silent)
        if kept is not None:
            return switch_to(store, now, kept, hooks.say)
        store.clean()
        return _Build(plan, store, hooks, offline=offline, held=held, replace=replace).run()


def reuse(
    store: Store,
    digest: str,
    pinned_lock: str | None,
    cures: Mapping[str, str] = NOTHING,
    tuning: Tuning = "kept",
    *,
    say: Callable[[str], object],
    replace: bool = False,
) -> Outcome | None:
    """Switch to a whole generation that is what is asked for, if there is one; None when one must be built.

    It needs neither a lock nor a network. What is asked for is written as in `fitting`.

    Raises:
        BuildError: the prefix is not ours and `replace` was not said, or the Python there would not start.
    """
    now = current(store, replace=replace)
    kept = fitting(store, now, digest, pinned_lock, cures, tuning, say=say)
    if kept is None or kept.generation == now:
        return None if kept is None else Outcome(generation=kept.generation, changed=False, receipt=kept)
    with store.locked(say=say):
        now = current(store, replace=replace)
        kept = fitting(store, now, digest, pinned_lock, cures, tuning, say=silent)
        return None if kept is None else switch_to(store, now, kept, say)


def current(store: Store, *, replace: bool = False, python: str | None = None) -> int | None:
    """Return the current generation; None: there is none, or somebody else's environment, which may be replaced.

    Raises:
        BuildError: there may be no environment at the prefix, or it is not ours and may not be replaced.
    """
    try:
        refuse_prefix(store.layout.prefix, replace=replace, python=python)
    except UsageError as refused:  # nothing is wrong with the command line any more: the place has changed since
        raise BuildError(refused.message, hint=refused.hint) from refused
    return None if generation(store.layout.prefix) is None else store.current()


def _base(plan: Plan) -> str | None:
    """Return the interpreter the plan builds on, None: it brings its own."""
    return next((step.python for step in plan.steps if isinstance(step, model.CreateVenv)), None)


class _Build:
    """One generation in the making."""

    def __init__(self, plan: Plan, store: Store, hooks: Hooks, *, offline: bool, held: int, replace: bool) -> None:
        self.plan = plan
        self.store = store
        self.hooks = hooks
        self.offline = offline
        self.replace = replace
        self.held = (held,)
        self.number = store.next_number()
        self.folder = store.layout.folder(self.number)
        self.python = store.layout.python(self.folder, plan.backend)
        self.seconds: dict[str, float] = {}
        self.judged: dict[str, object] = {}
        self.receipt: Receipt | None = None
        self.pip_is_there = False
        self.lost: tuple[Lack, ...] | None = None
        """What the files were found to lack; None: something was done to them since, or nobody has looked."""

    def run(self) -> Outcome:
        try:
            for step in self._left():
                self._step(step)
        except OSError as problem:
            self._undo()
            raise unwritable(self.store.layout.root, problem) from problem
        except BaseException:
            self._undo()
            raise
        if self.receipt is None:
            raise TfsetupError(Code.BUG, "a plan must end with a switch")
        return Outcome(generation=self.number, changed=True, receipt=self.receipt, seconds=self.seconds)

    def _left(self) -> Iterator[Step]:
        """Yield what there is to do; what the files lack is forgotten before anything is done to them again."""
        for step in self.plan.steps:
            if isinstance(step, model.AddPip) and self.pip_is_there:
                continue
            if not isinstance(step, model.Switch):
                self.lost = None
            yield step

    def _undo(self) -> None:
        # A second interrupt while the files go away must not stop that; what stays is cleaned by the next run. A
        # generation that the prefix leads to by now is not removed by this either.
        with suppress(OSError, BuildError, KeyboardInterrupt):
            self.store.discard(self.number)

    def _step(self, step: Step) -> None:
        began = time.perf_counter()
        phase = "build"
        match step:
            case model.CreateVenv():
                self._create(step)
            case model.InstallWheels():
                self._install_wheels(step)
            case model.CreateCondaPrefix():
                self._link(step)
            case model.AddWheels():
                self._add_wheels(step)
            case model.BuildFromSource():
                self._compile(step)
            case model.WriteCures(environment=variables):
                conda = self.plan.backend == "conda"
                every = {**model.tuned(self.judged).variables, **variables}
                write_cures(self.store.layout, self.folder, self.plan.python, every, conda=conda)
            case model.Preflight() | model.Tune() | model.Verify() | model.TryPrograms():
                phase, judge = self._check(step)
                self.judged[phase] = judge(self.python)
            case model.AddPip():
                add_pip(step, self.python, self._uv, offline=self.offline, say=self.hooks.say, screen=self.hooks.screen)
            case model.Switch():
                self._switch()
            case _:
                assert_never(step)
        self.seconds[phase] = self.seconds.get(phase, 0.0) + time.perf_counter() - began

    def _check(self, step: model.Preflight | model.Tune | model.Verify | model.TryPrograms) -> tuple[str, Judge]:
        """Return what a check is called among the seconds and in the receipt, and who makes it."""
        match step:
            case model.Preflight():
                return "preflight", self.hooks.preflight
            case model.Tune():
                return "tune", self.hooks.tune
            case model.Verify():
                return "verify", self.hooks.verify
            case model.TryPrograms():
                return "programs", self.hooks.programs
            case _:
                assert_never(step)

    def _create(self, step: model.CreateVenv) -> None:
        arguments = ["venv", "--no-project", "--relocatable", "--quiet", "--prompt", self.store.layout.prefix.name]
        # uv would pick another interpreter of the same version rather than fail; the row chose this one.
        arguments += ["--python", step.python, *([] if step.download else ["--no-python-downloads"])]
        if step.download:
            self.hooks.say(f"Fetching Python {self.plan.python}")
        screen = self.hooks.screen if step.download else None
        self._uv([*arguments, *self._common(), str(self.folder)], doing="Creating the environment", screen=screen)
        for script in self.python.parent.glob("activate*"):
            text = script.read_bytes().decode("utf-8", "surrogateescape")  # bytes: line ends stay as they are
            if (followed := follow_the_link(text, script.name, self.store.layout.prefix)) != text:
                script.write_bytes(followed.encode("utf-8", "surrogateescape"))
        if not self.store.layout.windows:
            text = csh_script(self.store.layout.prefix)
            (self.python.parent / CSH).write_bytes(text.encode("utf-8", "surrogateescape"))

    def _install_wheels(self, step: model.InstallWheels) -> None:
        lock = self.folder / step.lock_name
        lock.write_text(step.lock_text, encoding="utf-8")
        for name, content in step.beside.items():
            (self.folder / name).write_bytes(content)
        sync = ["pip", "sync", "--python", str(self.python), "--preview-features", "pylock", *step.arguments]
        done = self._sync_with_pip(sync, lock, step) if step.with_pip else None
        done = done or self._sync(sync, lock, step)
        done = self._mend_wheels(sync, lock, step) or done
        self._look_at_records()
        self._fetched(_prepared_seconds(done.stderr))

    def _sync(self, sync: list[str], lock: Path, step: model.InstallWheels) -> Finished:
        try:
            # First from the cache alone: hashes make that safe, and an index that sends no cache headers would have uv
            # fetch everything again.
            return self._uv([*sync, "--offline", str(lock)], doing=_INSTALLING, environ=step.environ)
        except NetworkError:
            if self.offline:
                raise
            return self._uv([*sync, str(lock)], doing=_INSTALLING, environ=step.environ, screen=self.hooks.screen)

    def _sync_with_pip(self, sync: list[str], lock: Path, step: model.InstallWheels) -> Finished | None:
        """Install the wheels and the pip in one run, if uv's cache has all of them; None: it has not."""
        both = lock.with_name(f"{_BOTH}{lock.suffix}")  # beside the lock, which may name files by their place
        both.write_text(step.with_pip, encoding="utf-8")
        try:
            done = self._uv([*sync, "--offline", str(both)], doing=_INSTALLING, environ=step.environ)
        except TfsetupError as problem:
            if problem.code is Code.INTERRUPTED:
                raise
            return None
        finally:
            both.unlink()
        self.pip_is_there = True
        return done

    def _fetched(self, seconds: float) -> None:
        """Count seconds of a step as download, not as building."""
        self.seconds["download"] = self.seconds.get("download", 0.0) + seconds
        self.seconds["build"] = self.seconds.get("build", 0.0) - seconds

    def _mend_wheels(self, sync: list[str], lock: Path, step: model.InstallWheels) -> Finished | None:
        """Fetch anew, past uv's cache, what came out of it damaged; return what uv printed, None when nothing was.

        Files are hard links into the cache where both are on one disk: whoever empties one in an environment empties it
        there too, and uv does not look again.
        """
        self.lost = file_lacks(self.store.layout, self._receipt())
        damaged = sorted({lack.package.partition("-")[0] for lack in self.lost if lack.package})
        if not damaged or self.offline:
            return None
        self.lost, self.pip_is_there = None, False  # a lock without pip takes it away
        self.hooks.say(
            f"Note      uv's cache has damaged files of {', '.join(damaged)}; fetching them anew without it."
        )
        again = [part for name in damaged for part in ("--reinstall-package", name)]
        arguments = [*sync, *again, "--no-cache", str(lock)]
        return self._uv(arguments, doing=_INSTALLING, environ=step.environ, screen=self.hooks.screen)

    def _look_at_records(self) -> None:
        """Refuse paths that must not be, before anything of the wheels runs (`.pth` files do at every start)."""
        site = self.store.layout.site_packages(self.folder, self.plan.python)
        records = {file.parent.name: file.read_text("utf-8", "replace") for file in site.glob("*.dist-info/RECORD")}
        found = objections(records, site.relative_to(self.folder).as_posix())
        if found:
            more = f"\nand {len(found) - 3} more" if len(found) > 3 else ""  # noqa: PLR2004 - enough to see what it is
            raise BuildError(
                "A wheel holds files that must not be installed:\n" + "\n".join(found[:3]) + more,
                hint="Do not use this package, or choose another version of it.",
            )

    def _link(self, step: model.CreateCondaPrefix) -> None:
        from tfsetup.envs.conda.build import link_prefix

        site = self.store.layout.site_packages(self.folder, self.plan.python)
        link, say = self.store.layout.prefix, self.hooks.say
        self._fetched(link_prefix(step, self.folder, self.python, site, link, offline=self.offline, say=say))

    def _add_wheels(self, step: model.AddWheels) -> None:
        from tfsetup.envs.conda.build import add_wheels

        common, screen = self._common(), self.hooks.screen
        said = add_wheels(step, self.folder, self.python, common, screen, held=self.held)
        self._look_at_records()
        self._fetched(_prepared_seconds(said))

    def _compile(self, step: model.BuildFromSource) -> None:
        doing = f"Compiling {step.requirement}"
        self.hooks.say(doing)
        # No cache: a plugin is linked against this very environment's TensorFlow, by path.
        arguments = ["pip", "install", "--python", str(self.python), "--no-build-isolation", "--no-deps", "--no-cache"]
        self._uv([*arguments, *self._common(), step.requirement], doing=doing, environ=step.environ)

    def _uv(self, arguments: list[str], **options: object) -> Finished:
        """Run uv with the lock in its hands: should this process be killed, nobody builds here while uv still does."""
        run: Uv = self.hooks.uv or run_uv
        return run(arguments, held=self.held, **options)

    def _common(self) -> list[str]:
        return ["--offline"] if self.offline else []

    def _switch(self) -> None:
        prefix = self.store.layout.prefix
        current(self.store, replace=self.replace, python=_base(self.plan))  # it may have become another's meanwhile
        receipt = self._receipt()
        self.store.write_receipt(receipt)
        if place_at(prefix).what == "empty":
            prefix.rmdir()  # nothing is lost, and nothing empty is kept to go back to
        replaced = prefix.is_dir() and not prefix.is_symlink()
        try:
            if replaced:
                before = adopted(0 if 0 not in self.store.numbers() else self.number + 1)
                self.store.adopt(before, self.number, of_files=self.lost)
            else:
                self.store.switch(self.number, of_files=self.lost)
        except NotWholeError as found:
            raise BuildError(f"What was built is not whole: {found.words}.", hint=_HINT_CACHE) from found
        self.receipt = receipt

    def _receipt(self) -> Receipt:
        """Return the receipt of what is there now; without the files that conda itself has changed."""
        receipt = self._found()
        if self.plan.backend != "conda":
            return receipt
        differing = tuple(lack.what for lack in file_lacks(self.store.layout, receipt) if lack.how != EMPTY)
        return with_fields(receipt, differing=differing)

    def _found(self) -> Receipt:
        site = self.store.layout.site_packages(self.folder, self.plan.python)
        tuned = model.tuned(self.judged)
        packages, tools = sorted_out((path.name for path in site.glob("*.dist-info")), self.plan.tools)
        return Receipt(
            generation=self.number,
            row=self.plan.row,
            digest=self.plan.digest,
            python=self.plan.python,
            requirements=self.plan.requirements,
            packages=packages,
            tools=tools,
            created=now(),
            tfsetup=__version__,
            lock_sha256=self.plan.lock_sha256,
            verify=encode(self.judged.get("verify")),
            preflight=encode(self.judged.get("preflight")),
            programs=encode(self.judged.get("programs")),
            backend=self.plan.backend,
            differing=(),
            cures={**tuned.variables, **self.plan.cures},
            tuned=dict(tuned.variables),
            tune=encode(tuned.found),
            without_cures=self.plan.without_cures,
            together=self.plan.together,
        )


def _prepared_seconds(stderr: str) -> float:
    """Return how long uv downloaded and unpacked (its line `Prepared N packages in 12.82s`), 0 when nothing was."""
    found = _PREPARED.search(stderr)
    if not found:
        return 0.0
    return int(found[1] or 0) * 60 + float(found[2]) * (0.001 if found[3] == "ms" else 1.0)
