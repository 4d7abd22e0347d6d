"""A report for a bug tracker holds no name, home folder, host or secret."""

from __future__ import annotations

import json

from support.doctor import knowledge
from tfsetup.doctor.bundle import bundle
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.model import Evidence, Observation
from tfsetup.host.model import Cpu, Gpu, Host, Libc, Python

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
    assert (report["host"], report["log_tail"], report["diagnosis"]["healthy"]) == ({}, [], False)


def test_of_a_long_log_the_end_is_sent() -> None:
    evidence = Evidence(log="\n".join(str(n) for n in range(1000)))
    report = json.loads(bundle(evidence, diagnose(evidence, knowledge()), version="1.0"))
    assert (report["log_lines"], len(report["log_tail"]), report["log_tail"][-1]) == (1000, 400, "999")


NETRC = "before\nmachine index.example\n  login alice\n  password abcdefg1\nafter"
KEY = "-----BEGIN OPENSSH PRIVATE KEY-----\nb3BlbnNzaC1rZXk\nAAAAB3Nz\n-----END OPENSSH PRIVATE KEY-----\nafter"


def test_secrets_of_several_lines_are_taken_out_whole() -> None:
    for log in (NETRC, KEY):
        evidence = Evidence(log=log)
        report = json.loads(bundle(evidence, diagnose(evidence, knowledge()), version="1.0"))
        assert report["log_tail"][-1] == "after"
        assert "abcdefg1" not in str(report)
        assert "b3Blbn" not in str(report)


def test_a_secret_that_begins_above_the_tail_is_taken_out_too() -> None:
    lines = ["-----BEGIN RSA PRIVATE KEY-----", *(["MIIEpAIBAAKCAQEA"] * 500), "-----END RSA PRIVATE KEY-----", "after"]
    evidence = Evidence(log="\n".join(lines))
    report = json.loads(bundle(evidence, diagnose(evidence, knowledge()), version="1.0"))
    assert report["log_tail"] == ["<secret>", "after"]


def test_findings_and_observations_are_cleaned_like_the_log() -> None:
    evidence = Evidence(
        log="ERROR: Could not install packages due to an OSError: [Errno 28] No space left on device "
        "from https://alice:abcdefg1@index.example/simple",
        observations=(Observation(check="disk-full", subject="/", detail="UV_PASSWORD=abcdefg1 in /Users/alice/x"),),
    )
    text = bundle(evidence, diagnose(evidence, knowledge()), version="1.0")
    assert "abcdefg1" not in text
    assert "alice" not in text
    assert json.loads(text)["diagnosis"]["findings"][0]["cause"] == "disk-full"


def test_the_host_of_an_index_is_in_no_part_of_the_report() -> None:
    evidence = Evidence(
        log="Looking in indexes: https://pip.corp.example/simple\nERROR: Hash mismatch for 'https://pip.corp.example/x'",
        observations=(Observation(check="disk-full", subject="/", detail="full of pip.corp.example"),),
        packages={"tool": "1.0"},
    )
    text = bundle(evidence, diagnose(evidence, knowledge()), version="1.0")
    assert "corp" not in text
    assert json.loads(text)["observations"] == ["disk-full: full of <host>"]
    assert json.loads(text)["diagnosis"]["findings"]


def test_a_host_behind_a_password_is_known_in_every_part() -> None:
    evidence = Evidence(
        log="--index-url https://first.last:abcdefg1@pip.corp.example/simple",
        observations=(Observation(check="disk-full", subject="/", detail="full of pip.corp.example"),),
    )
    text = bundle(evidence, diagnose(evidence, knowledge()), version="1.0")
    assert not [word for word in ("corp", "first.last", "abcdefg1") if word in text]


def test_names_of_packages_and_words_of_metadata_are_cleaned_too() -> None:
    evidence = Evidence(
        packages={
            "x @ https://bob:abcdefg1@pip.corp.example/x.whl": "1.0\x9b31m",
            "numpy": "https://pip.corp.example/n",
        },
        observations=(Observation(check="disk-full", subject="/", detail="a\u202eb\x9b2J\x1b[31mc"),),
    )
    text = bundle(evidence, diagnose(evidence, knowledge()), version="1.0")
    assert json.loads(text)["packages"] == {"numpy": "https://<host>/n", "x @ https://<secret>@<host>/x.whl": "1.031m"}
    assert json.loads(text)["observations"] == ["disk-full: ab2Jc"]


def test_our_own_words_stay_for_a_user_who_is_called_like_one() -> None:
    text = bundle(EVIDENCE, diagnose(EVIDENCE, knowledge()), version="1.0", names=("arch", "diagnosis"))
    assert json.loads(text)["host"]["arch"] == "x86_64"
    assert json.loads(text)["diagnosis"]["findings"]


def test_a_secret_behind_a_blank_is_in_no_part_of_the_report() -> None:
    evidence = Evidence(
        log="aws_secret_access_key wJalrXUtnFEMIK7MDENG\nthe password is hunter2\nTraceback\nKeyError: 1"
    )
    text = bundle(evidence, diagnose(evidence, knowledge()), version="1.0")
    assert "wJalr" not in text
    assert "hunter2" not in text


def test_one_endless_line_is_sent_as_its_end() -> None:
    evidence = Evidence(log="x" * 2_000_000 + " token=abcdefg1 end")
    text = bundle(evidence, diagnose(evidence, knowledge()), version="1.0")
    assert len(text) < 600_000
    assert text.rstrip().endswith('token=<secret> end"\n ]\n}')
