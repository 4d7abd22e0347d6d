"""One library out of a wheel, opened as its framework would open it on each macOS. Nothing is run.

XLA opens the plugin of a device with `dlopen(path, RTLD_LAZY)` and looks one name up in it (xla/pjrt/pjrt_api.cc). That
is all that is judged: whether what is called then computes, and rightly, reading cannot tell.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from tfsetup.ground.prefix import site_packages
from tfsetup.host.model import Host
from tfsetup.loader.files.archive import Contents
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import LoadFailure, Mode, NotCovered
from tfsetup.loader.processes import Surroundings, new_process
from tfsetup.loader.shipped import Tables
from tfsetup.matrix.alternatives import Library, Opening
from tfsetup.matrix.machine import fits

ARM: Final = "arm64"
_PREFIX: Final = "/venv"
_LAZY: Final = Mode(now=False)


def openings(
    library: Library, wheel: str, contents: Contents, macos: Sequence[str], python: str, tables: Tables
) -> tuple[Opening, ...]:
    """Return what opening a library comes to on each macOS; `wheel` is the name of the file that holds it.

    `python` is the `X.Y` whose site-packages it would lie in, `tables` what is known of macOS's own libraries.

    Raises:
        MalformedImage: the wheel is damaged.
    """
    site = site_packages(_PREFIX, python, windows=False)
    view = WheelView([(wheel, contents)], at=site)
    return tuple(_on(one, library, wheel, view, site, python, tables) for one in macos)


def _on(macos: str, library: Library, wheel: str, view: WheelView, site: str, python: str, tables: Tables) -> Opening:
    if not fits(wheel.removesuffix(".whl").rpartition("-")[2], "macos", ARM, macos):
        return Opening(macos=macos, verdict="fails", because="its wheel is not for this macOS: nobody installs it")
    host = Host(os="macos", os_version=macos, arch=ARM)
    around = Surroundings(files=view, prefix=_PREFIX, site=site, wheels=(wheel,), **tables)
    process = new_process(machine_of(host, python), host, python, around)
    path = f"{site}/{library.path}"
    failure = process.dlopen(path, _LAZY)
    if failure is not None:
        return Opening(macos=macos, verdict="fails", because=_refused(failure, site))
    if not process.exports(path, library.symbol):
        return Opening(macos=macos, verdict="fails", because=f"{library.path} has no {library.symbol}")
    unsure = [one for one in process.not_covered if one.matters]
    return Opening(
        macos=macos, verdict="undecided" if unsure else "loads", because="; ".join(_unsure(one, site) for one in unsure)
    )


def _refused(failure: LoadFailure, site: str) -> str:
    what = failure.symbol or failure.library or failure.message.partition("\n")[0]
    return f"{failure.kind}: {what}, which {_relative(failure.image, site)} needs"


def _unsure(one: NotCovered, site: str) -> str:
    return f"{_relative(one.image or '', site)}: {one.reason}"


def _relative(path: str, site: str) -> str:
    return path.removeprefix(f"{site}/")
