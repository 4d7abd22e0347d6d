"""What glibc says of a file that it refuses, or does not find, and what is said where it ends without a word."""

from __future__ import annotations

from tfsetup.loader.bytes import MalformedImage
from tfsetup.loader.glibc.map import Map
from tfsetup.loader.glibc.search import NO_FILE, Refusal, Skip
from tfsetup.loader.glibc.system import System
from tfsetup.loader.model import Failed, Kind, LoadFailure, NotCovered


def refused(refusal: Refusal, name: str, loader: Map) -> LoadFailure:
    """Word a file that ended the search for `name`, which `loader` needs or opens."""
    image = refusal.path or loader.path
    return LoadFailure(kind=refusal.kind, image=image, message=str(refusal), library=name)


def not_found(passed: Skip, name: str, loader: Map, bits: int) -> LoadFailure:
    """Word a search that found nothing; what was passed over says whether the architecture is to blame.

    `bits` are those of the process.
    """
    text = NO_FILE if passed is Skip.NOWHERE else f"{NO_FILE}: No such file or directory"
    if passed is Skip.OTHER_CLASS:
        text = f"wrong ELF class: ELFCLASS{96 - bits}"
    kind: Kind = "library-not-found" if passed in (Skip.MISSING, Skip.NOWHERE) else "wrong-architecture"
    return LoadFailure(kind=kind, image=loader.path or name, message=f"{name}: {text}", library=name)


def preloaded(system: System) -> tuple[NotCovered, ...]:
    """Tell of what LD_PRELOAD brings into every process, before anything else: nobody has looked at it."""
    reason = f"LD_PRELOAD is set to `{system.preload}`; what that defines or replaces is not looked at"
    return (NotCovered(reason=reason),) if system.preload.strip(" :") else ()


def killed(name: str, path: str, error: MalformedImage) -> LoadFailure:
    """Word the end of a process that no loader words: a signal while a damaged file is read."""
    return LoadFailure(
        kind="malformed-image", image=path, message=f"{name}: the process is killed while loading it: {error.reason}"
    )


class Dying:
    """Around readings the loader makes of a mapped file: where ours stop, the process is killed."""

    def __init__(self, entry: Map) -> None:
        """Remember which file is read."""
        self._entry = entry

    def __enter__(self) -> None:
        """Begin to read."""

    def __exit__(self, kind: object, error: BaseException | None, trace: object) -> None:
        """End the dlopen where the reading ended.

        Raises:
            Failed: the file is damaged.
        """
        if isinstance(error, MalformedImage):
            raise Failed(killed(self._entry.name, self._entry.path, error)) from error
