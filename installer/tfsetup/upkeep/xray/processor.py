"""The emulator itself: a processor, and the numbers of the registers that calls use."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Final

from tfsetup.errors import UsageError

if TYPE_CHECKING:
    from unicorn import Uc

_ARGUMENTS: Final = 8


class Registers:
    """The numbers of the registers that a call uses."""

    def __init__(self) -> None:
        """Look them up."""
        from unicorn import arm64_const as names

        self.arguments = [getattr(names, f"UC_ARM64_REG_X{index}") for index in range(_ARGUMENTS)]
        self.reals = [getattr(names, f"UC_ARM64_REG_D{index}") for index in range(_ARGUMENTS)]
        self.indirect, self.link = names.UC_ARM64_REG_X8, names.UC_ARM64_REG_LR
        self.stack, self.pc = names.UC_ARM64_REG_SP, names.UC_ARM64_REG_PC


def processor() -> Uc:
    """Return an arm64 processor without memory.

    Raises:
        UsageError: the emulator is not installed.
    """
    try:
        from unicorn import UC_ARCH_ARM64, UC_MODE_ARM, Uc, arm64_const
    except ImportError as error:
        raise UsageError(
            "The proof by emulation needs unicorn, which is not installed.",
            hint=f"Install it beside tfsetup: uv pip install --python {sys.executable} 'tfsetup[xray]'",
        ) from error
    found = Uc(UC_ARCH_ARM64, UC_MODE_ARM)
    found.ctl_set_cpu_model(arm64_const.UC_CPU_ARM64_MAX)
    return found
