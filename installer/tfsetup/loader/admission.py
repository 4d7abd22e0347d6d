"""Which distributions are in the set, and which of them pip would not install here: their tags. Pure."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from tfsetup.loader.model import LoadFailure
from tfsetup.loader.python import distributions as dists
from tfsetup.loader.python.distributions import Distribution
from tfsetup.loader.question import Question


def distributions(question: Question) -> tuple[Distribution, ...]:
    """Return what is to be installed, and what is; of two with one name the wheel, which takes the other's place."""
    wheels = [found for name in question.wheels if (found := dists.of_wheel(name))]
    named = {each.name for each in wheels}
    installed = dists.installed(question.files, question.site)
    return (*wheels, *(each for each in installed if each.name not in named))


def refusals(question: Question, found: Iterable[Distribution], python: str | None) -> list[LoadFailure]:
    """Judge the tags for a Python `X.Y`, as pip does before it installs anything."""
    return [failure for each in found if (failure := _refusal(question, each, python))]


def ends_it(refused: Sequence[LoadFailure]) -> bool:
    """Say whether a wheel for another system is among the refused: then there is nothing to open."""
    return any(failure.kind == "wrong-architecture" for failure in refused)


def _refusal(question: Question, each: Distribution, python: str | None) -> LoadFailure | None:
    machine = question.machine
    image, message = each.wheel or each.name, dists.refused_by_pip(each)
    systems = dists.oses(each)
    libc = machine.libc.name if machine.libc else None
    if systems and not (machine.system in systems and dists.fits_libc(each, libc)):
        return LoadFailure(kind="wrong-architecture", image=image, message=message)
    if python and not dists.runs_on_python(each, python, free_threaded=machine.free_threaded):
        return LoadFailure(kind="python-abi", image=image, message=message)
    needed = dists.minimum_macos(each)
    if needed and each.wheel and machine.version and machine.system == "macos" and machine.version < needed:
        return LoadFailure(kind="os-too-old", image=image, message=message)
    return None
