"""A lock never holds a file that an index leads to over plain http."""

from __future__ import annotations

import pytest

from support.matrix import shipped
from tfsetup.errors import UsageError
from tfsetup.locks.order import Order
from tfsetup.locks.run import Finished
from tfsetup.locks.venv.solve import solve
from tfsetup.locks.venv.targets import targets_for
from tfsetup.matrix.model import Ask

ROW = next(row for row in shipped().rows if row.id == "linux-x86_64-cpu")
LOCK = """lock-version = "1.0"
created-by = "uv"

[[packages]]
name = "six"
version = "1.5"
wheels = [{{ url = "{url}/six-1.5-py3-none-any.whl", hashes = {{ sha256 = "{sha}" }} }}]
"""


def solved(monkeypatch: pytest.MonkeyPatch, url: str) -> str:
    text = LOCK.format(url=url, sha="0" * 64)
    monkeypatch.setattr("tfsetup.locks.venv.solve.run_uv", lambda *_, **__: Finished(stdout=text, stderr=""))
    return solve(targets_for(ROW, Order(ask=Ask()), shipped(), locked={})[0].selection).text


@pytest.mark.parametrize("url", ["https://files.test/a", "http://127.0.0.1:8080/a"])
def test_a_file_over_https_or_of_this_machine_is_locked(monkeypatch: pytest.MonkeyPatch, url: str) -> None:
    assert url in solved(monkeypatch, url)


def test_a_file_over_plain_http_is_refused_unless_its_host_is_allowed(monkeypatch: pytest.MonkeyPatch) -> None:
    with pytest.raises(UsageError, match=r"http://files\.test/a/six-1\.5-py3-none-any\.whl is neither https"):
        solved(monkeypatch, "http://files.test/a")
    monkeypatch.setenv("UV_INSECURE_HOST", "files.test")
    assert "http://files.test/a" in solved(monkeypatch, "http://files.test/a")
