"""Which reasons explain a refusal, by the release tables that come with tfsetup."""

from __future__ import annotations

from functools import cache
from random import Random

import pytest
from packaging.tags import mac_platforms
from packaging.version import Version

from support.doctor import knowledge
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.facts import Facts
from tfsetup.doctor.model import Diagnosis, Evidence, Signal
from tfsetup.doctor.refusals.judge import explained
from tfsetup.doctor.refusals.sentences import refusals_told
from tfsetup.doctor.refusals.worlds import PYTHONS
from tfsetup.doctor.refused import Refused
from tfsetup.doctor.text import clean
from tfsetup.host.model import Host, Python
from tfsetup.matrix.file.disk import read_tables
from tfsetup.matrix.relatives import Offer, Relatives, Tables

PIP = "ERROR: Could not find a version that satisfies the requirement "
NONE = "(from versions: none)"
NAMES = (
    "tensorflow",
    "tensorflow-cpu",
    "tensorflow-macos",
    "tensorflow-text",
    "tflite-runtime",
    "tensorflow-addons",
    "jaxlib",
)
MACHINES = {
    "macos-arm64": {"os": "macos", "arch": "arm64", "process": "arm64"},
    "macos-x86_64": {"os": "macos", "arch": "x86_64", "process": "x86_64", "rosetta": "false"},
    "linux-x86_64": {"os": "linux", "arch": "x86_64", "process": "x86_64", "libc": "glibc"},
    "linux-aarch64": {"os": "linux", "arch": "aarch64", "process": "aarch64", "libc": "glibc"},
    "windows-x86_64": {"os": "windows", "arch": "x86_64", "process": "x86_64", "bits": "64"},
}
# The days before which each Python was not there, and after which it was no longer used for anything new.
IN_USE = {"3.7": ("2018-07", "2023-06"), "3.8": ("2019-10", "2024-10"), "3.9": ("2020-10", "2025-10"),
          "3.10": ("2021-10", "2026-09"), "3.11": ("2022-10", "2026-11"), "3.12": ("2023-10", "2026-11"),
          "3.13": ("2024-10", "2026-11")}  # fmt: skip


@cache
def tags(place: str) -> frozenset[str]:
    """The platform tags of a machine, by packaging itself where it can tell."""
    system, _, arch = place.partition("-")
    if system == "macos":
        return frozenset(mac_platforms((15, 0), arch)) | {"any"}
    if system == "windows":
        return frozenset({"win_amd64", "any"})
    old = {f"manylinux{generation}_{arch}" for generation in ("1", "2010", "2014")}
    return frozenset({f"manylinux_2_{minor}_{arch}" for minor in range(5, 40)} | old | {"any"})


def serves(offer: Offer, python: str, place: str) -> bool:
    """Whether pip with this Python on this machine takes a release (PEP 425), written anew for the test."""
    from packaging.specifiers import SpecifierSet

    if not SpecifierSet(offer.requires_python).contains(f"{python}.9"):
        return False
    wheels = (
        (one, platform) for platforms, pythons in offer.wheels for platform in platforms.split(".") for one in pythons
    )
    return offer.sdist or any(platform in tags(place) and one in {python, "any"} for one, platform in wheels)


@cache
def table(name: str) -> tuple[Offer, ...]:
    return read_tables().offers(name)


def shown(name: str, python: str, place: str, day: str) -> list[Offer]:
    return [offer for offer in table(name) if offer.date <= day and serves(offer, python, place)]


def worlds() -> list[tuple[str, str, str, str]]:
    """Every distribution, Python and machine, on some of the days on which something was published."""
    found = []
    rng = Random(19)  # noqa: S311 - the same each time
    for name in NAMES:
        days = sorted({offer.date for offer in table(name)})
        for python, (first, last) in IN_USE.items():
            possible = [day for day in days if first <= day <= last]
            for place in MACHINES:
                found += [(name, python, place, day) for day in rng.sample(possible, min(2, len(possible)))]
    return found


def reasons(name: str, wanted: Offer, python: str, place: str, day: str) -> set[str]:
    """What can be said of a pin, by the table: another Python, or another machine."""
    if wanted.date > day:
        return {"later"}
    found = {"python"} if any(serves(wanted, other, place) for other in PYTHONS) else set()
    elsewhere = {other for other in MACHINES if serves(wanted, python, other)}
    mac = "intel-mac" if place == "macos-x86_64" else "platform"
    return found | ({mac} if elsewhere or not found else set()) | (set() if found or elsewhere else {"python"})


def test_every_list_of_every_machine_on_any_day_is_explained_by_it() -> None:
    """What pip would print there, said with what the machine is, has the reason that the table gives."""
    rng = Random(7)  # noqa: S311 - the same each time
    wrong, exact, asked = [], 0, 0
    for name, python, place, day in worlds():
        there = shown(name, python, place, day)
        others = [
            one
            for one in table(name)
            if one not in there and one.date <= day and not Version(one.version).is_prerelease
        ]
        if not there or not others:
            continue
        wanted = rng.choice(others)
        log = f"{PIP}{name}=={wanted.version} (from versions: {', '.join(one.version for one in there)})"
        facts = {**MACHINES[place], "python": f"{python}.4"}
        found = explained(clean(log).stream, facts, frozenset())
        asked += 1
        exact += found[0].exact
        if not found or found[0].why not in reasons(name, wanted, python, place, day):
            wrong.append(
                (name, wanted.version, python, place, day, [(one.why, round(one.share, 2)) for one in found[:3]])
            )
    assert asked > 120
    assert wrong == []
    assert exact / asked > 0.95


def test_without_any_fact_the_true_reason_is_never_left_out() -> None:
    rng = Random(11)  # noqa: S311 - the same each time
    asked, first = 0, 0
    for name, python, place, day in worlds()[::4]:
        there = shown(name, python, place, day)
        others = [
            one
            for one in table(name)
            if one not in there and one.date <= day and not Version(one.version).is_prerelease
        ]
        if len(there) < 2 or not others:
            continue
        wanted = rng.choice(others)
        log = f"{PIP}{name}=={wanted.version} (from versions: {', '.join(one.version for one in there)})"
        found = explained(clean(log).stream, {}, frozenset())
        true = reasons(name, wanted, python, place, day)
        asked += 1
        first += found[0].why in true
        assert any(one.why in true and one.share > 0.02 for one in found), (name, wanted.version, python, place, day)
    assert asked > 25
    assert first / asked > 0.9


def test_a_list_of_a_day_before_a_release_is_an_index_that_had_not_caught_up() -> None:
    for name in ("tensorflow", "tensorflow-macos", "tensorflow-text"):
        for wanted in [one for one in table(name) if not Version(one.version).is_prerelease][-4:]:
            python, place = ("3.11", "macos-arm64")
            before = [one for one in table(name) if one.date < wanted.date and serves(one, python, place)]
            if not serves(wanted, python, place) or len(before) < 3:
                continue
            log = f"{PIP}{name}=={wanted.version} (from versions: {', '.join(one.version for one in before)})"
            found = explained(clean(log).stream, {**MACHINES[place], "python": python}, frozenset())
            assert found[0].why == "later", (name, wanted.version)


def first(log: str, facts: dict[str, str] | None = None) -> str:
    return explained(clean(log).stream, facts or {}, frozenset())[0].why


@pytest.mark.parametrize(
    ("asked", "facts", "why"),
    [
        (f"tensorflow {NONE}", "windows x86_64 python=3.15.0", "python"),
        (f"tensorflow {NONE}", "windows bits=32 python=3.9", "narrow"),
        (f"tensorflow {NONE}", "linux libc=musl python=3.11", "musl"),
        (f"tensorflow {NONE}", "linux armv7l bits=32 python=3.9", "platform"),
        (f"tensorflow {NONE}", "macos x86_64 rosetta=false python=3.13", "python"),
        (f"tensorflow-cpu {NONE}", "macos arm64 process=arm64 python=3.9", "platform"),
        ("tensorflow-metal==2.3 (from versions: 1.0.0, 1.1.0)", "", "never"),
        ("tensorflow==2.4.9 (from versions: 2.4.0, 2.4.1)", "", "never"),
        ("tensorflow==2.20.0 (from versions: 2.15.0, 2.16.1, 2.16.2)", "macos x86_64 rosetta=false", "intel-mac"),
        ("tensorflow==2.20.0 (from versions: 2.15.0, 2.16.1, 2.16.2)", "macos arm64", "translated"),
        (f"tensorflow==2.16.1 {NONE}", "macos arm64 process=arm64 macos=11.7 python=3.9", "old-macos"),
        ("tf-nightly==2.9.0.dev20220120 (from versions: 2.12.0.dev20230203)", "", "never"),
        ("tensorflow-strange==3 (from versions: 1.0, 2.0)", "", "never"),
    ],
)  # fmt: skip
def test_what_is_the_matter(asked: str, facts: str, why: str) -> None:
    names = dict(zip(("os", "arch"), (word for word in facts.split() if "=" not in word), strict=False))
    told = dict(word.split("=") for word in facts.split() if "=" in word)
    assert first(PIP + asked, names | told) == why


def test_a_machine_without_the_first_wheels_of_its_python_waits_for_another() -> None:
    """Python 3.8 before TensorFlow 2.2: only its candidates are there."""
    assert (
        first(f"{PIP}tensorflow==2.1.0 (from versions: 2.2.0rc1, 2.2.0rc2)", {"python": "3.8", "os": "linux"})
        == "python"
    )


def test_an_old_pip_on_a_new_mac_sees_nothing() -> None:
    log = f"Using pip 20.1 from /usr/local/lib/python3.8/site-packages/pip\n{PIP}tensorflow (from versions: none)"
    assert first(log, {"os": "macos", "arch": "x86_64", "macos": "11.5", "python": "3.8"}) == "old-pip"
    new = log.replace("20.1", "23.1")
    assert first(new, {"os": "macos", "arch": "x86_64", "macos": "11.5", "python": "3.8"}) != "old-pip"


def test_a_python_of_an_old_sdk_sees_no_wheels_for_macos_11() -> None:
    log = (
        f"(base) me@x86_64-apple-darwin13 ~ % pip install tensorflow-macos\n{PIP}tensorflow-macos (from versions: none)"
    )
    assert first(log, {"os": "macos", "arch": "x86_64", "python": "3.9"}) == "old-tags"


def test_an_empty_list_after_a_lost_connection_is_the_network() -> None:
    log = (
        f"WARNING: Retrying (Retry(total=0)) after connection broken by SSLError\n{PIP}tensorflow (from versions: none)"
    )
    assert first(log, {"os": "linux", "arch": "x86_64", "python": "3.10"}) == "network"
    assert first(log.replace("Retry(total=0)", "").replace("SSLError", "")) != "network"


def test_what_pip_passed_over_tells_its_python() -> None:
    passed = "ERROR: Ignored the following versions that require a different python version"
    log = f"{passed}: 1.21.2 Requires-Python >=3.7,<3.11\n{PIP}tensorflow {NONE}"
    found = explained(clean(log).stream, {"os": "linux", "arch": "x86_64"}, frozenset())
    assert found[0].why == "python"


def test_a_tag_that_uv_names_is_its_own() -> None:
    only = "`tensorflow` (v2.18.0) only has wheels for the following platforms: `win_amd64`"
    log = f"hint: You're on macOS (`macosx_14_0_x86_64`), but {only}"
    assert first(log) == "intel-mac"
    assert first(log.replace("macOS (`macosx_14_0_x86_64", "Linux (`musllinux_1_2_x86_64")) == "musl"
    assert first(log.replace("macOS (`macosx_14_0_x86_64", "Windows (`win32")) == "narrow"


def test_a_version_that_was_there_was_refused_for_another_reason() -> None:
    assert explained(clean(f"{PIP}h5py~=3.1.0 (from versions: 3.0.0, 3.1.0, 3.2.0)").stream, {}, frozenset()) == ()


def test_the_wheel_that_does_not_fit_tells_no_python() -> None:
    wheel = "tensorflow-2.3.0-cp37-cp37m-win_amd64.whl"
    log = f"{wheel} is not a supported wheel on this platform.\n{PIP}tensorflow {NONE}"
    facts = {"os": "windows", "python": "3.7"}
    told, guessed = (explained(clean(log).stream, facts, known)[0] for known in (frozenset(), frozenset({"python"})))
    assert told.why == "narrow"
    assert guessed.why in {"python", "narrow"}
    assert guessed.share != told.share


def test_no_table_is_read_where_nothing_is_refused() -> None:
    def never() -> Tables:
        raise AssertionError

    assert explained("all is well", {}, frozenset(), never) == ()
    with pytest.raises(AssertionError):
        explained(f"{PIP}tensorflow (from versions: none)", {}, frozenset(), never)


def test_the_tables_of_strangers_are_theirs() -> None:
    assert explained(clean(f"{PIP}pandas==99 (from versions: 1.0, 2.0)").stream, {}, frozenset()) == ()


def test_the_last_of_several_refusals_counts_most() -> None:
    log = f"{PIP}tensorflow-metal==2.3 (from versions: 1.0.0)\n{PIP}tensorflow==2.4.9 (from versions: 2.4.0)"
    found = explained(clean(log).stream, {}, frozenset())
    assert [one.refusal.name for one in found] == ["tensorflow", "tensorflow-metal"]
    assert found[0].share == pytest.approx(2 / 3)


def test_what_fixes_may_name() -> None:
    [best, *_] = explained(
        clean(f"{PIP}tensorflow==2.4.9 (from versions: 2.4.0, 2.4.1, 2.5.0)").stream, {}, frozenset()
    )
    assert best.captures == {"name": "tensorflow", "speaker": "pip", "want": "2.4.9", "nearest": "2.4.1"}


@pytest.mark.parametrize(
    ("text", "facts", "expected"),
    [
        ("With Python 3.13 there is no matching distribution for tensorflow", {"python": "3.13"}, "python"),
        ("pip install pandas tensorflow: no matching distribution found for this platform", {"device": "raspberry",
         "os": "linux", "python": "2.7"}, "platform"),
        ("TensorFlow 2.18 is not available for Intel Macs", {"os": "macos", "arch": "x86_64"}, "intel-mac"),
        ("pip3 install tf_text results in no matching distribution", {"os": "macos", "arch": "arm64",
         "process": "arm64", "python": "3.9"}, "platform"),
    ],
)  # fmt: skip
def test_a_sentence_is_a_refusal_too(text: str, facts: dict[str, str], expected: str) -> None:
    assert first(text, facts) == expected


def test_a_sentence_about_something_else_is_none() -> None:
    for text in ("ptxas is not supported on Windows", "tensorflow does not learn", "no GPU for tensorflow", ""):
        assert explained(clean(text).stream, {"python": "3.13"}, frozenset()) == ()


def test_who_says_that_it_cannot_be_had_is_believed_where_little_else_is_left() -> None:
    signal = Signal(weight="proof", refusal=("python", "platform"))
    sure = refused("I cannot install tensorflow", signal, facts=Facts(host={"python": "3.15", "os": "linux"}))
    assert sure.seen(signal).weight == "likely"  # type: ignore[union-attr]
    unsure = refused("I cannot install tensorflow", signal, facts=Facts(host={"python": "3.9", "os": "windows"}))
    assert unsure.seen(signal) is None


@pytest.mark.parametrize(
    "text",
    [
        "tensorflow 2.1 fails to install, the command was killed",
        "Unable to install tensorflow 2.9 here: out of memory",
        "It cannot install tensorflow 2.2 (excessive memory consumption)",
    ],
)
def test_what_is_killed_for_its_memory_is_refused_by_nobody(text: str) -> None:
    assert explained(clean(text).stream, {"python": "3.13", "os": "linux"}, frozenset()) == ()
    spared = text.replace("killed", "slow").replace("out of memory", "why").replace("memory consumption", "haste")
    assert explained(clean(spared).stream, {"python": "3.13", "os": "linux"}, frozenset())


@pytest.mark.parametrize(
    ("text", "wanted"),
    [
        ("TensorFlow <=2.12.1 cannot be installed", "<=2.12.1"),
        ("cannot install tensorflow < 2.13", "<2.13"),
        ("cannot install tensorflow 2.11", "==2.11.*"),
        ("tensorflow==2.11.0 does not have arm64 wheels", "==2.11.0"),
        ("tensorflow doesn't have a wheel for me", ""),
    ],
)
def test_the_versions_of_which_somebody_says_it(text: str, wanted: str) -> None:
    assert [one.wanted for one in refusals_told(clean(text).stream)] == [wanted]


def test_the_newest_of_what_tensorflow_asks_for_is_too_new_for_it() -> None:
    log = f"{PIP}wrapt<1.15,>=1.11.0 (from tensorflow) (from versions: 1.15.0rc1, 1.15.0)"
    assert first(log) == "python"
    assert explained(clean(log.replace("(from tensorflow)", "(from flask)")).stream, {}, frozenset()) == ()


def test_an_old_pip_knows_by_the_list_it_shows() -> None:
    """The candidates of old releases were deleted since, so the record lacks them."""
    shown_then = [one.version for one in table("tensorflow") if serves_old(one) and one.date < "2019-08"]
    log = f"{PIP}tensorflow~=1.15.0 (from versions: {', '.join([*shown_then, '2.0.0b1'])})"
    assert first(log, {"os": "linux", "python": "3.6"}) == "old-pip"


def serves_old(offer: Offer) -> bool:
    return any(platform == "manylinux1_x86_64" and "3.6" in pythons for platform, pythons in offer.wheels)


def test_a_container_on_a_mac_is_linux() -> None:
    facts = {"os": "macos", "arch": "arm64", "macos": "11.2", "container": "true", "python": "3.8"}
    log = f"RUN pip install tensorflow==2.4.0\n{PIP}tensorflow==2.4.0 (from versions: none)"
    [best, *_] = explained(clean(log).stream, facts, frozenset())
    assert best.why == "platform"


# ---------------------------------------------------------------------------------------------- as signals


def refused(log: str, *signals: Signal, facts: Facts | None = None) -> Refused:
    return Refused(clean(log), facts or Facts(), signals)


def test_a_sole_reason_has_the_weight_of_the_signal_and_a_slight_one_less() -> None:
    signal = Signal(weight="proof", refusal=("never",))
    assert refused(f"{PIP}tensorflow==2.4.9 (from versions: 2.4.0)", signal).seen(signal).weight == "proof"  # type: ignore[union-attr]
    weak = Signal(weight="possible", refusal=("never",))
    assert refused(f"{PIP}tensorflow==2.4.9 (from versions: 2.4.0)", weak).seen(weak).weight == "possible"  # type: ignore[union-attr]
    unsure = Signal(weight="proof", refusal=("python",))
    found = refused(f"{PIP}tensorflow (from versions: none)", unsure).seen(unsure)
    assert found is not None
    assert found.weight not in {"proof", "strong"}
    assert found.decisive == ("python",)


def test_what_is_said_of_one_distribution_is_not_said_in_general() -> None:
    own = Signal(weight="proof", refusal=("never",), subject="tensorflow-text")
    general = Signal(weight="proof", refusal=("never",))
    both = refused(f"{PIP}tensorflow-text==1.99 (from versions: 2.4.0)", own, general)
    assert both.seen(own) is not None
    assert both.seen(general) is None
    asked = refused(f"{PIP}tensorflow==1.99 (from tensorflow-text) (from versions: 2.4.0)", own, general)
    assert asked.seen(own) is not None
    assert asked.seen(general) is None
    assert refused(f"{PIP}tensorflow==1.99 (from versions: 2.4.0)", own, general).seen(general) is not None


def test_what_others_publish_is_not_said_of_tensorflow() -> None:
    general = Signal(weight="proof", refusal=("never",))
    assert refused(f"{PIP}nvidia-nccl-cu12==1.0 (from versions: 2.18.1)", general).seen(general) is None


def ask(log: str, host: Host | None = None) -> Diagnosis:
    return diagnose(Evidence(log=log, host=host), knowledge())


def test_the_doctor_answers_by_the_table_and_says_what_would_decide() -> None:
    found = ask(f"{PIP}tensorflow (from versions: none)")
    assert {"python", "os", "arch"} <= set(found.needs)
    sure = ask(
        f"{PIP}tensorflow (from versions: none)", Host(os="windows", arch="x86_64", pythons=(Python(version="3.15.0"),))
    )
    assert sure.findings[0].cause == "no-wheel-for-python-version"
    assert "python" not in sure.needs


# --------------------------------------------------------------------------------------------- the record


def test_the_record_has_nothing_that_the_snapshot_knows() -> None:
    tables = read_tables()
    twice = {
        (name, version)
        for name, found in tables.relatives.projects.items()
        for version in found
        if tables.index.release(name, version) is not None
    }
    assert twice == set()


def test_every_release_of_the_record_has_a_day_and_its_wheels() -> None:
    relatives = read_tables().relatives
    rows = [row for found in relatives.projects.values() for row in found.values()]
    assert len(rows) > 1000
    assert all(0 <= row[3] < len(relatives.sets) for row in rows)
    assert all(len(row[0]) == len("2020-01-01") for row in rows)


def test_releases_of_both_are_one_table_in_the_order_of_versions() -> None:
    versions = [offer.version for offer in table("tensorflow")]
    assert versions == sorted(versions, key=Version)
    assert {"1.15.0", "2.4.1", "2.16.1"} <= set(versions)
    assert read_tables().offers("nobody-knows-it") == ()


def test_marks_are_a_source_and_a_yanked_release() -> None:
    made = Relatives(
        taken="2026-01-01", sets=({"any": "any 2"},), projects={"x": {"1.0": ("2020-01-01", ">=3", "sy", 0)}}
    )
    assert made.offers("x") == (
        Offer("1.0", "2020-01-01", ">=3", sdist=True, yanked=True, wheels=(("any", ("any", "2")),)),
    )
