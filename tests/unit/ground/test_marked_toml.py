"""TOML as nodes: the values are Python's own parser's, and each is found where it stands."""

from __future__ import annotations

import tomllib
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.messages import outcome
from tfsetup.errors import InvalidFileError
from tfsetup.ground.marked import InvalidTextError, Node
from tfsetup.ground.marked_toml import compose_toml, load_toml

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


def spots(node: Node, path: str = "") -> dict[str, str]:
    """Return the line and column of key and value by path."""
    found = {path: f"{node.where.line}:{node.where.column}"}
    if node.kind == "sequence":
        for place, item in enumerate(node.value):
            found |= spots(item, f"{path}[{place}]")
    if node.kind == "mapping":
        for key, value in node.value:
            found |= {f"{path}/{key.text}?": f"{key.where.line}:{key.where.column}"} | spots(
                value, f"{path}/{key.text}"
            )
    return found


def plain(node: Node) -> Any:
    if node.kind == "sequence":
        return [plain(item) for item in node.value]
    return {key.text: plain(value) for key, value in node.value} if node.kind == "mapping" else node.value


def test_everything_is_found_where_it_stands() -> None:
    found = spots(compose_toml(DOCUMENT, "f"))
    expected = {
        "/a?": "1:1", "/a": "1:5", "/b.c/d?": "2:7", "/b.c/d": "2:11", "/single/#": "3:16",
        "/project?": "4:2", "/project": "4:1", "/project/dependencies": "5:16",
        "/project/dependencies[0]": "6:3",
        "/project/dependencies[1]": "7:3", "/project/dependencies[2][0]": "7:13", "/project/e/f": "9:11",
        "/project/e/g[0][1]": "9:26", "/project/e/g[1]": "9:30", "/project/e/h i/j?": "9:42",
        "/project/s": "10:5", "/project/t": "14:5", "/project/dt": "15:6", "/p?": "16:3", "/p[0]": "16:1",
        "/p[0]/n": "17:5", "/p[0]/sub": "18:1", "/p[0]/sub/z": "19:5", "/p[0]/of[1]": "21:1", "/p[0]/of[1]/q": "22:5",
        "/project/e/h i/j": "9:46", "/p[1]": "23:1", "/p[1]/n": "24:5",
    }  # fmt: skip
    assert {path: found[path] for path in expected} == expected


def test_the_values_are_those_of_the_parser_and_the_spelling_is_kept() -> None:
    root = compose_toml(DOCUMENT, "f")
    assert plain(root) == tomllib.loads(DOCUMENT)
    project = root.get("project")
    inline = project.get("e") if project else None
    number = inline.get("f") if inline else None
    assert number is not None
    assert (number.text, number.value) == ("3.10", 3.1)


keys = st.text("ab-_1", min_size=1, max_size=3) | st.text("\"'# .[]=é", max_size=3).map(lambda k: f'"{_escaped(k)}"')
strings = st.text("ab\"'#[]{}=,\\ \n", max_size=8).map(lambda text: f'"{_escaped(text)}"')
literals = st.text('ab"#[]{}=,\\ ', max_size=6).map(lambda text: f"'{text}'")
long = st.text("ab'#[]{}=,\n", max_size=6).map(lambda text: f'"""{text}"""')
scalars = strings | literals | long | st.sampled_from(["1", "3.10", "true", "1979-05-27", "-inf", "0xF"])
inner = st.recursive(
    scalars,
    lambda one: (
        st.lists(one, max_size=3).map(lambda items: f"[{', '.join(items)}]")
        | st.lists(one, min_size=1, max_size=3).map(lambda items: "[ # x]\n" + ",\n".join(items) + ",\n]")
    ),
    max_leaves=5,
)
lines = st.lists(
    st.tuples(keys, inner).map(lambda pair: f"{pair[0]} = {pair[1]} # c = [")
    | keys.map(lambda key: f"[t.{key}]")
    | keys.map(lambda key: f"[[u.{key}]]"),
    max_size=6,
)


def _escaped(text: str) -> str:
    return text.replace("\\", "\\\\").replace('"', '\\"').replace("\n", "\\n")


@given(lines.map("\n".join))
def test_any_document_has_a_place_for_every_value(text: str) -> None:
    try:
        expected = tomllib.loads(text)
    except tomllib.TOMLDecodeError:  # a key that stands twice
        return
    root = compose_toml(text, "f")
    assert plain(root) == expected
    rows = text.split("\n")
    for path, spot in spots(root).items():
        if path:
            line, column = map(int, spot.split(":"))
            assert not rows[line - 1][column - 1].isspace()


@given(st.text(alphabet="ab=[]{}.,\"'#\n \\1-", max_size=40) | st.text(max_size=40))
def test_any_text_is_a_node_or_a_problem_with_a_place(text: str) -> None:
    found = outcome(lambda: compose_toml(text, "f"))
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
    for reader in (compose_toml, load_toml):
        with pytest.raises(InvalidTextError) as caught:
            reader(text, "f")
        assert f"{caught.value.where}: {caught.value.message}".startswith(said)


def test_a_hint_is_the_caller_s() -> None:
    with pytest.raises(InvalidTextError) as caught:
        load_toml("=", "f", hint="Write it anew.")
    assert caught.value.hint == "Write it anew."
