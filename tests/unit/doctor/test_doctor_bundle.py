"""A report for a bug tracker holds no name, home folder, host or secret."""

from __future__ import annotations

import json

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from tfsetup.doctor.bundle import bundle, owners, redact
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.gather import knowledge
from tfsetup.doctor.model import Evidence, Observation
from tfsetup.host.model import Cpu, Gpu, Host, Libc, Python


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("/home/alice/x/lib.so", "~/x/lib.so"),
        ("/Users/alice.b/venv", "~/venv"),
        (r"C:\Users\Alice\venv", r"~\venv"),
        (r"C:\\Users\\Alice\\venv", r"~\\venv"),
        ("/home/alice/x run by alice", "~/x run by <user>"),
        ("malice of /home/alice", "malice of ~"),
        ("token=abc123def", "token=<secret>"),
        ("API_KEY: 'abc123def'", "API_KEY: '<secret>'"),
        ('{"password": "hunter2!"}', '{"password": "<secret>"}'),
        ("Authorization: Bearer abc.def-123456", "Authorization: Bearer <secret>"),
        ("ghp_0123456789abcdef", "<secret>"),
        ("hf_abcdefghijklmnop and pypi-AgEIcHlwaS5vcmcabc", "<secret> and <secret>"),
        ("AKIAIOSFODNN7EXAMPLE", "<secret>"),
        ("eyJhbGciOiJIUzI1.eyJzdWIiOiIxMjM0.abc", "<secret>"),
        ("https://bob:pw@index.example/simple", "https://<secret>@index.example/simple"),
        ("https://abcdef0123456789@index.example/simple", "https://<secret>@index.example/simple"),
        ("mail alice@example.com now", "mail <email> now"),
        ("alice@box:~/x$ pip", "<user>@<host>:~/x$ pip"),
        (
            "not appear to be running on this host (DESKTOP-1): /proc",
            "not appear to be running on this host (<host>): /proc",
        ),
        ("diagnostic information for host: box1", "diagnostic information for host: <host>"),
        ("http://10.1.2.3:8080/simple", "http://<address>:8080/simple"),
        ("tensorflow==2.19.1 max_tokens=5", "tensorflow==2.19.1 max_tokens=5"),
        ("cublas 12.5.3.2 sha256:abcdef0123456789abcdef", "cublas 12.5.3.2 sha256:abcdef0123456789abcdef"),
    ],
)
def test_what_is_taken_out(text: str, expected: str) -> None:
    assert redact(text) == expected


def test_given_names_go_wherever_they_stand() -> None:
    assert redact("alice on mybox", names=("alice", "mybox")) == "<user> on <user>"


def test_homes_that_belong_to_nobody_are_no_names() -> None:
    assert owners("/Users/Shared/x /home/runner/y /home/bob/z") == {"bob"}


EVIDENCE = Evidence(
    log="alice ran it\n/home/alice/.venv/x: ModuleNotFoundError: No module named 'tensorflow'\ntoken=abcdefg\n",
    host=Host(
        os="linux", os_version="ubuntu 24.04", arch="x86_64", libc=Libc(name="glibc", version="2.39"),
        cpu=Cpu(brand="X", features=("avx",)), gpus=(Gpu(vendor="nvidia", driver="550.54"),),
        pythons=(Python(version="3.12.4", path="/home/alice/.venv/bin/python"),),
    ),
    packages={"numpy": "2.0", "absl-py": "2.1"},
    observations=(Observation(check="not-installed", subject="tensorflow", detail="nothing in /home/alice/.venv"),),
)  # fmt: skip


def test_the_report_is_json_without_names() -> None:
    text = bundle(EVIDENCE, diagnose(EVIDENCE, knowledge()), version="1.0")
    report = json.loads(text)
    assert "alice" not in text
    assert "abcdefg" not in text
    assert report["log_tail"][0] == "<user> ran it"
    assert report["host"]["pythons"] == ["3.12.4 None ~/.venv/bin/python"]
    assert report["host"]["gpus"] == ["nvidia None 550.54 None"]
    assert list(report["packages"]) == ["absl-py", "numpy"]
    assert report["observations"] == ["not-installed: nothing in ~/.venv"]
    assert report["diagnosis"]["findings"][0]["cause"] == "wrong-python-environment"


def test_a_report_of_nothing() -> None:
    report = json.loads(bundle(Evidence(), diagnose(Evidence(), knowledge()), version="1.0"))
    assert (report["host"], report["log_tail"], report["diagnosis"]["healthy"]) == ({}, [], True)


def test_of_a_long_log_the_end_is_sent() -> None:
    evidence = Evidence(log="\n".join(str(n) for n in range(1000)))
    report = json.loads(bundle(evidence, diagnose(evidence, knowledge()), version="1.0"))
    assert (report["log_lines"], len(report["log_tail"]), report["log_tail"][-1]) == (1000, 400, "999")


@settings(max_examples=50)
@given(st.text(max_size=300))
def test_any_text_is_redacted(text: str) -> None:
    assert "hf_abcdefghijklmnop" not in redact(text + " hf_abcdefghijklmnop")
