"""The options that several commands share, declared once (INTERFACE, "Commands")."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from tfsetup.matrix.model import Accelerator, Backend

Json = Annotated[bool, typer.Option("--json", help="Print exactly one JSON document on stdout.")]
HostFile = Annotated[
    Path | None,
    typer.Option(
        "--host",
        metavar="FILE",
        help="Replay the machine described in FILE (JSON), or the plainest one of a matrix row, named by its id.",
    ),
]
Tensorflow = Annotated[
    str | None,
    typer.Option("--tensorflow", metavar="SPEC", help="A version or PEP 440 specifier; default: the newest that fits."),
]
Accel = Annotated[Accelerator, typer.Option("--accelerator", help="What the computation should run on.")]
PythonVersion = Annotated[
    str | None, typer.Option("--python", metavar="X.Y", help="The Python to build on; never replaced by another.")
]
BackendName = Annotated[Backend, typer.Option("--backend", help="What kind of environment to build.")]
Pre = Annotated[bool, typer.Option("--pre", help="Allow pre-releases.")]
Prefix = Annotated[Path, typer.Option("--prefix", metavar="DIR", help="Where the environment appears.")]
WithoutCures = Annotated[
    bool,
    typer.Option(
        "--without-cures",
        help="Leave out the variables that prevent known defects of what is chosen: results are wrong.",
    ),
]
IndexUrl = Annotated[
    str | None,
    typer.Option(
        "--index-url", metavar="URL", help="The package index; default: uv's and pip's settings, then theirs."
    ),
]


class Dtype(StrEnum):
    """The types a product of matrices can be asked for in; Typer repeats no `Literal`."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT64 = "float64"
