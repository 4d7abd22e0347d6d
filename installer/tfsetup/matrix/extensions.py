"""Which TensorFlow a package with operations of its own was built for. Data of the matrix. Pure.

TensorFlow keeps no binary interface from one minor release to the next: a library of operations that was built against
another one lacks symbols, or finds others. Many of these packages do not ask for their TensorFlow in their metadata.
"""

from collections.abc import Iterator, Mapping, Sequence
from typing import NamedTuple

from tfsetup.ground.kinds import Distribution, ExactVersion, Prose, Range, Source
from tfsetup.ground.values import value
from tfsetup.ground.versions import in_range, is_version, minor


@value
class BuiltFor:
    """Which TensorFlow some `versions` of an extension work with."""

    versions: Range
    tensorflow: Range


@value
class Extension:
    """A distribution whose native libraries are bound to a TensorFlow.

    `same_minor`: its versions are TensorFlow's, and 2.16.x goes with 2.16.x only. Otherwise `pairs` say what goes with
    what; of a version that stands in none, nothing is known. `because` is shown to people as it stands.
    """

    distribution: Distribution
    because: Prose
    source: Source
    same_minor: bool = False
    pairs: tuple[BuiltFor, ...] = ()


class Stranger(NamedTuple):
    """An extension that was built for another TensorFlow than the one it stands beside."""

    extension: Extension
    version: ExactVersion
    wants: str
    tensorflow: ExactVersion


def strangers(
    extensions: Sequence[Extension], packages: Mapping[str, str], tensorflow: str | None
) -> tuple[Stranger, ...]:
    """Return the extensions among packages (normalised name → version) that are not for this TensorFlow."""
    return tuple(_strangers(extensions, packages, tensorflow)) if tensorflow and is_version(tensorflow) else ()


def _strangers(extensions: Sequence[Extension], packages: Mapping[str, str], tensorflow: str) -> Iterator[Stranger]:
    for one in extensions:
        have = packages.get(one.distribution, "")
        wants = built_for(one, have) if is_version(have) else None
        if wants is not None and not in_range(wants, tensorflow):
            yield Stranger(extension=one, version=have, wants=wants, tensorflow=tensorflow)


def built_for(extension: Extension, version: str) -> str | None:
    """Return which TensorFlow a version of an extension is for, as a range; None: nobody knows."""
    if extension.same_minor:
        return f"=={minor(version)}.*"
    return next((pair.tensorflow for pair in extension.pairs if in_range(pair.versions, version)), None)
