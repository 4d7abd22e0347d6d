"""As which architecture a child of this process starts; what it sees of the environment is in `ground.environ`."""

from __future__ import annotations

from collections.abc import Sequence


def native_argv(argv: Sequence[str], *, rosetta: bool | None) -> list[str]:
    """Return the command line that starts `argv` as a native process.

    A universal2 interpreter started by a translated (Rosetta) process runs translated too; `arch -arm64` stops that
    (arch(1) on macOS).
    """
    return ["/usr/bin/arch", "-arm64", *argv] if rosetta else list(argv)
