"""The TensorFlow that requirements choose: lines that name it by any of its names, and what they ask of it. Pure.

A team that writes `tensorflow-macos==2.12.0` means a version of TensorFlow; which distribution carries it on a machine
is the row's business. So the version narrows what the matrix is asked, and what cannot be met names every side.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import replace

from tfsetup.errors import Code, TfsetupError, Where
from tfsetup.ground.marked import Marked
from tfsetup.ground.platforms import Platform
from tfsetup.ground.values import value
from tfsetup.ground.versions import asked, is_prerelease, version
from tfsetup.locks.taken import name_of, tensorflow_names
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.model import Ask


@value
class Side:
    """Something that asks for a TensorFlow: the specifier, and what it is called; `where` None: on the command line.

    `line`: it is a line of requirements.
    """

    specifier: str
    words: str
    where: Where | None = None
    line: bool = False


@value
class Option:
    """How the TensorFlow of an ask is written, and where; None: on the command line."""

    words: str
    where: Where | None = None


def markers_of(platform: Platform, python: str) -> dict[str, str]:
    """Return what environment markers see on a platform under a Python `X.Y` (PEP 508)."""
    return {**platform.markers, "python_version": python, "python_full_version": f"{python}.0"}


def chosen_by(text: str, markers: Mapping[str, str], matrix: Matrix) -> str:
    """Return the specifier by which a requirement chooses TensorFlow there; "" when it says nothing about it."""
    if name_of(text) not in tensorflow_names(matrix):
        return ""
    from packaging.requirements import Requirement

    found = Requirement(text)
    holds = found.marker is None or found.marker.evaluate(dict(markers))
    return str(found.specifier) if holds else ""


def narrowed(ask: Ask, requirements: Iterable[str], markers: Mapping[str, str], matrix: Matrix) -> Ask:
    """Return the ask that holds to what requirements choose besides."""
    more = [found for text in requirements if (found := chosen_by(text, markers, matrix))]
    if not more:
        return ask
    return replace(ask, tensorflow=",".join(dict.fromkeys([*_clause(ask.tensorflow), *more])))


def _clause(specifier: str | None) -> list[str]:
    if specifier is None:
        return []
    bare = specifier.strip()
    return [f"=={bare}" if bare[:1].isdigit() or bare.startswith("v") else bare]


def sides(
    ask: Ask, option: Option, requirements: Sequence[Marked], markers: Mapping[str, str], matrix: Matrix
) -> tuple[Side, ...]:
    """Return all that asks for a TensorFlow there; `option` is how the ask's own specifier is written."""
    place = f" ({option.where})" if option.where else ""
    own = [Side(specifier=one, words=f"`{option.words}`{place}", where=option.where) for one in _clause(ask.tensorflow)]
    found = ((item, chosen_by(item.text, markers, matrix)) for item in requirements)
    lines = [
        Side(specifier=one, words=f"`{item.text}` ({item.where})", where=item.where, line=True)
        for item, one in found
        if one
    ]
    return (*own, *lines)


def refuse_contradiction(found: Sequence[Side], matrix: Matrix, *, pre: bool = False) -> None:
    """Let sides pass that some release of TensorFlow satisfies.

    Raises:
        TfsetupError: `ANSWER_IS_NO`: none does; all sides are named, and the one that is best left out.
    """
    if len(found) < 2 or _newest(found, matrix, pre=pre):  # noqa: PLR2004 - one alone contradicts nobody
        return
    ways = [(side, _newest([one for one in found if one is not side], matrix, pre=pre)) for side in found]
    helps = [(side, then) for side, then in ways if then]
    hint = "Change them so that one release satisfies all."
    if helps:
        side, then = helps[0]
        hint = f"Leave out {side.words}: the others are satisfied by {then}."
    where = next((side.where for side in reversed(found) if side.where), None)
    message = f"No release of TensorFlow is what is asked for: {' and '.join(side.words for side in found)}."
    raise TfsetupError(Code.ANSWER_IS_NO, message, hint=hint, where=where)


def _newest(found: Sequence[Side], matrix: Matrix, *, pre: bool) -> str | None:
    fits = (one for one in _releases(matrix, pre=pre) if all(asked(side.specifier, one) for side in found))
    return max(fits, key=version, default=None)


def _releases(matrix: Matrix, *, pre: bool) -> Iterator[str]:
    for name in tensorflow_names(matrix):
        yield from (one for one in matrix.index.releases(name) if pre or not is_prerelease(one))
