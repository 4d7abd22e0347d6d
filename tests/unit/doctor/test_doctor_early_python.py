"""The doctor answers the same in every Python 3.11 at hand: early ones match some patterns wrongly (gh-106052).

Debian 12's `python3` is 3.11.2. Where there is none, tests/architecture/test_patterns.py is what holds.
"""

from __future__ import annotations

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from pathlib import Path

import pytest

from support.doctor import log_cases
from tfsetup.doctor.redaction import redact

TESTS = Path(__file__).parents[2]
SECRETS = (
    "before\n-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAAB3Nz\n-----END OPENSSH PRIVATE KEY-----\nafter",
    "before\nmachine index.example\n  login alice\n  password abcdefg1\nafter",
    "https://a.example/x, a.example. A.EXAMPLE:443 https://u:pa/ss@b.example/x",
)
ASKED = 40
_CHILD = """
import json, sys
asked = json.load(sys.stdin)
sys.path[:0] = asked["path"]
from support.doctor import log_cases
from tfsetup.doctor.redaction import redact
causes = [[found.cause for found in case.diagnose().findings] for case in log_cases()[:: asked["step"]]]
json.dump([causes, [redact(text) for text in asked["secrets"]]], sys.stdout)
"""


def _pythons() -> list[str]:
    """Return this interpreter and the system's of the same minor version, which can load the same packages."""
    name = "python{}.{}".format(*sys.version_info)
    found = shutil.which(name, path=os.pathsep.join((os.defpath, "/usr/local/bin")))
    return [sys.executable, *([found] if found and not Path(found).samefile(sys.executable) else [])]


@pytest.mark.process
@pytest.mark.parametrize("python", _pythons())
def test_every_python_of_this_version_gives_the_same_answers(python: str) -> None:
    cases = log_cases()
    step = max(1, len(cases) // ASKED)
    path = [str(TESTS), str(TESTS.parent / "installer"), sysconfig.get_path("purelib"), sysconfig.get_path("platlib")]
    asked = json.dumps({"path": path, "step": step, "secrets": SECRETS})
    child = subprocess.run([python, "-I", "-c", _CHILD], input=asked, capture_output=True, text=True, check=False)
    assert child.returncode == 0, child.stderr
    causes, redacted = json.loads(child.stdout)
    assert len(causes) >= ASKED
    assert causes == [[found.cause for found in case.diagnose().findings] for case in cases[::step]]
    assert redacted == [redact(text) for text in SECRETS]
    assert redacted == [
        "before\n<secret>\nafter",
        "before\nmachine <host>\n  <secret>\nafter",
        "https://<host>/x, <host>. <host>:443 https://<secret>@<host>/x",
    ]
