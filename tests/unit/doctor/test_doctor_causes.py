"""Causes are read strictly: each mistake is a complaint with file, line and column."""

from __future__ import annotations

import pytest

from tfsetup.doctor.causes.read import read_causes
from tfsetup.doctor.model import Rebuild
from tfsetup.errors import InvalidFileError

ENTRY = """\
patterns:
  shared:
  - "shared words"
causes:
- cause: a-cause
  title: A title
  meaning: What it means.
  kind: fatal
  signals:
  - weight: strong
    log: ["text {name} here", $shared]
    also: "another"
    when: [{os: linux, package.numpy: ">=2"}, {python: ">=3.12"}]
  - {weight: supports, when: {arch: [arm64, aarch64], rosetta: true}}
  - {weight: likely, preflight: symbol-not-found, image: plugin}
  - {weight: likely, check: file-missing, subject: tensorflow}
  fixes:
  - {do: "fix {name:version} now", for: [linux, macos], when: {package.pip: present}}
  - {rebuild: {tensorflow: "2.16.2"}, remark: "why {prefix:path}"}
"""


def test_a_whole_entry() -> None:
    [cause] = read_causes({"c.yaml": ENTRY}).causes
    assert (cause.slug, cause.kind, cause.title, cause.meaning) == ("a-cause", "fatal", "A title", "What it means.")
    log, fact, preflight, check = cause.signals
    assert list(log.log) == ["text {name} here", "shared words"]
    assert log.also == (("another",),)
    assert len(log.when) == 2
    assert log.when[0][1].scope == "package"
    assert fact.when[0][0].test == ("arm64", "aarch64")
    assert fact.when[0][1].test is True
    assert (preflight.preflight, preflight.image) == ("symbol-not-found", "plugin")
    assert (check.check, check.subject) == ("file-missing", "tensorflow")
    assert (cause.fixes[0].platforms, cause.fixes[0].rebuild) == (("linux", "macos"), None)
    assert (cause.fixes[1].rebuild, cause.fixes[1].do) == (Rebuild(tensorflow="2.16.2"), " # why {prefix:path}")


@pytest.mark.parametrize(
    ("old", "new", "place", "complaint"),
    [
        ("kind: fatal", "kind: bad", "8:9", "'bad' is not one of fatal, install, degraded, harmless"),
        ("kind: fatal", "knd: fatal", "8:3", "unknown key 'knd'"),
        ("  kind: fatal\n", "", "5:3", "key 'kind' is missing"),
        ("  kind: fatal\n", "  kind: fatal\n  kind: fatal\n", "9:3", "key 'kind' is given twice"),
        ("cause: a-cause", "cause: A Cause", "5:10", "a slug is lower-case words joined by hyphens"),
        ("title: A title", "title: 2.10", "6:10", "must be a text that is not empty (quote numbers)"),
        ("title: A title", "title: ''", "6:10", "must be a text"),
        ("weight: strong", "weight: heavy", "10:13", "'heavy' is not one of"),
        ('"text {name} here"', '"text {Name} here"', "11:11", "pattern: {Name} is no capture, gap or choice"),
        ('"text {name} here"', '"{name}"', "11:11", "pattern: must begin with at least 4 literal characters"),
        ("$shared]", "$other]", "11:31", "no patterns are named 'other'"),
        ("os: linux, ", "sytem: linux, ", "13:13", "unknown fact 'sytem'"),
        ('package.numpy: ">=2"', "package.numpy: two", "13:39", "a package is compared with a version specifier"),
        ("preflight: symbol-not-found", "preflight: broken", "15:33", "'broken' is not one of"),
        (
            "check: file-missing",
            "check: file-missing, log: text here",
            "16:5",
            "a signal has one source, this one has log and check",
        ),
        ("check: file-missing, ", "", "16:5", "needs log, prose, claim, preflight, check, refusal or when"),
        (
            "fix {name:version} now",
            "fix {other:version} now",
            "18:10",
            "{other} is captured by no signal of this cause",
        ),
        ("for: [linux, macos]", "for: [linux, mac]", "18:49", "'mac' is not one of"),
        (
            '  - {rebuild: {tensorflow: "2.16.2"}, remark: "why {prefix:path}"}\n',
            "",
            "18:3",
            "one fix must be for every platform",
        ),
        ("fix {name:version} now", "fix {name} now", "18:10", "{name} needs a type, as in {name:version}"),
        ("fix {name:version} now", "fix {name|it} now", "18:10", "{name} needs a type, as in {name:version}"),
        (
            "fix {name:version} now",
            "fix {name:text} now",
            "18:10",
            "there are name, names, version, minor, range, path",
        ),
        ("fix {name:version} now", "fix it   # {name}", "18:10", "{name} needs a type, as in {name:version}"),
        ("fix {name:version} now", "fix {name:path} now", "18:10", "{name} is no path the doctor looks at"),
        ("fix {name:version} now", "fix {prefix:version} now", "18:10", "{prefix} is captured by no signal"),
        (
            'tensorflow: "2.16.2"',
            "index: x",
            "19:16",
            "unknown key 'index'; known here: tensorflow, accelerator, backend",
        ),
        ('tensorflow: "2.16.2"', "accelerator: tpu", "19:29", "'tpu' is no value of --accelerator"),
        ('tensorflow: "2.16.2"', "tensorflow: VERSION", "19:28", "'VERSION' is no value of --tensorflow"),
        ('tensorflow: "2.16.2"', 'python: "3.12.1"', "19:24", "'3.12.1' is no value of --python"),
        ('tensorflow: "2.16.2"', "backend: pip", "19:25", "'pip' is no value of --backend"),
        ('tensorflow: "2.16.2"', 'tensorflow: "1", tensorflow: "2"', "19:33", "key 'tensorflow' is given twice"),
        ('{rebuild: {tensorflow: "2.16.2"}', "{rebuild: cpu", "19:15", "must be a mapping"),
        ('remark: "why', 'do: "why', "19:5", "a fix is written with one of do, rebuild, cure"),
        ('remark: "why', 'by: program, remark: "why', "19:39", "unknown key 'by'"),
        ("why {prefix:path}", "why {prefix}", "19:47", "{prefix} needs a type"),
        ("another", "text {name} here", "12:11", "this pattern stands at c.yaml:11:11 already"),
        ("another", "shared words", "12:11", "this pattern stands at c.yaml:3:5 already"),
        ('- "shared words"', "- $shared", "3:5", "the patterns 'shared' are part of themselves"),
        ("when: {arch: [arm64, aarch64], rosetta: true}", "when: {}", "14:30", "an empty condition says nothing"),
        ("when: {arch: [arm64, aarch64], rosetta: true}", "when: arm64", "14:30", "must be a mapping"),
        ("causes:\n", "causes: [\n", "5:", "Not valid YAML"),
        ("patterns:\n", "pattern:\n", "1:1", "unknown key 'pattern'"),
    ],
)
def test_a_mistake_is_a_complaint_at_its_place(old: str, new: str, place: str, complaint: str) -> None:
    assert old in ENTRY
    with pytest.raises(InvalidFileError) as caught:
        read_causes({"c.yaml": ENTRY.replace(old, new, 1)})
    assert str(caught.value.where).startswith(f"c.yaml:{place}")
    assert complaint in caught.value.message


def test_a_shared_list_in_also_asks_for_any_of_it_and_a_list_for_all() -> None:
    text = ENTRY.replace('- "shared words"', '- "shared words"\n  - "other words"').replace(
        'also: "another"', 'also: [$shared, "another"]'
    )
    [cause] = read_causes({"c.yaml": text}).causes
    assert cause.signals[0].also == (("shared words", "other words"), ("another",))


def test_a_cause_stands_once() -> None:
    other = PROSE.replace("cause: a-cause", "cause: b-cause").replace("patterns:", "patterns:\n  more: more words")
    assert [cause.slug for cause in read_causes({"c.yaml": ENTRY, "d.yaml": other}).causes] == ["a-cause", "b-cause"]
    with pytest.raises(InvalidFileError, match="cause 'a-cause' is given twice") as caught:
        read_causes({"c.yaml": ENTRY, "d.yaml": PROSE})
    assert str(caught.value.where) == "d.yaml:5:3"


def test_a_cause_must_be_visible_somewhere() -> None:
    text = """\
causes:
- cause: x
  title: X
  meaning: M.
  kind: fatal
  signals: [{weight: supports, when: {os: linux}}]
  fixes: [{do: fix}]
"""
    with pytest.raises(InvalidFileError, match="needs a signal that can be seen"):
        read_causes({"c.yaml": text})


def test_an_empty_file() -> None:
    with pytest.raises(InvalidFileError, match="empty"):
        read_causes({"c.yaml": ""})


PROSE = """\
patterns:
  places: ["on a mac", "on linux"]
  Shouted: ["ON A MAC"]
causes:
- cause: a-cause
  title: A title
  meaning: What it means.
  kind: fatal
  signals:
  - {weight: likely, prose: [$places, ["it fails", "is bad"]], without: "solved it", when: {hazard.some-defect: true}}
  fixes:
  - {cure: some-defect, by: variables, for: [macos], when: {os: macos}}
  - {cure: some-defect, by: requirements, remark: "only then"}
"""


def test_prose_and_cures() -> None:
    [cause] = read_causes({"c.yaml": PROSE}).causes
    [signal] = cause.signals
    assert signal.prose == (("on a mac", "on linux"), ("it fails", "is bad"))
    assert signal.without == ("solved it",)
    assert (signal.when[0][0].scope, signal.when[0][0].fact) == ("hazard", "some-defect")
    first, second = cause.fixes
    assert (first.cure, first.platforms, first.do) == (("some-defect", "variables"), ("macos",), "")
    assert (second.cure, second.do) == (("some-defect", "requirements"), "only then")


@pytest.mark.parametrize(
    ("old", "new", "place", "complaint"),
    [
        ("it fails", "It fails", "10:39", "prose is matched in small letters, and 'It fails' has others"),
        ("$places", "$Shouted", "10:30", "prose is matched in small letters, and 'ON A MAC' has others"),
        ("solved it", "Solved it", "10:", "prose is matched in small letters, and 'Solved it' has others"),
        (
            "prose: [$places",
            "log: x one, prose: [$places",
            "10:5",
            "a signal has one source, this one has log and prose",
        ),
        ("by: variables", "by: magic", "12:29", "'magic' is not one of variables, program, requirements"),
        (", by: variables", "", "12:5", "key 'by' is missing"),
        ("by: variables", "by: variables, do: it", "12:5", "a fix is written with one of do, rebuild, cure"),
    ],
)
def test_a_mistake_in_prose_or_cure_is_a_complaint_at_its_place(old: str, new: str, place: str, complaint: str) -> None:
    assert old in PROSE
    with pytest.raises(InvalidFileError) as caught:
        read_causes({"c.yaml": PROSE.replace(old, new, 1)})
    assert complaint in caught.value.message
    assert str(caught.value.where).startswith(f"c.yaml:{place}")
