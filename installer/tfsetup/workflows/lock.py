"""The course of a lock: which ones, resolved all at once, rendered, proven, refused or written together."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from msgspec import UNSET, UnsetType

from tfsetup.errors import Code, TfsetupError, UsageError
from tfsetup.host.model import Host
from tfsetup.locks import files
from tfsetup.locks.files import LOCKS
from tfsetup.locks.proof import Proof, render_proofs
from tfsetup.matrix.file.rows import Matrix
from tfsetup.workflows.backends import Backend, Case, LockOrder, Made, Scope, Standing, fingerprint
from tfsetup.workflows.locked import Conflict, Handed, Locked, LockEntry, entry, summed
from tfsetup.workflows.told import Told, silent

if TYPE_CHECKING:  # what reads wheels is loaded where something is proven
    from tfsetup.verify.programs import ProgramsTried
    from tfsetup.workflows.opened import Opened
    from tfsetup.workflows.prove import Judge, Prover

    Attempt = Callable[[Case], ProgramsTried]
    """Tries the programs of a lock: `tfsetup.workflows.attempt.attempt`, told what it needs besides."""

__all__ = ["LOCKS", "LockOrder", "Locked", "backend_for", "check", "lock"]


def backend_for(order: LockOrder, matrix: Matrix, *, host: Host | None = None, told: Told = silent) -> Backend:
    """Return the backend that answers an order, held to the matrix and the team file.

    `host` is the one machine to lock for; None: all of the team's. `told` hears what of a file taken over is left out.

    Raises:
        UsageError: the folder is a file, or conda cannot give the form that is asked for.
        InvalidFileError: the team file or the file to take over is invalid.
    """
    files.existing_folder(order.folder)
    scope = Scope(order=order, matrix=matrix, team=files.read_team(), host=host)
    if order.ask.backend != "conda":
        from tfsetup.workflows.lock_venv import VenvBackend

        return VenvBackend(scope=scope)
    from tfsetup.workflows.lock_conda import conda_backend

    return conda_backend(scope, told)


def lock(
    order: LockOrder,
    matrix: Matrix,
    *,
    host: Host | None = None,
    backend: Backend | None = None,
    told: Told = silent,
    judge: Judge | None = None,
    attempt: Attempt | None = None,
) -> Locked:
    """Write locks, all or none; `judge` finds out whether one would load (None: the preflight does).

    `attempt` tries the programs of one (None: they are not tried). Where two packages of a lock bring a path with
    different contents nothing is written, and the conflicts are the answer, with the change that would end each.

    `host` is the one machine to lock for; None: all of the team's. `backend` None: the one that the order asks for.

    Raises:
        UsageError: the inventory that is asked for needs a library that is not there.
        TfsetupError: `ANSWER_IS_NO`: one would not load, and nobody forces it; nothing is resolved for a platform;
            requirements do not fit together; the index does not answer; the folder cannot be written.
    """
    if order.sbom is not None:
        _require_library()
    backend = backend or backend_for(order, matrix, host=host, told=told)
    made = backend.made(told)
    proofs = _proven(order, backend, {case.name: case for case in made.cases}, _prover(order, backend, told, judge))
    conflicts = _conflicts(made.cases, proofs, backend)
    if conflicts and not order.force:
        return Locked(files=(), index=made.index, left_out=made.left_out, conflicts=conflicts)
    if not order.force:
        _refuse(proofs, backend.remedy)
    handed: Handed | UnsetType = UNSET
    if order.digests is not None:
        from tfsetup.workflows.handed import hand_on

        prover = _prover(order, backend, told, judge)
        proofs, handed = hand_on(order.digests, made.cases, proofs, prover.prove, prover.opening)
    tried = {case.name: attempt(case) for case in made.cases} if attempt else {}
    if not order.force:
        _refuse_dead(tried, backend.remedy)
    listed = _listed(made.cases, proofs, told, offline=order.offline) if order.sbom is not None else ""
    recorded = files.read_proofs(order.folder, backend.proofs)
    kept = {name: proof for name, proof in recorded.items() if (order.folder / name).is_file()}
    record = render_proofs(kept | {case.key: proofs[case.name] for case in made.cases})
    changed = set(files.write_all(order.folder, {**made.texts, backend.proofs: record}))
    files.sweep_cures(order.folder)
    if order.sbom is not None:
        _write_list(order.sbom, listed)
    rows = [_row(order, case, made, proofs[case.name], matrix) for case in made.cases]
    rows = [
        replace(one, changed=case.file in changed, programs=tried.get(case.name, UNSET))
        for one, case in zip(rows, made.cases, strict=True)
    ]
    environment, defects = summed(rows)
    return Locked(
        files=tuple(rows), index=made.index, left_out=made.left_out, environment=environment, hazards=defects,
        conflicts=conflicts, sbom=UNSET if order.sbom is None else order.sbom, digests=handed,
    )  # fmt: skip


def _row(order: LockOrder, case: Case, made: Made, proof: Proof, matrix: Matrix) -> LockEntry:
    """Return what a lock that was written holds, and which packages moved."""
    from tfsetup.locks.changes import moved

    was = made.there.get(case.name)
    one = entry(order.folder / case.file, case.lock, proof, matrix, conda=case.conda)
    return replace(one, versions=moved(was.packages, case.lock.packages) if was else None)


def _require_library() -> None:
    from tfsetup.locks.inventory import require_library

    require_library()


def _listed(cases: Sequence[Case], proofs: Mapping[str, Proof], told: Told, *, offline: bool) -> str:
    from tfsetup.workflows.inventory import inventory

    return inventory(cases, proofs, told, offline=offline)


def _write_list(path: Path, listed: str) -> None:
    from tfsetup.workflows.inventory import write_inventory

    write_inventory(path, listed)


def _proven(order: LockOrder, backend: Backend, cases: Mapping[str, Case], prover: Prover) -> dict[str, Proof]:
    """Return the verdict on each lock; what is on record here, or shipped, about the very same files is taken."""
    recorded = [*files.read_proofs(order.folder, backend.proofs).values(), *files.shipped_proofs().values()]
    if order.prove:
        return prover.prove_all(cases, recorded)
    from tfsetup.workflows.prove import known

    why = "not asked for (--no-prove)"
    return {name: known(case, recorded) or case.unproven(why) for name, case in cases.items()}


def _conflicts(cases: Sequence[Case], proofs: Mapping[str, Proof], backend: Backend) -> tuple[Conflict, ...]:
    found = ((case, one) for case in cases for one in proofs[case.name].conflicts or ())
    return tuple(
        Conflict(
            distributions=one.distributions, paths=one.paths, different=one.different, names=one.names,
            row=case.origin.row, lock=case.name, change=backend.cheapest(case.name, one),
        )
        for case, one in found
    )  # fmt: skip


def _refuse(proofs: Mapping[str, Proof], remedy: str) -> None:
    failing = {name: proof for name, proof in proofs.items() if proof.verdict == "fails"}
    lines = [f"  {name}: {reason}" for name, proof in failing.items() for reason in proof.reasons[:3]]
    if failing:
        raise TfsetupError(
            Code.ANSWER_IS_NO,
            "\n".join(["Not written, because it would not load:", *lines]),
            hint=f"{remedy}, or write it all the same with --force.",
        )


def _refuse_dead(tried: Mapping[str, ProgramsTried], remedy: str) -> None:
    from tfsetup.verify.programs import sentence

    lines = [f"  {name}: {sentence(one)}: {one.message}" for name, found in tried.items() for one in found.dead]
    if lines:
        raise TfsetupError(
            Code.ANSWER_IS_NO,
            "\n".join(["Not written, because what the row itself brings does not work:", *lines]),
            hint=f"{remedy}, or write it all the same with --force.",
        )


def check(
    order: LockOrder,
    matrix: Matrix,
    *,
    host: Host | None = None,
    backend: Backend | None = None,
    told: Told = silent,
    judge: Judge | None = None,
    attempt: Attempt | None = None,
) -> Locked:
    """Say how locks stand; with `order.prove` what is fresh is judged anew. Nothing is written. Options as in `lock`.

    Raises:
        LockError: there is no lock.
        UsageError: an inventory is asked for.
        InvalidFileError: a lock is damaged.
    """
    if order.sbom is not None:
        raise UsageError("--check writes nothing, and --sbom asks for a file.", hint="Leave one of the two out.")
    backend = backend or backend_for(order, matrix, host=host, told=told)
    recorded = files.read_proofs(order.folder, backend.proofs)
    prover = _prover(order, backend, told, judge) if order.prove else None
    rows = []
    for standing in backend.stale():
        proof = recorded.get(standing.key)
        if prover is not None and not standing.changes and standing.lock is not None:
            proof = prover.prove_again(standing.lock, standing.case) or proof
        case = standing.case() if attempt and not standing.changes and standing.lock is not None else None
        programs = attempt(case) if attempt and case is not None else UNSET
        rows.append(replace(_checked(standing, proof, matrix), programs=programs))
    environment, defects = summed(rows)
    return Locked(files=tuple(rows), checked=True, environment=environment, hazards=defects)


def _checked(standing: Standing, proof: Proof | None, matrix: Matrix) -> LockEntry:
    path, row, changes = standing.path, standing.row, standing.changes
    if standing.lock is None:
        return LockEntry(path=path, row=row, fresh=not changes, changes=changes)
    about = proof if proof and proof.sha256 == fingerprint(standing.lock) else None
    one = entry(path, standing.lock, about, matrix, conda=standing.conda)
    return replace(one, row=row, fresh=not changes, changes=changes)


def _prover(order: LockOrder, backend: Backend, told: Told, judge: Judge | None) -> Prover:
    from tfsetup.workflows.prove import Prover

    def opening() -> Opened:
        from tfsetup.workflows.handed import opened_with

        written = order.digests if order.digests is not None and order.digests.is_dir() else None
        return opened_with(order.digests_from or written, [order.folder])

    return Prover(told=told, judge=judge, offline=order.offline, how=backend.how, opening=opening)
