"""TOML: the values are Python's own parser's, and the texts of a list are found where they stand."""

from __future__ import annotations

import tomllib

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messages import outcome
from tfsetup.errors import InvalidFileError
from tfsetup.ground.marked import InvalidTextError
from tfsetup.ground.marked_toml import load_toml, places_in

DOCUMENT = '''\
a = 1 # [not a table]
"b.c".d = "x, y" # ]
'single'.'#' = 'it "is"'
[project]
dependencies = [
  "pandas>=2", # [why]
  'scipy', ["in"],
]
e = { f = 3.10, g = [[1, 2], [3]], "h i".j = true }
s = """
[no]
k = 1 \\"""
""""
t = \'\'\'[[neither]]\'\'\'\'
dt = 1979-05-27 07:32:00.5
[[p]]
n = 1
[p.sub]
z = -1e5
[[p.of]]
[[p.of]]
q = inf
[[p]]
n = 0x1F
'''


def places(text: str, table: str, key: str | None) -> list[str]:
    """Return line and column of a value and of the texts after it."""
    return [f"{where.line}:{where.column}" for where in places_in(text, "f", table, key)]


@pytest.mark.parametrize(
    ("table", "key", "first", "inside"),
    [
        ("project", None, "4:1", []),
        ("project", "dependencies", "5:16", ["6:3", "7:3", "7:13"]),
        ("project", "s", "10:5", ["10:5", "14:5"]),
        ("project", "t", "14:5", ["14:5"]),
        ("gone", None, "1:1", []),
        ("gone", "a", "1:5", ["2:1"]),
    ],
)
def test_everything_is_found_where_it_stands(table: str, key: str | None, first: str, inside: list[str]) -> None:
    found = places(DOCUMENT, table, key)
    assert found[0] == first
    if key:
        assert found[1 : len(inside) + 1] == inside


@pytest.mark.parametrize(
    ("text", "first", "inside"),
    [
        ('project.dependencies = ["a"]', "1:24", ["1:25"]),
        ('project = { dependencies = ["a"] }', "1:28", ["1:29"]),
        ('[project]\noptional-dependencies = 1\ndependencies=["a"]', "3:14", ["3:15"]),
        ('[project]\nd = "dependencies = [1]" # dependencies = 1\ndependencies = ["a"]', "3:16", ["3:17"]),
        ('[project]\nd = """\ndependencies = [1]\n"""\n  dependencies = [ # "b"\n"a"]', "5:18", ["6:1"]),
        ('  [ project ] # x\n"dependencies" = ["a"]', "1:3", []),
    ],
)
def test_however_the_key_is_written(text: str, first: str, inside: list[str]) -> None:
    tomllib.loads(text)
    assert places(text, "project", "dependencies") == [first, *inside]


strings = st.text("ab\"'#[]{}=,\\ \n", max_size=8).map(lambda text: f'"{_escaped(text)}"')
literals = st.text('ab"#[]{}=,\\ ', max_size=6).map(lambda text: f"'{text}'")
long = st.text("ab'#[]{}=,\n", max_size=6).map(lambda text: f'"""{text}"""')
scalars = strings | literals | long | st.sampled_from(["1", "3.10", "true", "1979-05-27", "-inf", "0xF"])


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@given(st.lists(scalars, max_size=5), st.sampled_from([", ", ",\n", " , # x]\n"]), scalars)
def test_every_text_of_a_list_has_its_place(items: list[str], between: str, before: str) -> None:
    text = f"[project]\nx = {before}\ndependencies = [{between.join(items)}]\n"
    texts = [item for item in tomllib.loads(text)["project"]["dependencies"] if isinstance(item, str)]
    rows = text.split("\n")
    found = places(text, "project", "dependencies")
    assert len(found) == 1 + len(texts)
    for spot in found[1:]:
        line, column = map(int, spot.split(":"))
        assert rows[line - 1][column - 1] in "\"'"


@given(st.text(alphabet="ab=[]{}.,\"'#\n \\1-", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_value_or_a_problem_with_a_place(text: str) -> None:
    found = outcome(lambda: load_toml(text, "f"))
    if isinstance(found, InvalidFileError):
        assert found.where
        assert (found.where.line, found.where.column) >= (1, 1)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("[project\n", "f:1:9: Not valid TOML: Expected ']' at the end of a table declaration."),
        ("a = ", "f:1:5: Not valid TOML: Invalid value."),
        ("a = 1\na = 2\n", "f:2:6: Not valid TOML: Cannot overwrite a value."),
        ("a = [", "f:1:6: Not valid TOML: "),
        ("a = " + "[" * 5000, "f:1:1: Not valid TOML: nested too deep."),
    ],
)
def test_what_is_wrong_is_said_with_its_place(text: str, said: str) -> None:
    with pytest.raises(InvalidTextError) as caught:
        load_toml(text, "f")
    assert f"{caught.value.where}: {caught.value.message}".startswith(said)


def test_a_hint_is_the_caller_s() -> None:
    with pytest.raises(InvalidTextError) as caught:
        load_toml("=", "f", hint="Write it anew.")
    assert caught.value.hint == "Write it anew."
