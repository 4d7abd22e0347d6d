"""Windows: make.ps1 read by its syntax tree, since no PowerShell runs here, and make.cmd by its lines."""

from __future__ import annotations

import json
import re
import shlex
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urljoin

import pytest

from support.powershell import (
    AUTOMATIC,
    Script,
    command_name,
    name_of,
    next_statement,
    parameters,
    strings,
    text_of,
    walk,
)
from support.source import ROOT

if TYPE_CHECKING:
    from tree_sitter import Node

pytest.importorskip("tree_sitter", reason="tree-sitter has no wheel for this Python")
pytest.importorskip("tree_sitter_powershell", reason="tree-sitter has no wheel for this Python")

TEXT = (ROOT / "make.ps1").read_text(encoding="utf-8")
MAKEFILE = (ROOT / "Makefile").read_text(encoding="utf-8")
CMDLETS: Mapping[str, list[str]] = json.loads((ROOT / "tests/cases/windows/cmdlets.json").read_text(encoding="utf-8"))
# What the functions that ask an index and unpack it must have done, one after another.
FETCHED = [
    "SecurityProtocol",
    "Get-WheelSource",
    "Invoke-WebRequest @web -OutFile",
    "Get-FileHash",
    "-notcontains $hash",
    "ExtractToDirectory",
    "Move-Item",
]
Rule = Callable[[Script], list[str]]


def syntax_of_5_1(script: Script) -> list[str]:
    """Both PowerShells read it; 5.1 takes a file without a mark for one of the system's old encoding."""
    foreign = sorted(set(text_of(script.root)) - set(map(chr, range(32, 127))) - {"\n"})
    return script.problems() + foreign


def strict_from_the_first_line(script: Script) -> list[str]:
    """An error ends the script and a misspelt name is one, before anything else is done."""
    first = [one for one in walk(script.root) if one.type == "pipeline"][:4]
    wanted = ["Set-StrictMode -Version 2.0", "$ErrorActionPreference = 'Stop'"]
    return [line for line in wanted if line not in [text_of(one) for one in first]]


def known_cmdlets(script: Script) -> list[str]:
    """No alias, nothing that only 7 has: every command is a cmdlet of the list, or a function of this file."""
    own, wrong = script.functions(), []
    for one in script.commands():
        name = command_name(one)
        if name is None or name in own:
            continue
        extra = parameters(one) - set(CMDLETS.get(name, ()))
        wrong += [name] if name not in CMDLETS else [f"{name} -{each}" for each in sorted(extra)]
    return wrong


def programs_are_watched(script: Script) -> list[str]:
    """A program's exit code ends the script, or decides over what it said."""
    wrong = []
    for one in script.commands():
        if one.children[0].type == "command_invokation_operator" or (command_name(one) or "").endswith(".exe"):
            after = next_statement(one)
            said = "" if after is None else text_of(after)
            decides = said.startswith("if ($LASTEXITCODE -eq 0 -and ")
            if said != "if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }" and not decides:
                wrong.append(text_of(one))
    return wrong


def programs_get_lists(script: Script) -> list[str]:
    """What is handed to a program is a list: words in a row would be parameters of PowerShell's own."""
    wrong = []
    for one in script.commands():
        if command_name(one) in {"Invoke-Program", "Invoke-Tfsetup"}:
            wrong += [f"{text_of(one)}: {each}" for each in sorted(parameters(one))]
    return wrong


def names_are_known(script: Script) -> list[str]:
    """Every variable gets a value somewhere that its reader can see (StrictMode ends the script otherwise)."""
    wrong = []
    functions = list(script.functions().values())
    outside = script.assigned() - set().union(*(script.assigned(one) for one in functions))
    top = {name_of(one) for one in walk(script.root) if one.type == "variable" and not _inside(one, functions)}
    wrong += sorted(
        name for name in top if not name.startswith("env:") and name not in _assigned_at_top(script) | AUTOMATIC
    )
    for one in functions:
        wrong += sorted(script.read(one) - script.assigned(one) - outside - _assigned_at_top(script) - AUTOMATIC)
    return wrong


def _inside(node: Node, functions: list[Node]) -> bool:
    return any(one.start_byte <= node.start_byte < one.end_byte for one in functions)


def _assigned_at_top(script: Script) -> set[str]:
    functions = list(script.functions().values())
    found = set()
    for one in walk(script.root):
        if one.type in {"left_assignment_expression", "foreach_statement"} and not _inside(one, functions):
            found |= script.assigned(one)
    return found


def checked_before_used(script: Script) -> list[str]:
    """What came over the network is unpacked after its hash was compared, and not before."""
    body = text_of(script.functions()["Get-Uv"])
    places = [body.find(one) for one in FETCHED]
    refusal = re.search(r"if \(\$hashes -notcontains \$hash\) \{ throw [^}]+\}", body)
    return ([] if refusal else ["no refusal"]) + [
        one for one, here, before in zip(FETCHED[1:], places[1:], places, strict=False) if here < before or before < 0
    ]


def session_is_left_as_it_was(script: Script) -> list[str]:
    """Variables and the working folder are the session's: what is set is noted before, and set back in any case."""
    text = text_of(script.root)
    finally_ = [text_of(one) for one in walk(script.root) if one.type == "finally_clause"][-1]
    noted = {each for one in walk(script.root) if text_of(one).startswith("$given = ") for each in strings(one)}
    changed = set(re.findall(r"\$env:([A-Z_]+) =", text))
    wrong = sorted(changed - noted)
    wrong += [] if "Set-Location -LiteralPath $began.ProviderPath" in finally_ else ["the folder"]
    return wrong + ([] if "foreach ($name in @($before.Keys))" in finally_ else ["the variables"])


RULES: Mapping[str, Rule] = {
    rule.__name__: rule
    for rule in (
        syntax_of_5_1, strict_from_the_first_line, known_cmdlets, programs_are_watched, programs_get_lists,
        names_are_known, checked_before_used, session_is_left_as_it_was,
    )
}  # fmt: skip


@pytest.mark.parametrize("rule", RULES)
def test_a_rule_of_scripts_holds(rule: str) -> None:
    assert RULES[rule](Script(TEXT)) == []


@pytest.mark.parametrize(
    ("rule", "old", "new"),
    [
        ("syntax_of_5_1", "$page = Invoke-WebRequest", "$page = $null ?? Invoke-WebRequest"),
        ("syntax_of_5_1", "    $answer = $page.BaseResponse\n", "    $answer = $page?.BaseResponse\n"),
        ("syntax_of_5_1", "$uv = Get-Uv\n", "$uv = Get-Uv && 'x'\n"),
        ("syntax_of_5_1", "= if ($words.Count) { $words[0] } else { 'help' }", "= $words ? $words[0] : 'help'"),
        ("syntax_of_5_1", "error: $(", "error \u2013 $("),
        ("syntax_of_5_1", "    return $private\n}\n", "    return $private\n"),
        ("strict_from_the_first_line", "$ErrorActionPreference = 'Stop'\n", ""),
        ("strict_from_the_first_line", "Set-StrictMode -Version 2.0\n", ""),
        ("known_cmdlets", "$pinned = Get-Content", "$pinned = gc"),
        ("known_cmdlets", "| Where-Object { $_ })[0]", "| ? { $_ })[0]"),
        ("known_cmdlets", "Invoke-WebRequest @web -OutFile", "Invoke-WebRequest @web -SkipHttpErrorCheck -OutFile"),
        ("known_cmdlets", "Set-Content -NoNewline", "Set-Content -AsByteStream"),
        ("programs_are_watched", "    if ($LASTEXITCODE -ne 0) { exit $LASTEXITCODE }\n", ""),
        ("programs_are_watched", "{ exit $LASTEXITCODE }", "{ exit 1 }"),
        ("programs_are_watched", "if ($LASTEXITCODE -eq 0 -and $said", "if ($said"),
        ("programs_are_watched", "    $uv = Get-Uv\n", "    $uv = Get-Uv\n    & $uv self update\n"),
        ("programs_get_lists", "Invoke-Tfsetup (@('lock', '--check') + $words)", "Invoke-Tfsetup -lock $words"),
        ("names_are_known", "Invoke-Program $uv (@('pip', 'sync')", "Invoke-Program $uvx (@('pip', 'sync')"),
        ("names_are_known", "-contains $address.Host", "-contains $adress.Host"),
        ("names_are_known", "switch ($target) {", "switch ($goal) {"),
        ("checked_before_used", "-notcontains $hash) { throw", "-notcontains $hash) { Out-Null"),
        ("checked_before_used", "if ($hashes -notcontains $hash)", "if (-not $hash)"),
        ("session_is_left_as_it_was", "'UV_DEFAULT_INDEX', 'UV_INDEX'\n", "'UV_DEFAULT_INDEX'\n"),
        ("session_is_left_as_it_was", "    Set-Location -LiteralPath $began.ProviderPath\n", ""),
        ("session_is_left_as_it_was", "foreach ($name in @($before.Keys))", "foreach ($name in @())"),
    ],
)  # fmt: skip
def test_a_rule_is_broken_by_what_breaks_it(rule: str, old: str, new: str) -> None:
    assert TEXT.count(old) == 1, old
    assert RULES[rule](Script(TEXT.replace(old, new))) != []


def test_a_wheel_that_is_unpacked_as_it_came_is_seen() -> None:
    lines = TEXT.splitlines(keepends=True)
    late = next(index for index, line in enumerate(lines) if "ExtractToDirectory" in line)
    came = next(index for index, line in enumerate(lines) if "Invoke-WebRequest @web -OutFile" in line)
    lines.insert(came + 1, lines.pop(late))
    assert checked_before_used(Script("".join(lines))) == ["ExtractToDirectory"]


def test_what_is_pinned_is_found() -> None:
    pinned = (ROOT / "requirements/uv.txt").read_text(encoding="utf-8")
    body = Script(TEXT).functions()["Get-Uv"]
    version, hashes = (re.compile(one) for one in strings(body) if "uv==" in one or "sha256:" in one)
    assert version.findall(pinned) == [pinned.split("==")[1].split()[0]]
    assert len(hashes.findall(pinned)) == pinned.count("--hash=") > 5


def test_the_oldest_uv_is_that_of_the_project() -> None:
    (pattern,) = (one for one in strings(Script(TEXT).functions()["Get-Uv"]) if "uv>=" in one)
    found = re.findall(pattern, (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert len(found) == 1
    assert tuple(map(int, found[0].split("."))) >= (0, 9)


def test_the_pythons_are_those_of_the_project() -> None:
    body = Script(TEXT).functions()["Initialize-Environment"]
    (pattern,) = (one for one in strings(body) if "requires-python" in one)
    found = re.findall(pattern, (ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    assert len(found) == 1
    assert found[0].startswith(">=3.11")


WHEEL = "uv-0.13.9-py3-none-win_amd64.whl"
PAGE = "https://pkgs.example.org/api/simple/uv/"
PAGES = {
    "PyPI": (
        f'<a href="https://files.example.org/6d/{WHEEL}#sha256=00ff" data-core-metadata="sha256=11">{WHEEL}</a><br/>',
        f"https://files.example.org/6d/{WHEEL}",
    ),
    "relative": (f"<a class='x' href='../../packages/{WHEEL}#sha256=00'>{WHEEL}</a>", "/api/packages/" + WHEEL),
    "beside": (f'<a href="{WHEEL}">{WHEEL}</a>', f"/api/simple/uv/{WHEEL}"),
    "signed": (
        f'<a href="https://s.example.org/{WHEEL}?sig=a&amp;se=2#sha256=0">{WHEEL}</a>',
        f"https://s.example.org/{WHEEL}?sig=a&se=2",
    ),
    "JSON": (
        f'{{"files": [{{"filename": "{WHEEL}", "hashes": {{}}, "url": "https://f.example.org/{WHEEL}"}}]}}',
        f"https://f.example.org/{WHEEL}",
    ),
    "JSON, tight": (f'{{"url":"../{WHEEL}","filename":"{WHEEL}"}}', f"/api/simple/{WHEEL}"),
    "not its metadata": (
        f'<a href="{WHEEL}.metadata">{WHEEL}.metadata</a><a href="/p/{WHEEL}">{WHEEL}</a>',
        f"/p/{WHEEL}",
    ),
    "not another architecture": (f'<a href="/p/{WHEEL.replace("amd64", "arm64")}">x</a>', None),
    "not another version": (f'<a href="/p/{WHEEL.replace("0.13.9", "0x13y9")}">x</a>', None),
}


@pytest.mark.parametrize("case", PAGES)
def test_the_wheel_is_found_on_any_page(case: str) -> None:
    page, wanted = PAGES[case]
    before, after = (one for one in strings(Script(TEXT).functions()["Get-WheelSource"]) if "[^" in one and "'#" in one)
    found = re.search(before + re.escape(WHEEL) + after, page)
    got = urljoin(PAGE, found[1].replace("&amp;", "&")) if found else None
    assert got == (wanted and urljoin(PAGE, wanted))


def test_what_the_makefile_takes_away_is_read_from_it() -> None:
    (pattern,) = (one for one in strings(Script(TEXT).root) if one.startswith("^unexport"))
    names = [name for line in re.findall(pattern, MAKEFILE, re.MULTILINE) for name in line.split(" ")]
    assert {"PYTHONHOME", "PYTHONPATH", "VIRTUAL_ENV", "UV_PYTHON"} <= set(names)
    assert all(re.fullmatch("[A-Z_]+", name) for name in names), names


def test_clean_removes_what_the_makefile_removes() -> None:
    (line,) = re.findall(r"^clean:.*\n\t@rm -rf (.*)$", MAKEFILE, re.MULTILINE)
    body = next(
        one for one in walk(Script(TEXT).root) if one.type == "switch_clause" and text_of(one).startswith("'clean'")
    )
    (searched,) = re.findall(r"^\t@find (.*) -name __pycache__", MAKEFILE, re.MULTILINE)
    wanted = [*line.replace("$(TOOL)", ".tool").split(), *searched.split(), "__pycache__"]
    assert strings(body)[1:] == wanted


def test_every_target_is_one_of_the_makefile_and_is_carried_out() -> None:
    root = Script(TEXT).root
    targets = next(strings(one) for one in walk(root) if text_of(one).startswith("$targets = "))
    assert [name for name in targets if not re.search(rf"^{name}:.*## ", MAKEFILE, re.MULTILINE)] == []
    done = {each for one in walk(root) if one.type == "switch_clause_condition" for each in strings(one)}
    assert done == set(targets)


def test_the_checks_are_those_of_the_makefile() -> None:
    said = re.sub(r"[\\'\",@()$+]", " ", text_of(Script(TEXT).functions()["Invoke-Check"])).replace(".exe", "").split()
    for target in ("lint", "types", "architecture", "unit", "e2e"):
        (recipe,) = re.findall(rf"^{target}:.*\n((?:\t.*\n)+)", MAKEFILE, re.MULTILINE)
        for line in recipe.splitlines():
            if "$(DEV)" not in line:
                continue
            words = shlex.split(re.sub(r"\$\$\(\(.*?\)\) ", "", line).partition("$(DEV)/")[2].partition(" >")[0])
            own = {"$(ARGS)", "--workers", "3", "--durations=40", "--durations-min=5", "../pyproject.toml"}
            lost = [word for text in words if text not in own for word in re.split("[ ,]", text)]
            assert [word for word in lost if word.strip("()") not in said] == [], target


def test_the_lock_command_is_that_of_the_makefile() -> None:
    assert "$(if $(findstring conda,$(ARGS)),,--format portable --python all) $(ARGS)" in MAKEFILE
    root = Script(TEXT).root
    body = next(one for one in walk(root) if one.type == "switch_clause" and text_of(one).startswith("'lock'"))
    assert strings(body)[3:7] == ["--format", "portable", "--python", "all"]


def test_readme_types_what_both_powershells_and_cmd_take() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    typed = re.findall(r"^> (.+)$", readme, re.MULTILINE)
    targets = next(strings(one) for one in walk(Script(TEXT).root) if text_of(one).startswith("$targets = "))
    called = re.findall(r"\.\\make\.(?:cmd|ps1) ([a-z-]+)", readme)
    assert len(typed) >= 3
    assert [line for line in typed if "&" in line or "|" in line] == []
    assert set(called) >= {"install", "test"}
    assert [name for name in called if name not in targets] == []


def test_make_cmd_hands_everything_on() -> None:
    lines = (ROOT / "make.cmd").read_bytes().decode("ascii").replace("\r\n", "\n").splitlines()
    assert lines[0] == "@echo off"
    done = [line for line in lines[1:] if not line.startswith("rem ")]
    assert done == [
        "setlocal",
        "set PSModulePath=",
        'powershell -NoLogo -NoProfile -ExecutionPolicy Bypass -File "%~dp0make.ps1" %*',
        "exit /b %ERRORLEVEL%",
    ]


def test_cmd_gets_its_line_ends() -> None:
    rules = (ROOT / ".gitattributes").read_text(encoding="utf-8").splitlines()
    assert "*.cmd text eol=crlf" in rules  # labels and long lines of a batch file go wrong with bare newlines


def test_a_source_distribution_has_both() -> None:
    import tomllib

    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))
    included = project["tool"]["hatch"]["build"]["targets"]["sdist"]["include"]
    assert {"make.ps1", "make.cmd", "Makefile"} <= set(included)
    assert all(Path(ROOT, name).exists() for name in included)
