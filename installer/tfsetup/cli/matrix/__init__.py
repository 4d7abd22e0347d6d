"""`tfsetup matrix show · check · update`: read the matrix, prove it, bring it up to date with the index."""

from __future__ import annotations

import typer

from tfsetup.cli.matrix.check import check
from tfsetup.cli.matrix.show import show
from tfsetup.cli.matrix.update import update

matrix = typer.Typer(
    name="matrix",
    help="The distribution matrix: read it, prove it, bring it up to date with the index.",
    no_args_is_help=True,
    add_completion=False,
    rich_markup_mode=None,
    context_settings={"help_option_names": ["-h", "--help"]},
)
for command in (show, check, update):
    matrix.command()(command)
