"""The HTML report, drawn by a real browser that has no network."""

from __future__ import annotations

import shutil
import subprocess
from pathlib import Path

import pytest

from support.verify import verdict
from tfsetup.report.page import verify_page

BROWSER = shutil.which("chromium") or shutil.which("google-chrome") or shutil.which("chrome")

pytestmark = pytest.mark.e2e


@pytest.mark.skipif(BROWSER is None, reason="no Chromium on this machine")
@pytest.mark.parametrize("name", ["full-gpu", "no-avx"])
def test_a_real_browser_draws_it_without_network(tmp_path: Path, name: str) -> None:
    page, found = tmp_path / "report.html", verdict(name)
    page.write_text(verify_page(found, found.findings), encoding="utf-8")
    picture = tmp_path / "report.png"
    common = [
        str(BROWSER), "--headless=new", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--disable-dev-shm-usage",
        "--host-resolver-rules=MAP * ~NOTFOUND", f"--user-data-dir={tmp_path / 'profile'}", "--window-size=1100,2400",
        "--virtual-time-budget=5000",
    ]  # fmt: skip
    drawn = subprocess.run([*common, "--dump-dom", page.as_uri()], capture_output=True, text=True, check=True)
    subprocess.run([*common, f"--screenshot={picture}", page.as_uri()], capture_output=True, check=True)
    plots = drawn.stdout.count('role="img"')
    lines = drawn.stdout.count('class="line"')
    assert (plots == 2) is (name == "full-gpu")
    assert (lines >= 8) is (name == "full-gpu")  # two devices, three types, NumPy, and the limits
    assert picture.read_bytes().startswith(b"\x89PNG")
    assert picture.stat().st_size > 30_000  # an empty page of that size is a few kB
