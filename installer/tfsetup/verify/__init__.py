"""Does it really run: a stand-alone probe in a child of the target interpreter, and the judgement on its numbers."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:  # whoever wants one file of this room would get all of it: start-up is measured
    from collections.abc import Callable, Sequence
    from pathlib import Path

    from tfsetup.host.model import Host
    from tfsetup.matrix.file.rows import GpuModel
    from tfsetup.matrix.hazards import Hazard
    from tfsetup.matrix.model import Expectation
    from tfsetup.verify.model import Mode, Verification

__all__ = ["verify"]


def verify(
    python: Path,
    *,
    expect: Expectation | None = None,
    host: Host | None = None,
    mode: Mode = "quick",
    sizes: Sequence[int] | None = None,
    dtypes: Sequence[str] | None = None,
    on_progress: Callable[[str], object] | None = None,
    timeout_s: float | None = None,
    patience_s: float | None = None,
    hazards: Sequence[Hazard] = (),
    gpus: Sequence[GpuModel] = (),
) -> Verification:
    """Run the probe with the interpreter `python` and judge what it found.

    `quick` is one float32 sweep, and the checks that catch most; it adds a few seconds to the import. `full` adds the
    other types, larger sizes and the other checks, `thorough` the largest sizes of these. A crash, a hang (`timeout_s`
    seconds for all, `patience_s` for one check) or a wrong result is part of the answer. `hazards` are the matrix's
    known defects, `gpus` the models of GPUs that it knows. A GPU is held against what its chip could do at best.

    Raises:
        InvalidFileError: the table of chips is missing or damaged.
    """
    from tfsetup.host.environ import native_argv
    from tfsetup.matrix.file.disk import read_chips
    from tfsetup.verify.cures import asked
    from tfsetup.verify.elsewhere import elsewhere
    from tfsetup.verify.judge import judge
    from tfsetup.verify.run import run_probe

    outcome = run_probe(
        python,
        mode=mode,
        sizes=sizes,
        dtypes=dtypes,
        on_progress=on_progress,
        timeout_s=timeout_s,
        patience_s=patience_s,
        command=native_argv([str(python.absolute())], rosetta=host.rosetta if host else None),
        asked=asked(expect, hazards),
    )
    return judge(
        outcome, expect, host, mode=mode, hazards=hazards, gpus=gpus, chips=read_chips(),
        elsewhere=elsewhere(outcome, host),
    )  # fmt: skip
