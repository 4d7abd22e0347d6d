"""Commands in texts, as they are typed here: hints and fixes are, what others wrote is not."""

from __future__ import annotations

import io

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console, Group
from rich.table import Table
from rich.text import Text

from tfsetup.report.typed import Typed

HERE = Typed(".tool/env/bin/tfsetup", ("install", "doctor", "run"))


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("Build it with `tfsetup install`.", "Build it with `{}` install`.".replace("}` ", "} ")),
        ("`tfsetup --help` lists them, `tfsetup COMMAND --help`.", "`{} --help` lists them, `{} COMMAND --help`."),
        ("   fix: tfsetup install --prefix .venv", "   fix: {} install --prefix .venv"),
        ("    or: tfsetup doctor", "    or: {} doctor"),
        (" hint: see tfsetup doctor", " hint: see {} doctor"),
        (
            "  fix: Make it: tfsetup run -- python; then tfsetup doctor",
            "  fix: Make it: {} run -- python; then {} doctor",
        ),
        ("a\n fix: tfsetup install\nb `tfsetup run`", "a\n fix: {} install\nb `{} run`"),
        ("   fix: tfsetup installs what a lock says", "   fix: tfsetup installs what a lock says"),
        ("   why: $ tfsetup install failed", "   why: $ tfsetup install failed"),
        ("   fix: /opt/tfsetup install; x-tfsetup run", "   fix: /opt/tfsetup install; x-tfsetup run"),
        ("tfsetup is a program", "tfsetup is a program"),
        ("This is a bug in tfsetup (x).", "This is a bug in tfsetup (x)."),
    ],
)
def test_what_advises_is_typed(text: str, shown: str) -> None:
    assert HERE.text(text) == shown.replace("{}", HERE.command)
    assert Typed("tfsetup", ("install",)).text(text) == text


def test_a_path_with_a_backslash_stays_one() -> None:
    assert Typed(r".tool\1\tfsetup", ("run",)).text("`tfsetup run`") == r"`.tool\1\tfsetup run`"


@given(st.text(alphabet="`tfseup install\n:x/", max_size=60))
def test_typed_with_its_own_name_or_without_it_nothing_changes(text: str) -> None:
    assert Typed("tfsetup", ("install",)).text(text) == text
    assert HERE.text(text).count("\n") == text.count("\n")
    assert HERE.text(text).replace(HERE.command, "tfsetup") == text


def printed(part: object) -> str:
    file = io.StringIO()
    Console(file=file, width=100, force_terminal=True, color_system="standard").print(part)
    return file.getvalue()


def characters(text: Text) -> list[tuple[str, object]]:
    """Return each character as it is printed, with its style."""
    segments = Console(width=100).render(text)
    return [(one, str(segment.style)) for segment in segments for one in segment.text]


def test_styles_stay_on_what_they_were_on() -> None:
    text = Text("one\n", style="bold")
    text.append("   fix: tfsetup install", style="green")
    text.append(" and more\n", style="red")
    expected = Text("one\n", style="bold")
    expected.append(f"   fix: {HERE.command} install", style="green")
    expected.append(" and more\n", style="red")
    found = HERE.part(text)
    assert isinstance(found, Text)
    assert characters(found) == characters(expected)


def test_parts_within_parts_are_typed_and_a_table_stays() -> None:
    table = Table("`tfsetup run`")
    found = HERE.part(Group("`tfsetup run`", Group(Text("no `tfsetup doctor`")), table))
    said = printed(found)
    assert f"`{HERE.command} run`\n" in said
    assert f"no `{HERE.command} doctor`" in said
    assert HERE.part(table) is table
    assert HERE.part("`tfsetup run`") == f"`{HERE.command} run`"
