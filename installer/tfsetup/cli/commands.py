"""The table of commands: where each is, its line in `--help`, and whether it changes something or only answers. Pure.

The last part decides what a full or closed stdout means (`tfsetup.cli.streams`): for a command that only answers the
answer is the work, and losing it is a failure; for one that changes something the work is done, or not, all the same.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Final, NamedTuple


class Command(NamedTuple):
    """The function of this name in `tfsetup.cli.<name>`: `line` is the summary in `--help`.

    `changes`: it changes this machine. `but`: options that make it the other kind. `parts` are the commands of a group.
    """

    line: str = ""
    changes: bool = False
    but: tuple[str, ...] = ()
    parts: tuple[tuple[str, Command], ...] = ()


_MATRIX: Final = (
    ("show", Command()),
    ("check", Command(but=("--prove",))),
    ("update", Command(but=("--apply",))),
)

# In the order a newcomer needs them. A command's module is imported when the command runs: `--help` would otherwise pay
# for every option of every command.
COMMANDS: Final = {
    "host": Command("Say what machine this is, each fact with the source it came from."),
    "resolve": Command("Say which TensorFlow goes on this machine, and why."),
    "matrix": Command("The distribution matrix: read it, prove it, bring it up to date with the index.", parts=_MATRIX),
    "install": Command("Put a TensorFlow that really runs onto this machine, and prove it.", True, ("--dry-run",)),
    "lock": Command("Write lock files for every machine of the team, or say which ones are stale.", True, ("--check",)),
    "preflight": Command("Predict from the files alone whether TensorFlow and its plugins will load."),
    "ops": Command("Say which operations of a model a machine's plugin leaves to the CPU."),
    "verify": Command(
        "Load TensorFlow in a fresh interpreter, time a matmul on each device, and check the answers.",
        but=("--report",),
    ),
    "doctor": Command(
        "Say what is wrong and what fixes it, from an environment, a pasted log, or both.", but=("--fix", "--bundle")
    ),
    "run": Command("Run a command inside the environment, as if it were activated.", changes=True),
    "list": Command("List the generations of an environment."),
    "rollback": Command("Point the environment at an earlier generation, without network or delay.", changes=True),
    "remove": Command("Remove one generation that is not the current one.", changes=True),
    "gc": Command("Remove old generations, and what killed runs have left.", changes=True),
    "cache": Command("Say where the caches are and how large, and empty them.", but=("--prune", "--clear")),
    "schema": Command("Print the JSON schema of a command's answer, or of a file."),
}

_ONLY_ANSWER: Final = {"--help", "-h", "--version"}
_WITH_VALUE: Final = {"--matrix"}
"""Global options whose value is the next word, which might be spelt like a command."""


def leaves() -> Iterator[tuple[str, Command]]:
    """Yield every command that can be run, by its full name: `list`, `matrix show`."""
    for name, command in COMMANDS.items():
        if command.parts:
            yield from ((f"{name} {part}", of_it) for part, of_it in command.parts)
        else:
            yield name, command


def own_words(argv: Sequence[str]) -> list[str]:
    """Return the words of a command line that are tfsetup's own: those before `--`."""
    return list(argv[: argv.index("--")] if "--" in argv else argv)


_SPELLED = {"--prove=run": "--prove-run"}


def as_parsed(argv: Sequence[str]) -> list[str]:
    """Return a command line as the parser takes it, which knows no switch that may have a value.

    Words behind `--` are somebody else's.
    """
    own = own_words(argv)
    return [*(_SPELLED.get(word, word) for word in own), *argv[len(own) :]]


def command_in(argv: Sequence[str]) -> str:
    """Return which command a command line names, before anything has parsed it; `tfsetup` where it names none."""
    words = iter(own_words(argv))
    for word in words:
        if word in _WITH_VALUE:
            next(words, None)
        elif word in COMMANDS:
            parts = dict(COMMANDS[word].parts)
            return next((f"{word} {part}" for part in words if part in parts), word)
    return "tfsetup"


def changes_something(name: str, argv: Sequence[str]) -> bool:
    """Tell whether this run of a command changes this machine, rather than only answer. An unknown one only answers."""
    known = dict(leaves()).get(name)
    options = {word.partition("=")[0] for word in own_words(argv)}
    if known is None or options & _ONLY_ANSWER:
        return False
    return known.changes != bool(options & set(known.but))
