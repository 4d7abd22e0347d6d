"""Modules and names that a later version took away, and who may still want them. Data of the matrix. Pure.

They went from the standard library, or from a distribution that is locked. Code that still imports them loads with the
rest and ends when it is run; `tfsetup.loader.python.reach` finds such imports by reading.
"""

from collections.abc import Mapping, Sequence

from tfsetup.ground.kinds import Distribution, Module, Prose, Range, Source
from tfsetup.ground.values import value
from tfsetup.ground.versions import in_range, is_version


@value
class Removed:
    """Names that are gone: a module (`pkg_resources`), or an attribute of one (`numpy.bool`).

    They are gone where `distribution` (None: Python itself) is one of `versions`. `instead_from`: distributions that
    put the module back where they are installed (setuptools does so with distutils). `because` goes on after the name:
    what took it away.
    """

    names: tuple[Module, ...]
    versions: Range
    because: Prose
    source: Source
    distribution: Distribution | None = None
    instead_from: tuple[Distribution, ...] = ()


def gone(table: Sequence[Removed], packages: Mapping[str, str], python: str) -> dict[str, Removed]:
    """Return what is gone beside these packages (normalised name → version) on a Python `X.Y`, by its dotted name.

    A distribution that is not among the packages took nothing away: who imports it has another trouble.
    """
    found: dict[str, Removed] = {}
    for entry in table:
        have = python if entry.distribution is None else packages.get(entry.distribution)
        back = any(name in packages for name in entry.instead_from)
        if have is not None and is_version(have) and in_range(entry.versions, have) and not back:
            found |= dict.fromkeys(entry.names, entry)
    return found
