"""What may stand in a hole of a fix, and that nothing else ever does: any text, in every hole of every cause."""

from __future__ import annotations

import re
import shlex
from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import command_of, knowledge
from support.examples import examples, heavy_but_one_in
from tfsetup.doctor.actions import template
from tfsetup.doctor.diagnose import diagnose, steps_for
from tfsetup.doctor.facts import Facts
from tfsetup.doctor.holes import HOLE, Known, fill, is_name
from tfsetup.doctor.model import Cause, Check, Evidence, Fix, Observation

FAMILY = frozenset(("tensorflow", "keras", "ml-dtypes"))


def filled(kind: str, text: str) -> str | None:
    return fill(f"{{x:{kind}}}", Known(told={"x": text}, looked={"x": text}, family=FAMILY))


@pytest.mark.parametrize(
    ("kind", "text", "value"),
    [
        ("name", "tensorflow", "tensorflow"),
        ("name", "TensorFlow", "tensorflow"),
        ("name", "ml_dtypes", "ml-dtypes"),
        ("names", "keras tensorflow", "keras tensorflow"),
        ("version", "2.20.0-rc0", "2.20.0rc0"),
        ("version", " 2.20.0 ", "2.20.0"),
        ("version", "2.16.1+nv24.4", "2.16.1+nv24.4"),
        ("minor", "2.16.1+nv24.4", "2.16"),
        ("minor", "2", "2.0"),
        ("range", ">=3.20.3,<5", "<5,>=3.20.3"),
        ("range", "== 2.15.*", "==2.15.*"),
        ("range", "~=0.3.1", "~=0.3.1"),
        ("range", "", ""),
        ("path", "/a b/c's.py", """'/a b/c'"'"'s.py'"""),
        ("path", "-x", "./-x"),
        ("path", "; rm -rf ~", "'; rm -rf ~'"),
        ("path", "$(reboot)", "'$(reboot)'"),
    ],
)
def test_a_value_is_written_anew_from_what_was_read(kind: str, text: str, value: str) -> None:
    assert filled(kind, text) == value


NO_NAME = [
    "", "evil", "https://evil.example/x.whl", "git+https://evil.example/x.git", "tensorflow @ https://evil.example/x",
    "--index-url=https://evil.example/simple", "-e", "-tensorflow", "tensorflow-", "tensorflow;rm", "tensorflow\n",
    "tensorflow keras", "tensorflow[and-cuda]", "tensorflow==2.19", "$(reboot)", "`reboot`", "'", "tensorflow'",
    "ten\u017forflow", "\u212aeras", "keras\u200b", "\u0442ensorflow", "tensorflow\uff0e", "./tensorflow", "..",
    "t" * 101, "tensorflow" * 50,
]  # fmt: skip
NO_VERSION = [
    "", "latest", "1.0 --index-url=https://evil.example", "--index-url", "1.0;rm", "1.0\n--index-url x", "$(id)",
    "https://evil.example/1.0", "2.20\u2003", "1.0+" + "a" * 100, "9" * 5000, "1.0+\u017f", "\u0661.0", "1.0'", "1!",
]  # fmt: skip
NO_RANGE = [
    "===https://evil.example/x.whl", "===2.19", ">=1,===$(id)", ">=1 --index-url=https://evil.example", ">=1;rm",
    "@ https://evil.example", ">=1\n-e x", "2.19", ">=" + "1" * 100, ">=1\u212a", "; python_version > '3'",
]  # fmt: skip


@pytest.mark.parametrize("text", NO_NAME)
def test_no_name_is_left_out(text: str) -> None:
    assert filled("name", text) is None
    assert text == "tensorflow keras" or filled("names", text) is None


@pytest.mark.parametrize("text", ["keras  tensorflow", "keras evil", "keras --pre", "keras\ttensorflow", " keras"])
def test_of_several_names_each_must_be_one(text: str) -> None:
    assert filled("names", text) is None


@pytest.mark.parametrize("text", NO_VERSION)
def test_no_version_is_left_out(text: str) -> None:
    assert filled("version", text) is None
    assert filled("minor", text) is None


@pytest.mark.parametrize("text", NO_RANGE)
def test_no_range_is_left_out(text: str) -> None:
    assert filled("range", text) is None


@pytest.mark.parametrize("text", ["", "a\nb", "a\x1b[2J", "a\u202eb", "a\x00b", "a\u200bc"])
def test_a_path_nobody_can_read_is_left_out(text: str) -> None:
    assert filled("path", text) is None


def test_a_path_is_ours_or_none() -> None:
    """What a log calls a path is text of a stranger, whatever the hole is called."""
    assert fill("mv {path:path}", Known(told={"path": "/etc/passwd"})) is None
    assert fill("mv {path:path|your file}", Known(told={"path": "/etc/passwd"})) == "mv your file"
    assert fill("pip {x:name}", Known(looked={"x": "keras"}, family=FAMILY)) is None


def test_our_own_words_stand_where_there_is_no_value() -> None:
    known = Known(told={"a": "evil", "b": "2.19"}, family=FAMILY)
    assert fill("take {a:name|the package} {b:version|any}", known) == "take the package 2.19"
    assert fill("take {a:name|the package} {c:version}", known) is None


def test_what_was_filled_in_is_not_filled_again() -> None:
    assert fill("mv {p:path} {q:path}", Known(looked={"p": "{q:path}", "q": "b"})) == "mv '{q:path}' b"


def test_the_family_is_what_environments_names() -> None:
    assert {"tensorflow", "tensorflow-metal", "wrapt", "numpy", "keras", "tf-nightly"} <= knowledge().family
    assert not {"evil", "pip", "torch"} & knowledge().family
    assert all(is_name(name) for name in knowledge().family)


# --- every cause ---

HOSTILE = [
    "git+https://evil.example/x.git", "https://evil.example/tensorflow-2.19.0-cp312-cp312-win_amd64.whl", "-e",
    "--pre -i x",
    "--index-url=https://evil.example/simple", "-i https://evil.example", "tensorflow @ file:///tmp/x", "'; rm -rf ~ #",
    "; rm -rf ~", "$(reboot)", "`reboot`", "a|sh", "a&b", '"; x', "${HOME}", "2.19 --index-url=https://evil.example",
    "2.19'; rm -rf ~ #", "a\nrm -rf ~", "a # b", "../../x", "evil-package", "ten\u017forflow", "\u212aeras",
    "tensorflow\u200b", "t" * 300, "===https://evil.example/x", "numpy", "2.19.1", ">=2,<3", "keras wrapt",
    "{prefix:path}",
]  # fmt: skip
EVERYTHING = st.one_of(
    st.sampled_from(HOSTILE), st.text(max_size=80), st.text("ab-./:'\"`$(){}|&;<>\\ \n=", max_size=40)
)
HOLES = sorted(
    {hole[1] for cause in knowledge().causes for fix in cause.fixes for hole in HOLE.finditer(template(fix))}
)
VALUE = {
    "name": "[a-z0-9](?:[a-z0-9-]*[a-z0-9])?",
    "names": "[a-z0-9-]+(?: [a-z0-9-]+)*",
    "version": "[0-9][0-9a-z.!+]*",
    "minor": "[0-9]+[.][0-9]+",
    "range": "(?:(?:[<>]=?|[=!~]=)[0-9][0-9a-z.!+*]*,?)*",
    "path": "an-env",
}


def ours(fix: Fix) -> re.Pattern[str]:
    """Return what the fix may read: its own words, with values of the holes' types between them."""
    out, at, words = "", 0, template(fix)
    for hole in HOLE.finditer(words):
        instead = "" if hole[3] is None else f"|{re.escape(hole[3])}"
        out += re.escape(words[at : hole.start()]) + f"(?:{VALUE[hole[2]]}{instead})"
        at = hole.end()
    return re.compile(out + re.escape(words[at:]))


def every_fix(cause: Cause) -> Cause:
    """Return the cause with fixes that are shown on every platform and under every condition."""
    return replace(cause, fixes=tuple(replace(fix, platforms=(), when=()) for fix in cause.fixes))


CAUSES = [every_fix(cause) for cause in knowledge().causes]
SHAPES = {cause.slug: [ours(fix) for fix in cause.fixes] for cause in CAUSES}
PACKAGES = [name.removeprefix("pkg_").replace("_", "-") for name in HOLES if name.startswith("pkg_")]


def addresses_and_options(text: str) -> set[str]:
    return set(re.findall(r"[a-z+]+://\S+|(?<![\w-])--?[a-z][\w-]*", text))


@examples(3)
@given(st.fixed_dictionaries(dict.fromkeys(HOLES, EVERYTHING)))
def test_whatever_stands_in_the_holes_a_fix_is_our_words_and_values(told: dict[str, str]) -> None:
    facts = Facts(packages={name: told[f"pkg_{name.replace('-', '_')}"] for name in PACKAGES})
    known = Known(told=told, family=knowledge().family)
    for cause in CAUSES:
        allowed = addresses_and_options(" ".join(template(fix) for fix in cause.fixes))
        steps = steps_for(cause, facts, known, prefix="an-env")
        assert steps
        for step in steps:
            assert any(shape.fullmatch(step.text) for shape in SHAPES[cause.slug]), step.text
            assert addresses_and_options(step.text) <= allowed
            assert step.text.isprintable()


COMMANDS = [
    (cause, fix)
    for cause in CAUSES
    for fix in cause.fixes
    if HOLE.search(command_of(template(fix))) and template(fix)[0].islower()
]


@pytest.mark.parametrize(
    ("cause", "fix"), COMMANDS, ids=[f"{cause.slug}: {template(fix)[:30]}" for cause, fix in COMMANDS]
)
def test_a_value_is_one_word_of_the_command_or_a_part_of_one(cause: Cause, fix: Fix) -> None:
    """What a shell makes of a filled command has as many words as the template, epochs and blanks included."""
    values = {"name": "keras", "names": "keras wrapt", "version": "1!2.0+a.1", "minor": "2.1", "range": "!=1!2.*,<5,>3"}
    told = {hole[1]: values[hole[2]] for hole in HOLE.finditer(template(fix)) if hole[2] != "path"}
    looked = {"path": "it's a\u0020b; x", "prefix": "it's a\u0020b; x"}
    text = fill(template(fix), Known(told=told, looked=looked, family=knowledge().family))
    assert text is not None, cause.slug
    named = HOLE.sub(lambda hole: "X Y" if hole[2] == "names" else "X", command_of(template(fix)))
    assert len(shlex.split(command_of(text))) == len(shlex.split(named))
    loose = re.sub(r"'[^']*'|\"[^\"]*\"", "", command_of(template(fix)))
    assert {hole[2] for hole in HOLE.finditer(loose)} <= {"names", "path"}


# --- the reproductions of the issue, and their kind ---

TEXTS = [text for text in HOSTILE if text not in {"numpy", "2.19.1", ">=2,<3", "keras wrapt", "-e"}]
LOGS = [
    "Hash mismatch for '{}'",
    "THESE PACKAGES DO NOT MATCH THE HASHES FROM THE REQUIREMENTS FILE. tampered with them. {} from https",
    "SafetyError: The package for {} located at /x has an incorrect size",
    "Cannot uninstall '{}'. It is a distutils installed project",
    "Cannot uninstall {}",
    "Cannot uninstall {} 1.0, RECORD file not found",
    "ImportError: {}: cannot allocate memory in static TLS block",
    "ImportError: /lib/{}: cannot allocate memory in static TLS block",
    "Loaded runtime CuDNN library: 8.4.1 but source was compiled with: {}. CuDNN library",
    "Could not find a version that satisfies the requirement {}==2.9.5 (from keras) (from versions: 2.9.3, 2.10.0)",
    "Could not find a version that satisfies the requirement {} (from versions: 2.9.3, 2.10.0) tensorflow",
    "Could not find a version that satisfies the requirement keras==2.9.5 (from {}) (from versions: 2.9.3, 2.10.0)",
    "Could not find a version that satisfies the requirement keras==2.9.5 (from x) (from versions: 2.9.3, {}, 2.10)",
    "ERROR: No matching distribution found for {} tensorflow",
    "ERROR: No matching distribution found for tensorflow=={}",
    "ERROR: {} is not a supported wheel on this platform. tensorflow",
    "tensorflow 2.16 requires keras{}, but you have keras 2.15 which is incompatible.",
    "AttributeError: partially initialized module 'tensorflow' has no attribute 'x' (most likely due) File \"{}\"",
]


@pytest.mark.parametrize("text", heavy_but_one_in(4, TEXTS), ids=range(len(TEXTS)))
@pytest.mark.parametrize("log", LOGS, ids=range(len(LOGS)))
def test_nothing_of_a_hostile_log_gets_into_a_fix(log: str, text: str) -> None:
    for finding in diagnose(Evidence(log=log.replace("{}", text)), knowledge()).findings:
        for fix in finding.fix:
            assert text not in fix
            assert "evil" not in fix


@pytest.mark.parametrize("package", ["tensorflow", "six", "git+https://evil.example/x.git", "evil"])
def test_a_hash_mismatch_leads_to_no_installation_of_what_it_names(package: str) -> None:
    finding = diagnose(Evidence(log=f"Hash mismatch for '{package}'"), knowledge()).findings[0]
    assert finding.cause == "download-hash-mismatch"
    commands = [command_of(fix) for fix in finding.fix]
    assert commands[0] == "python -m pip cache purge"
    assert "tfsetup install --prefix .venv" in commands
    assert not [fix for fix in finding.fix if package in fix or "pip install" in fix]


@pytest.mark.parametrize(
    ("log", "named"),
    [
        ("Cannot uninstall 'wrapt'. It is a distutils installed project", "--ignore-installed 'wrapt'"),
        (
            "Could not find a version that satisfies the requirement numpy==1.99 (from keras) (from versions: 1.26.4)",
            "'numpy==1.26.4'",
        ),
        ("ERROR: No matching distribution found for tensorflow==2.10.0", "--tensorflow '2.10.0'"),
    ],
)
def test_a_name_of_the_family_is_a_command_and_any_other_is_words(log: str, named: str) -> None:
    assert any(named in fix for fix in diagnose(Evidence(log=log), knowledge()).findings[0].fix)
    strangers = log.replace("'wrapt'", "'evil-pkg'").replace("numpy", "evil-pkg")
    for finding in diagnose(Evidence(log=f"{strangers}\ntensorflow"), knowledge()).findings:
        assert finding.fix
        assert not any("evil-pkg" in fix for fix in finding.fix)


CHECKS = sorted({signal.check for cause in CAUSES for signal in cause.signals if signal.check is not None})


@examples(3)
@given(st.sampled_from(CHECKS), EVERYTHING, EVERYTHING, EVERYTHING)
def test_metadata_of_an_environment_is_text_of_strangers_too(check: Check, name: str, version: str, said: str) -> None:
    captures = {"installed": version, "required": said, "keep": name, "kept": version, "names": f"keras {name}"}
    one = Observation(check=check, subject=name, detail="d", captures={**captures, "found_by": "inspection"})
    packages = {"tensorflow": version, "tensorflow-cpu": version, name: version}
    evidence = Evidence(observations=(one,), packages=packages, prefix="an-env")
    for finding in diagnose(evidence, knowledge()).findings:
        for fix in finding.fix:
            assert any(shape.fullmatch(fix) for shape in SHAPES[finding.cause]), fix


def test_a_folder_whose_name_cannot_be_shown_gets_words() -> None:
    log = "AttributeError: module 'ml_dtypes' has no attribute 'float8_e3m4'"
    for finding in diagnose(Evidence(log=log, prefix="a\nrm -rf ~"), knowledge()).findings:
        assert finding.fix
        assert not any("rm -rf" in fix or "--prefix" in fix for fix in finding.fix)
        assert all(step.rebuild is None for step in finding.steps)


def test_a_folder_that_reads_like_an_option_is_none() -> None:
    log = "ModuleNotFoundError: No module named 'tensorflow'"
    [finding] = diagnose(Evidence(log=log, prefix="--target=x"), knowledge()).findings
    assert any("tfsetup install --prefix ./--target=x" in fix for fix in finding.fix)


def test_a_file_of_ones_own_is_renamed_by_its_quoted_name() -> None:
    one = Observation(
        check="shadowing-file", subject="random", detail="d", captures={"found_by": "inspection"},
        looked={"path": "/home/x/my own/random.py"},
    )  # fmt: skip
    [finding] = diagnose(Evidence(observations=(one,)), knowledge()).findings
    assert finding.fix[0].startswith("mv '/home/x/my own/random.py' '/home/x/my own/random.py'.renamed.py && ")


def test_a_cause_whose_every_fix_needs_the_folder_says_what_to_do() -> None:
    [cause] = [one for one in knowledge().causes if one.slug == "tf-requires-newer-cpu-than-avx"]
    bare = replace(cause, fixes=tuple(fix for fix in cause.fixes if fix.rebuild is not None))
    [step] = steps_for(bare, Facts(), Known(), prefix="a\x07")
    assert (step.text.startswith("Give the environment a path"), step.rebuild) == (True, None)
