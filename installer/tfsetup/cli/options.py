"""The options that several commands share, declared once."""

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
Digests = Annotated[
    Path | None,
    typer.Option("--digests", metavar="DIR", help="Digests of wheels that somebody handed on; what they lack is read."),
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
With = Annotated[
    list[str] | None,
    typer.Option("--with", metavar="REQUIREMENT", help="One more package, resolved together with TensorFlow."),
]
RequirementFiles = Annotated[
    list[Path] | None,
    typer.Option(
        "-r", "--requirement", metavar="FILE", help="The same for a requirements.txt, or a pyproject.toml's own."
    ),
]
WithoutCures = Annotated[
    bool,
    typer.Option(
        "--without-cures",
        help="Leave out the variables that prevent known defects of what is chosen: results are wrong.",
    ),
]
Tune = Annotated[
    bool,
    typer.Option(
        "--tune", help="Try which switches make TensorFlow faster on this machine (two minutes), and set those."
    ),
]
TryTuning = Annotated[
    bool, typer.Option("--tune", help="Also try which switches make TensorFlow faster here; nothing is changed.")
]
TuneSeconds = Annotated[
    float, typer.Option("--tune-seconds", metavar="S", min=10, help="How long that may take, about.")
]
IndexUrl = Annotated[
    str | None,
    typer.Option(
        "--index-url", metavar="URL", help="The package index; default: uv's and pip's settings, then theirs."
    ),
]
FromCache = Annotated[bool, typer.Option("--offline", help="Use only what uv's cache holds.")]
LockFile = Annotated[
    Path | None, typer.Option("--lock", metavar="PATH", help="Install exactly what this lock file says.")
]
NoLock = Annotated[bool, typer.Option("--no-lock", help="Resolve, whatever environments/locks and the team file say.")]
UpdateLock = Annotated[bool, typer.Option("--update-lock", help="Write the lock anew when it is stale or missing.")]
NoVerify = Annotated[bool, typer.Option("--no-verify", help="Do not load and time TensorFlow afterwards.")]
NoPreflight = Annotated[bool, typer.Option("--no-preflight", help="Do not predict the native load.")]
DryRun = Annotated[bool, typer.Option("--dry-run", help="Print the plan and change nothing.")]
Replace = Annotated[
    bool, typer.Option("--replace", help="Take the place of an environment that is not tfsetup's, and keep it.")
]
AllowBuild = Annotated[
    bool, typer.Option("--allow-build", help="Let a row that needs it compile a plugin, without asking.")
]


class Dtype(StrEnum):
    """The types a product of matrices can be asked for in; Typer repeats no `Literal`."""

    FLOAT32 = "float32"
    FLOAT16 = "float16"
    BFLOAT16 = "bfloat16"
    FLOAT64 = "float64"
