"""What the probe may ask of a machine, as a protocol: the real one is in `probe`, a recorded one in the tests.

Everything that detects goes through a `World`, so that the recorded answers of a Mac, of WSL or of Windows run through
the very code that will run there.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Generic, Never, Protocol, TypeVar

from tfsetup.ground.values import value

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)
Later = Callable[[], T]  # something that was started already and is waited for when called


@value
class Fact(Generic[T_co]):
    """A value (None: could not tell) and where it came from, or why it could not be told."""

    value: T_co | None
    source: str


def unknown(source: str) -> Fact[Never]:
    """Return a fact that could not be told, and why."""
    return Fact(value=None, source=source)


@value
class Output:
    """What a command answered. `problem` says in words why it could not be run to its end; None: it ended by itself.

    `remembered`: the answer is from an earlier run, and the program's file has not changed since.
    """

    status: int | None = None
    stdout: str = ""
    stderr: str = ""
    problem: str | None = None
    remembered: bool = False

    @property
    def ok(self) -> bool:
        """Whether the command ran to its end and called it a success."""
        return self.problem is None and self.status == 0

    @property
    def trouble(self) -> str:
        """Why there is no answer, in a few words."""
        if self.problem is not None:
            return self.problem
        words = next((line.strip() for line in (self.stderr or self.stdout).splitlines() if line.strip()), "")
        return f"exit status {self.status}" + (f": {words[:120]}" if words else "")


@value
class Process:
    """What the running interpreter knows about itself and its system without asking anybody.

    `platform` is `sys.platform`; `machine` is `uname -m` (Windows: `PROCESSOR_ARCHITECTURE`) as this process sees it,
    which under Rosetta or emulation is not the hardware's; `bits` the pointer size; `glibc` `CS_GNU_LIBC_VERSION`;
    `page_size` the bytes of a page; `executable` the base interpreter (not the one of a venv). The last three are
    Windows only: the build such as `10.0.22631`, the machine number of `IsWow64Process2`, and the
    `IsProcessorFeaturePresent` numbers that are set.
    """

    platform: str
    machine: str
    bits: int = 64
    glibc: str | None = None
    page_size: int | None = None
    executable: str | None = None
    windows_version: str | None = None
    windows_machine: int | None = None
    windows_features: frozenset[int] | None = None


class World(Protocol):
    """A machine that can be asked. No method raises: what cannot be had is None, empty or an `Output.problem`."""

    @property
    def process(self) -> Process:
        """The running interpreter."""

    @property
    def env(self) -> Mapping[str, str]:
        """The environment variables."""

    def start(
        self,
        argv: Sequence[str],
        *,
        limit_s: float = 5.0,
        env: Mapping[str, str] | None = None,
        program: str | None = None,
    ) -> Later[Output]:
        """Start a command now, wait for it later; it is ended after `limit_s` seconds.

        `env`, when given, is its whole environment. `program` says that a successful answer depends on nothing but
        that file, so that one of an earlier run will do.
        """

    def read(self, path: str, *, limit: int = 4_000_000) -> bytes | None:
        """Return at most the first `limit` bytes of a file; None when it is not there or may not be read."""

    def exists(self, path: str) -> bool:
        """Whether a file or folder is there."""

    def listdir(self, path: str) -> tuple[str, ...]:
        """Return the sorted names in a folder; empty when it is not there or may not be read."""

    def realpath(self, path: str) -> str:
        """Follow symbolic links to the end."""

    def cwd(self) -> str:
        """Return the current folder."""

    def find_uv(self) -> str | None:
        """Return the path of the uv that tfsetup would run."""

    def resolves(self, name: str, *, limit_s: float) -> Later[bool | None]:
        """Start to look a host name up; the answer is None when the time limit passed first."""


def text(raw: bytes | None) -> str | None:
    """Decode what a file said; bytes that are no UTF-8 are kept visible instead of raising."""
    return None if raw is None else raw.decode("utf-8", "backslashreplace")


def now(value: T) -> Later[T]:
    """Wrap an answer that is known already, where one that takes time is expected."""
    return lambda: value
