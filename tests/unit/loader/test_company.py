from __future__ import annotations

import pytest

from support.wheels import wheel
from tfsetup.loader.files.view import WheelView
from tfsetup.loader.python.company import Company
from tfsetup.loader.python.target import Target


@pytest.mark.parametrize(("system", "before"), [("windows", ("torch", "numpy")), ("linux", ("numpy",))])
def test_only_what_this_machine_imports_is_in_the_company(system: str, before: tuple[str, ...]) -> None:
    source = "import sys\nif sys.platform == 'win32':\n    import torch\nimport numpy\n"
    view = WheelView([wheel("p-1.0-py3-none-any.whl", {"p/__init__.py": source})], at="/S")
    target = Target(system=system, arch="x86_64", python="3.11")  # type: ignore[arg-type]  # one of two
    assert Company(view, "/S", {"p", "torch", "numpy"}, target).of(["p"]) == before


@pytest.mark.parametrize(("last", "before"), [("_connect()", ("helper",)), ("connect = _connect", ())])
def test_what_a_called_function_imports_is_in_the_company(last: str, before: tuple[str, ...]) -> None:
    """A package without paths to a library of another imports that one first, in a function that it calls."""
    source = f"import os\n\ndef _connect():\n    from helper import core\n    return core\n\n{last}\n"
    view = WheelView([wheel("p-1.0-py3-none-any.whl", {"p/__init__.py": source})], at="/S")
    assert Company(view, "/S", {"p", "helper"}).of(["p"]) == before
