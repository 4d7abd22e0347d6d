"""The cases of tests/cases/loader/macho-*: a macOS process, tiny files, and what dlopen says, word for word."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from support.macho import BUNDLE, EXECUTE, Offered, Plan, Wanted, build, fat
from support.source import read_yaml
from support.tree import Tree
from tfsetup.loader.dyld.process import DyldProcess
from tfsetup.loader.dyld.words import Mac
from tfsetup.loader.model import Mode
from tfsetup.loader.shipped import load_system

CASES = Path(__file__).parents[2] / "cases" / "loader"
TYPES = {"bundle": BUNDLE, "executable": EXECUTE}
KEYS = {"title", "source", "mac", "files", "folders", "links", "open"}


def cases() -> list[Path]:
    return sorted(CASES.glob("macho-*/case.yaml"))


def plan_of(path: str, spec: dict[str, Any]) -> Plan:
    """Turn the `image` of a case into a plan; the UUID is made from the path, so that messages can name it."""
    values = {key.replace("-", "_"): value for key, value in spec.items()}
    values["dylibs"] = tuple(_dylib(each) for each in values.get("dylibs", ()))
    values["imports"] = tuple(Wanted(**_symbol(each)) for each in values.get("imports", ()))
    values["exports"] = tuple(Offered(**_symbol(each)) for each in values.get("exports", ()))
    values["file_type"] = TYPES.get(values.pop("type", ""), Plan.file_type)
    return replace(Plan(name=path), **values)


def content_of(path: str, spec: dict[str, Any]) -> bytes:
    match spec:
        case {"text": str(text)}:
            return text.encode()
        case {"hex": str(digits)}:
            return bytes.fromhex(digits)
        case {"fat": list(images)}:
            plans = [plan_of(path, image) for image in images]
            return fat(*((plan.arch, build(plan)) for plan in plans))
        case {"image": dict(image), **rest}:
            return _damaged(build(plan_of(path, image)), rest)
        case _:
            raise AssertionError(f"{path}: {spec}")


def _dylib(each: str | dict[str, str]) -> tuple[str, str]:
    return (each, "normal") if isinstance(each, str) else next(iter(each.items()))


def _symbol(each: str | dict[str, Any]) -> dict[str, Any]:
    return {"symbol": each} if isinstance(each, str) else each


def _damaged(data: bytes, damage: dict[str, Any]) -> bytes:
    for at, value in damage.get("change", {}).items():
        data = data[:at] + bytes((value,)) + data[at + 1 :]
    return data[: damage.get("cut", len(data))]


def mode_of(words: str) -> Mode:
    parts = words.split()
    scope = next((part for part in parts if part in ("local", "global")), None)
    return Mode(now="lazy" not in parts, scope="local" if scope == "local" else "global" if scope else None)


def uuids(text: str, files: dict[str, Any]) -> str:
    """Replace `<uuid of PATH>` in an expected message by the UUID of the image made for PATH."""
    for path in files:
        text = text.replace(f"<uuid of {path}>", f"<{Plan(name=path).uuid}>")
    return text


@pytest.mark.parametrize("path", cases(), ids=lambda path: path.parent.name)
def test_case(path: Path) -> None:
    case = read_yaml(path.read_text("utf-8"))
    assert set(case) <= KEYS
    mac = dict(case["mac"])
    version = tuple(int(part) for part in str(mac.pop("version")).split("."))
    assert len(version) == 2
    settings: dict[str, Any] = {key: tuple(v) if isinstance(v, list) else v for key, v in mac.items()}
    files = {name: content_of(name, spec) for name, spec in case["files"].items()}
    tree = Tree(files, case.get("folders", ()), case.get("links"))
    process = DyldProcess(Mac(version=version, **settings), tree, load_system())
    for step in case["open"]:
        failure = process.dlopen(step["path"], mode_of(step.get("mode", "")), caller=step.get("caller"))
        expected = step["error"] and uuids(step["error"], case["files"])
        assert (failure.message if failure else None) == expected
        if failure and "kind" in step:
            assert failure.kind == step["kind"]
        if failure:
            assert failure.symbol == step.get("symbol")


def test_every_numbered_vector_has_a_case() -> None:
    numbers = {path.parent.name.split("-")[1] for path in cases()}
    wanted = [
        "01",
        "03",
        "05",
        "07",
        "09",
        "11",
        "13",
        "15",
        "16",
        "17",
        "19",
        "20",
        "21",
        "23",
        "25",
        "27",
        "29",
        "31",
        "32",
        "33",
        "35",
        "37",
        "39",
        "41",
    ]
    assert set(wanted) <= numbers
