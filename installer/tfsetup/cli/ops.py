"""`tfsetup ops`: what will a machine's plugin leave to the CPU?"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer

from tfsetup.cli.options import HostFile, Json, PythonVersion, Tensorflow
from tfsetup.cli.session import begun
from tfsetup.errors import Code
from tfsetup.matrix.model import Ask


def ops(
    ctx: typer.Context,
    model: Annotated[
        Path, typer.Argument(metavar="MODEL", help="A SavedModel; with --prefix a Keras file or module:function.")
    ],
    signature: Annotated[
        str | None, typer.Option("--signature", metavar="NAME", help="What is counted; default: serving_default.")
    ] = None,
    prefix: Annotated[
        Path | None,
        typer.Option(
            "--prefix", metavar="DIR", help="The environment whose TensorFlow runs a model that is no SavedModel."
        ),
    ] = None,
    tensorflow: Tensorflow = None,
    python: PythonVersion = None,
    strict: Annotated[bool, typer.Option("--strict", help="Exit with 9 when anything cannot be decided.")] = False,
    as_json: Json = False,
    host: HostFile = None,
) -> None:
    """Say which operations of a model a machine's plugin leaves to the CPU."""
    from tfsetup.report.ops import ops_lines
    from tfsetup.workflows import ops as course

    session = begun(ctx, "ops", json=as_json, host=host)
    ask = Ask(tensorflow=tensorflow, python=python)
    found = course.ops(model, host, ask, signature=signature, prefix=prefix, matrix=session.matrix, told=session.say)
    code = Code.UNDECIDED if found.unjudged or (strict and found.undecided) else None  # nothing seen is never a yes
    session.answer(found, lambda: session.show(*ops_lines(found, width=session.width)), code=code)
