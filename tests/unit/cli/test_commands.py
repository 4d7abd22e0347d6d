"""The table of commands: complete, and it says of each run whether it changes something or only answers."""

from __future__ import annotations

from typing import Any

import pytest

from tfsetup.cli.app import load_command
from tfsetup.cli.commands import COMMANDS, as_parsed, changes_something, command_in, leaves, own_words

LEAVES = dict(leaves())


def known_to_typer() -> dict[str, Any]:
    """Return the commands that can be run, by their full names, as Typer has them."""
    found: dict[str, Any] = {}
    for name in COMMANDS:
        command = load_command(name)
        parts = getattr(command, "commands", None)
        found |= {f"{name} {part}": of_it for part, of_it in parts.items()} if parts else {name: command}
    return found


def test_the_table_has_every_command_and_no_other() -> None:
    assert list(LEAVES) == list(known_to_typer())


@pytest.mark.parametrize("name", LEAVES)
def test_an_option_that_makes_the_difference_is_one_of_the_command_s(name: str) -> None:
    options = {option for parameter in known_to_typer()[name].params for option in parameter.opts}
    assert set(LEAVES[name].but) <= options


@pytest.mark.parametrize("name", LEAVES)
def test_no_option_that_writes_or_spares_is_forgotten(name: str) -> None:
    telling = {"--dry-run", "--check", "--fix", "--bundle", "--report", "--apply", "--prove", "--prune", "--clear"}
    options = {option for parameter in known_to_typer()[name].params for option in parameter.opts}
    told = {"--prove"} if name == "lock" else set()  # it only proves more of what it writes
    assert (telling & options) - told == set(LEAVES[name].but)


@pytest.mark.parametrize(
    ("words", "changes"),
    [
        ("host", False),
        ("resolve --accelerator cuda", False),
        ("matrix", False),
        ("matrix show", False),
        ("matrix check --offline", False),
        ("matrix check --prove", True),
        ("matrix update", False),
        ("matrix update --apply", True),
        ("install", True),
        ("install --dry-run", False),
        ("install --help", False),
        ("install -h", False),
        ("lock", True),
        ("lock --check", False),
        ("preflight x.whl", False),
        ("verify", False),
        ("verify --report=page.html", True),
        ("doctor --log -", False),
        ("doctor --fix", True),
        ("doctor --bundle=out.zip", True),
        ("run -- tfsetup --help", True),
        ("list", False),
        ("rollback 1", True),
        ("remove 1", True),
        ("gc", True),
        ("--version", False),
        ("--help", False),
        ("explode", False),
        ("", False),
        ("--matrix list install", True),
    ],
)
def test_whether_a_run_changes_something(words: str, changes: bool) -> None:
    argv = words.split()
    assert changes_something(command_in(argv), argv) is changes


@pytest.mark.parametrize(
    ("words", "name"),
    [
        ("-q --matrix host list", "list"),
        ("--matrix", "tfsetup"),
        ("-v matrix --help", "matrix"),
        ("matrix check --offline", "matrix check"),
        ("run -- list", "run"),
        ("-- list", "tfsetup"),
    ],
)
def test_which_command_is_meant(words: str, name: str) -> None:
    assert command_in(words.split()) == name


def test_the_words_behind_two_dashes_are_another_program_s() -> None:
    assert own_words(["run", "--", "program", "--json"]) == ["run"]
    assert own_words(["list", "--json"]) == ["list", "--json"]


def test_prove_run_is_ours_only_before_two_dashes() -> None:
    assert as_parsed(["lock", "--prove=run"]) == ["lock", "--prove-run"]
    assert as_parsed(["lock", "--prove"]) == ["lock", "--prove"]
    assert as_parsed(["run", "--", "lock", "--prove=run"]) == ["run", "--", "lock", "--prove=run"]
