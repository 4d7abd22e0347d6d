"""What an installation says in the end."""

from __future__ import annotations

from typing import Any

import pytest

from support.verify import judged
from tfsetup.errors import Code
from tfsetup.host.model import Python
from tfsetup.matrix.model import Selection
from tfsetup.report.install import chosen, next_steps, outcome
from tfsetup.report.result import Result


def _data(**changes: Any) -> dict[str, Any]:
    return {
        "prefix": "/home/you/.venv",
        "generation": 2,
        "row": "linux-x86_64-cpu",
        "requirements": ["alpha==1"],
        "python": "3.12",
        "seconds": {"lock": 1.0, "download": 0.0, "build": 0.5},
        "verify": None,
        "preflight": None,
        "changed": True,
        **changes,
    }


def _lines(data: dict[str, Any], code: Code | None = None) -> list[str]:
    parts = list(outcome(Result(command="install", data=data, code=code), command="tfsetup"))
    assert all(isinstance(part, str) for part in parts)
    return [str(part) for part in parts]


def test_the_choice_is_one_line() -> None:
    selection = Selection(
        installable=True,
        row="macos-arm64-metal",
        python="3.12",
        interpreter=Python(version="3.12.4", path="/opt/homebrew/bin/python3.12"),
        requirements=("alpha==2.19.1", "alpha-metal==1.2.0"),
        reasons=("macos-arm64-metal: Apple silicon, GPU", "the newest"),
    )
    assert chosen(selection) == (
        "alpha==2.19.1, alpha-metal==1.2.0 on Python 3.12 (/opt/homebrew/bin/python3.12): Apple silicon, GPU "
        "[macos-arm64-metal]"
    )


def test_a_python_that_has_yet_to_come_has_no_path() -> None:
    selection = Selection(installable=True, row="r", python="3.13", requirements=("alpha==1",), reasons=("why",))
    assert chosen(selection) == "alpha==1 on Python 3.13: why [r]"


def test_an_installation_ends_with_what_to_type() -> None:
    assert _lines(_data()) == [
        "",
        "/home/you/.venv is ready: linux-x86_64-cpu, generation 2 (lock 1.0 s, build 0.5 s)",
        "  activate   source .venv/bin/activate",
        "  run        tfsetup run -- python your_script.py",
        "  check      tfsetup verify",
        "  go back    tfsetup rollback",
    ]


def test_the_first_generation_has_nothing_to_go_back_to() -> None:
    assert not any("go back" in line for line in _lines(_data(generation=1)))


def test_another_prefix_is_named_in_what_to_type() -> None:
    assert list(next_steps(_data(prefix="/opt/tf"), "tfsetup", windows=False)) == [
        "  activate   source /opt/tf/bin/activate",
        "  run        tfsetup run /opt/tf -- python your_script.py",
        "  check      tfsetup verify /opt/tf",
        "  go back    tfsetup rollback --prefix /opt/tf",
    ]


def test_windows_activates_otherwise() -> None:
    steps = list(next_steps(_data(prefix="C:\\you\\.venv"), "tfsetup", windows=True))
    assert steps[0] == "  activate   C:\\you\\.venv\\Scripts\\activate"


def test_nothing_to_do_says_what_is_there() -> None:
    first = _lines(_data(changed=False))[0]
    assert first == "/home/you/.venv already is linux-x86_64-cpu (alpha==1), generation 2: nothing to do."


def test_a_plan_is_numbered() -> None:
    data = _data(plan=["create", "install"], packages=["alpha==1", "beta==2"], download_bytes=2_500_000)
    assert _lines(data) == [
        "/home/you/.venv would become linux-x86_64-cpu on Python 3.12:",
        "  1. create",
        "  2. install",
        "2 packages, 2.5 MB: alpha==1, beta==2",
        "Nothing was changed (--dry-run).",
    ]


def test_a_refusal_quotes_the_loader_and_says_what_is_unchanged() -> None:
    failure = {
        "kind": "symbol-not-found",
        "image": "plugins/x.dylib",
        "message": "Not found: _f\n  Expected in: y",
    }
    data = _data(refused="This machine would not load it.", preflight={"failures": [failure]})
    assert _lines(data, Code.ANSWER_IS_NO) == [
        "symbol-not-found: plugins/x.dylib",
        "    Not found: _f",
        "      Expected in: y",
        "",
        "Not installed: This machine would not load it.",
        "/home/you/.venv is as it was before.",
    ]


@pytest.mark.parametrize("code", [None, Code.ANSWER_IS_NO])
def test_a_verified_environment_shows_its_devices_first(code: Code | None) -> None:
    verified, findings = judged("cpu-only")
    data = _data(verify=verified | {"findings": findings}, **({"refused": "no"} if code else {}))
    parts = list(outcome(Result(command="install", data=data, code=code), command="tfsetup"))
    assert not isinstance(parts[0], str)
