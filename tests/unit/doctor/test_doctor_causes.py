"""`causes.yaml` is read strictly: each mistake is a complaint with line and column."""

from __future__ import annotations

import pytest

from tfsetup.doctor.causes import read_causes
from tfsetup.errors import InvalidFileError
from tfsetup.matrix.model import Ask

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
  - {do: "tfsetup install --prefix {prefix:path}", action: rebuild}
"""


def test_a_whole_entry() -> None:
    [cause] = read_causes(ENTRY, "c.yaml").causes
    assert (cause.slug, cause.kind, cause.title, cause.meaning) == ("a-cause", "fatal", "A title", "What it means.")
    log, fact, preflight, check = cause.signals
    assert [pattern.source for pattern in log.log] == ["text {name} here", "shared words"]
    assert [[pattern.source for pattern in group] for group in log.also] == [["another"]]
    assert len(log.when) == 2
    assert log.when[0].conditions[1].scope == "package"
    assert fact.when[0].conditions[0].test == ("arm64", "aarch64")
    assert fact.when[0].conditions[1].test is True
    assert (preflight.preflight, preflight.image) == ("symbol-not-found", "plugin")
    assert (check.check, check.subject) == ("file-missing", "tensorflow")
    assert (cause.fixes[0].platforms, cause.fixes[0].rebuild) == (("linux", "macos"), None)
    assert cause.fixes[1].rebuild == Ask()


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
        ("$shared]", "$other]", "11:31", "no list of patterns is named 'other'"),
        ("os: linux, ", "sytem: linux, ", "13:13", "unknown fact 'sytem'"),
        ('package.numpy: ">=2"', "package.numpy: two", "13:39", "a package is compared with a version specifier"),
        ("preflight: symbol-not-found", "preflight: broken", "15:33", "'broken' is not one of"),
        (
            "check: file-missing",
            "check: file-missing, log: text here",
            "16:5",
            "a signal has one source, this one has log and check",
        ),
        ("check: file-missing, ", "", "16:5", "needs log, prose, preflight, check or when"),
        (
            "fix {name:version} now",
            "fix {other:version} now",
            "18:10",
            "{other} is captured by no signal of this cause",
        ),
        ("for: [linux, macos]", "for: [linux, mac]", "18:49", "'mac' is not one of"),
        (
            '  - {do: "tfsetup install --prefix {prefix:path}", action: rebuild}\n',
            "",
            "18:3",
            "one fix must be for every platform",
        ),
        (
            "tfsetup install --prefix",
            "make it in",
            "19:10",
            "what --fix carries out must be a `tfsetup install --prefix {prefix:path}` command",
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
        ('{prefix:path}"', '{prefix:path} --index-url x"', "19:10", "what --fix carries out takes --tensorflow, --acc"),
        ('{prefix:path}"', '{prefix:path} --accelerator tpu"', "19:10", "what --fix carries out takes"),
        ('{prefix:path}"', '{prefix:path} --tensorflow VERSION"', "19:10", "what --fix carries out takes"),
        ('{prefix:path}"', '{prefix:path} --python 3.12 --python 3.13"', "19:10", "what --fix carries out takes"),
        ('{prefix:path}"', '{prefix:path} --python"', "19:10", "what --fix carries out takes"),
        ('{prefix:path}"', '{prefix:path} cpu cpu"', "19:10", "what --fix carries out takes"),
        ("action: rebuild", "action: reboot", "19:60", "'reboot' is not one of rebuild, none"),
        ("when: {arch: [arm64, aarch64], rosetta: true}", "when: {}", "14:30", "an empty condition says nothing"),
        ("when: {arch: [arm64, aarch64], rosetta: true}", "when: arm64", "14:30", "must be a mapping"),
        ("causes:\n", "causes: [\n", "5:", "Not valid YAML"),
        ("patterns:\n", "pattern:\n", "1:1", "unknown key 'pattern'"),
    ],
)
def test_a_mistake_is_a_complaint_at_its_place(old: str, new: str, place: str, complaint: str) -> None:
    assert old in ENTRY
    with pytest.raises(InvalidFileError) as caught:
        read_causes(ENTRY.replace(old, new, 1), "c.yaml")
    assert str(caught.value.where).startswith(f"c.yaml:{place}")
    assert complaint in caught.value.message


def test_a_shared_list_in_also_asks_for_any_of_it_and_a_list_for_all() -> None:
    text = ENTRY.replace('- "shared words"', '- "shared words"\n  - "other words"').replace(
        'also: "another"', 'also: [$shared, "another"]'
    )
    [cause] = read_causes(text, "c.yaml").causes
    groups = [[pattern.source for pattern in group] for group in cause.signals[0].also]
    assert groups == [["shared words", "other words"], ["another"]]


def test_a_cause_stands_once() -> None:
    body = ENTRY.partition("causes:\n")[2]
    with pytest.raises(InvalidFileError, match="given twice"):
        read_causes(ENTRY + body, "c.yaml")


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
        read_causes(text, "c.yaml")


def test_an_empty_file() -> None:
    with pytest.raises(InvalidFileError, match="empty"):
        read_causes("", "c.yaml")


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
    [cause] = read_causes(PROSE, "c.yaml").causes
    [signal] = cause.signals
    groups = [[pattern.source for pattern in group] for group in signal.prose]
    assert groups == [["on a mac", "on linux"], ["it fails", "is bad"]]
    assert [pattern.source for pattern in signal.without] == ["solved it"]
    assert (signal.when[0].conditions[0].scope, signal.when[0].conditions[0].fact) == ("hazard", "some-defect")
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
        ("by: variables", "by: variables, action: rebuild", "12:", "unknown key 'action'"),
    ],
)
def test_a_mistake_in_prose_or_cure_is_a_complaint_at_its_place(old: str, new: str, place: str, complaint: str) -> None:
    assert old in PROSE
    with pytest.raises(InvalidFileError) as caught:
        read_causes(PROSE.replace(old, new, 1), "c.yaml")
    assert complaint in caught.value.message
    assert str(caught.value.where).startswith(f"c.yaml:{place}")
