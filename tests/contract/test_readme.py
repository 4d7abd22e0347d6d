"""README says what is true: its table is the matrix's, its commands and exit codes are the program's."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from support.cli import Tfsetup
from tfsetup.cli.commands import COMMANDS
from tfsetup.errors import Code
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.report.matrix import support_table

README = (Path(__file__).parents[2] / "README.md").read_text(encoding="utf-8")


def _between(name: str) -> str:
    found = re.search(rf"<!-- {name} -->\n(.*?)<!-- /{name} -->", README, re.DOTALL)
    assert found is not None, name
    return found[1].strip()


def test_the_support_table_is_rendered_from_the_matrix() -> None:
    # To bring it up to date: tfsetup matrix show --markdown, between the two comments.
    assert _between("support-table") == support_table(read_matrix()).strip()


def test_every_exit_status_is_listed() -> None:
    listed = {int(number) for number in re.findall(r"^\| (\d+) \|", README, re.MULTILINE)}
    assert listed == {0, *(code.exit_status for code in Code)}


def test_every_command_is_named() -> None:
    table = README.partition("## Commands")[2].partition("\n## ")[0]
    assert [name for name in COMMANDS if f"`{name}" not in table and f"tfsetup {name}" not in table] == []


@pytest.mark.parametrize("name", ["install", "again", "resolve", "preflight", "conda", "doctor"])
def test_real_output_is_shown(name: str) -> None:
    shown = _between(f"output:{name}")
    assert shown.startswith("```console\n$ ")
    assert shown.endswith("```")


def test_what_resolve_prints_is_what_readme_shows(tfsetup: Tfsetup, host_file: object) -> None:
    assert callable(host_file)
    ran = tfsetup("resolve", "--host", host_file("macos-14-m3"))
    shown = _between("output:resolve").splitlines()
    assert shown[2:-1] == ran.out.rstrip().splitlines()
