"""PowerShell as its syntax tree has it, for tests of a script that cannot be run here."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tree_sitter import Node

# What the engine sets by itself: about_Automatic_Variables, and the preferences of about_Preference_Variables.
AUTOMATIC = frozenset({
    "_", "args", "error", "erroractionpreference", "false", "lastexitcode", "matches", "null", "pid",
    "progresspreference", "psscriptroot", "psversiontable", "true",
})  # fmt: skip


class Script:
    """A script and its tree; names are compared in small letters, as PowerShell does."""

    def __init__(self, text: str) -> None:
        import tree_sitter
        import tree_sitter_powershell

        parser = tree_sitter.Parser(tree_sitter.Language(tree_sitter_powershell.language()))
        self.root = parser.parse(text.encode()).root_node

    def problems(self) -> list[str]:
        """Return what is no syntax of Windows PowerShell 5.1, with its line.

        The grammar knows nothing of `??`, `?.` and the ternary, which only 7 has; `&&` and `||` it takes.
        """
        found = [
            f"line {one.start_point[0] + 1}: {text_of(one)!r}"
            for one in walk(self.root)
            if one.is_error or one.is_missing or one.type in {"&&", "||"}
        ]
        return found or (["the whole"] if self.root.has_error else [])

    def functions(self) -> dict[str, Node]:
        """Return the functions by name."""
        return {text_of(one.children[1]): one for one in walk(self.root) if one.type == "function_statement"}

    def commands(self, within: Node | None = None) -> list[Node]:
        """Return every command in the order of the text: cmdlets, functions, programs."""
        return [one for one in walk(within or self.root) if one.type == "command"]

    def assigned(self, within: Node | None = None) -> set[str]:
        """Return the variables that get a value: assignments, parameters, loops."""
        found = set()
        for one in walk(within or self.root):
            if one.type == "left_assignment_expression" and "." not in text_of(one) and "[" not in text_of(one):
                found |= {name_of(each) for each in walk(one) if each.type == "variable"}
            elif one.type == "script_parameter":
                found.add(name_of(next(each for each in walk(one) if each.type == "variable")))
            elif one.type == "foreach_statement":
                found.add(name_of(next(each for each in one.children if each.type == "variable")))
        return found

    def read(self, within: Node | None = None) -> set[str]:
        """Return the variables that are asked for or assigned, without those of the environment."""
        names = {name_of(one) for one in walk(within or self.root) if one.type in {"variable", "braced_variable"}}
        return {name for name in names if not name.startswith("env:")}


def walk(node: Node) -> Iterator[Node]:
    """Yield a node and all below it, in the order of the text."""
    yield node
    for child in node.children:
        yield from walk(child)


def text_of(node: Node) -> str:
    """Return the text of a node."""
    assert node.text is not None
    return node.text.decode()


def name_of(variable: Node) -> str:
    """Return a variable's name: `$Name`, `@name` of a splat, `${name}`, without its scope."""
    return re.sub(r"^(script|global|local):", "", text_of(variable).lstrip("$@").strip("{}").lower())


def command_name(command: Node) -> str | None:
    """Return what a command calls, None where that is a value (`& $program`)."""
    return next((text_of(one) for one in command.children if one.type == "command_name"), None)


def parameters(command: Node) -> set[str]:
    """Return the parameters that a command names."""
    inside = next((one for one in command.children if one.type == "command_elements"), None)
    if inside is None:
        return set()
    return {text_of(one).lstrip("-") for one in inside.children if one.type == "command_parameter"}


def strings(node: Node) -> list[str]:
    """Return the values of the strings in single quotes."""
    return [text_of(one)[1:-1].replace("''", "'") for one in walk(node) if one.type == "verbatim_string_characters"]


def next_statement(node: Node) -> Node | None:
    """Return the statement after the one that a node is in."""
    here: Node | None = node
    while here is not None and (here.parent is None or here.parent.type != "statement_list"):
        here = here.parent
    return here.next_named_sibling if here is not None else None
