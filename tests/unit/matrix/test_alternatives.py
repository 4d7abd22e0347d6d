"""What else computes on a Mac's GPU: who is told of what, and that nothing of it is ever installed unasked."""

from __future__ import annotations

import json
import re
from dataclasses import replace
from datetime import date
from pathlib import Path
from typing import Any

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.matrix import CASES, mac, shipped
from tfsetup.ground.encode import encode
from tfsetup.ground.versions import pair
from tfsetup.host.file import read_host
from tfsetup.host.model import Host
from tfsetup.locks.digest import digest
from tfsetup.matrix.alternatives import ALTERNATIVES, Alternative, Opening, Openings, told_of
from tfsetup.matrix.choose.alternatives import Others, in_question, python_beyond
from tfsetup.matrix.choose.explain import explain
from tfsetup.matrix.choose.select import decide, select
from tfsetup.matrix.file.disk import environments, read_alternatives, read_openings
from tfsetup.matrix.model import Ask, Selection
from tfsetup.report.resolve import resolve_document, resolve_lines
from tfsetup.workflows.resolve import and_others

PATHS = sorted((CASES / "alternatives").glob("*.json"))
HOSTS = sorted(path for path in (CASES / "hosts").glob("*.json") if not path.name.endswith(".expected.json"))
KNOWN, OPENED = read_alternatives(), read_openings()


def others(opened: Openings = OPENED, **changes: Any) -> Others:
    return Others(known=replace(KNOWN, **changes), opened=opened, matrix=shipped(), decide=decide)


def told(host: Host, ask: Ask, by: Others | None = None) -> Selection:
    return (by or others()).told(select(host, ask, shipped()), host, ask)


def case_host(case: dict[str, Any]) -> Host:
    host = read_host(CASES / "hosts" / f"{case['host']}.json")
    changes: dict[str, Any] = {k: tuple(to) if to == [] else to for k, to in case.get("otherwise", {}).items()}
    return replace(host, **changes)


# ------------------------------------------------------------------------------------------------ who is told of what


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_a_machine_is_told_of_what_computes_on_its_gpu(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    found = told(case_host(case), Ask(**case["ask"]))
    offered = {one.id: {"python": one.python, "opens": one.opens, "command": one.command} for one in found.alternatives}
    assert offered == case["told"]
    line = told_of(found.alternatives)
    named = [where for where in ("warnings", "reasons") if line and line in getattr(found, where)]
    assert named == ([] if case["said"] == "nowhere" else [case["said"]])


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.stem)
def test_nothing_of_what_is_installed_hangs_on_it(path: Path) -> None:
    case = json.loads(path.read_text(encoding="utf-8"))
    host, ask = case_host(case), Ask(**case["ask"])
    before, after = select(host, ask, shipped()), told(host, ask)
    assert digest(before) == digest(after)
    assert after.suggestions == before.suggestions
    assert replace(after, alternatives=(), warnings=before.warnings, reasons=before.reasons) == before
    for one in after.alternatives:
        assert not any(one.distribution in requirement for requirement in (*after.requirements, *after.source_builds))


ASKS = st.builds(
    Ask,
    tensorflow=st.sampled_from([None, "2.19", "2.20", ">=2.18", "2.21", ">=2.20"]),
    accelerator=st.sampled_from(["auto", "cpu", "metal"]),
    python=st.sampled_from([None, "3.9", "3.12", "3.13", "3.14", "3.13t"]),
    backend=st.sampled_from(["auto", "venv", "conda"]),
)


@given(path=st.sampled_from(HOSTS), ask=ASKS)
def test_only_a_mac_with_apple_s_chip_whose_gpu_stays_idle_is_told_of_any(path: Path, ask: Ask) -> None:
    host = read_host(path)
    found = told(host, ask)
    if found.alternatives:
        assert (host.os, host.arch) == ("macos", "arm64")
        assert ask.accelerator != "cpu"
        assert found.accelerator in {None, "cpu"}
        assert all(one.opens in {"loads", "undecided"} for one in found.alternatives)
        assert all(ask.python in {None, one.python} for one in found.alternatives)
    assert digest(found) == digest(select(host, ask, shipped()))


def test_elsewhere_no_file_is_read(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.matrix.file.disk.read_alternatives", None)
    host = read_host(CASES / "hosts" / "linux-x86_64-python-3.14-only.json")
    before = select(host, Ask(), shipped())
    assert and_others(before, host, Ask(), shipped()) is before


def test_the_course_tells_what_is_shipped() -> None:
    host, ask = mac("3.13.1", os_version="15.2"), Ask()
    assert and_others(select(host, ask, shipped()), host, ask, shipped()) == told(host, ask)


@pytest.mark.parametrize(
    ("python", "host", "beyond"),
    [
        ("3.13", mac(), True),
        ("3.14", mac(), True),
        ("3.12", mac(), False),
        ("3.9", mac(), False),
        ("3.13", Host(os="macos", arch="x86_64"), False),
        ("3.13", Host(os="linux", arch="aarch64"), False),
        ("3.13", Host(), False),
    ],
)
def test_a_python_that_no_plugin_is_made_for(python: str, host: Host, beyond: bool) -> None:
    assert python_beyond(python, host, shipped()) is beyond


def test_without_a_prebuilt_plugin_nothing_is_beyond_it() -> None:
    bare = replace(shipped(), rows=tuple(row for row in shipped().rows if row.plugin is None))
    assert not python_beyond("3.13", mac(), bare)
    answer = select(mac("3.13.1"), Ask(tensorflow="2.20"), bare)
    assert not in_question(answer, mac("3.13.1"), Ask(tensorflow="2.20"), bare)


# --------------------------------------------------------------------------------------- what does not open is not told

SUBJECT = mac("3.13.1", os_version="15.2")


def with_openings(*openings: Opening, **changes: Any) -> Openings:
    mine = next(one for one in OPENED.opened if one.id == "jax-mps")
    return Openings(opened=(replace(mine, openings=openings, **changes),))


def opens(openings: Openings, host: Host = SUBJECT) -> list[tuple[str, str]]:
    return [(one.opens, one.because) for one in told(host, Ask(), others(openings)).alternatives if one.row is None]


@pytest.mark.parametrize(
    ("openings", "found"),
    [
        ((Opening(macos="15.0", verdict="loads"),), [("loads", "")]),
        ((Opening(macos="15.0", verdict="fails", because="x"),), []),
        ((Opening(macos="15.0", verdict="undecided", because="x"),), [("undecided", "x")]),
        ((Opening(macos="26.0", verdict="loads"),), []),  # only on a newer one
        ((Opening(macos="14.0", verdict="loads"), Opening(macos="15.0", verdict="fails")), []),
        ((Opening(macos="14.0", verdict="fails"), Opening(macos="26.0", verdict="loads")), []),
        ((Opening(macos="14.0", verdict="loads"), Opening(macos="26.0", verdict="fails")), [("loads", "")]),
        ((), []),
    ],
)
def test_the_opening_on_this_macos_decides(openings: tuple[Opening, ...], found: list[tuple[str, str]]) -> None:
    assert opens(with_openings(*openings)) == found


def test_another_release_than_was_opened_is_not_told() -> None:
    opening = Opening(macos="15.0", verdict="loads")
    assert opens(with_openings(opening, pin="jax-mps==0.11.0")) == []
    assert opens(Openings(opened=())) == []


def test_a_python_without_wheels_of_all_it_needs_is_none() -> None:
    opening = Opening(macos="15.0", verdict="loads")
    assert opens(with_openings(opening, pythons=("3.12", "3.14"))) == []
    assert opens(with_openings(opening, pythons=("3.12", "3.13"))) == [("loads", "")]


def test_where_nobody_could_tell_the_macos_the_newest_counts() -> None:
    openings = with_openings(Opening(macos="14.0", verdict="fails"), Opening(macos="26.0", verdict="loads"))
    assert opens(openings, replace(SUBJECT, os_version=None)) == [("loads", "")]


def test_the_macos_that_a_release_asks_for_counts_too() -> None:
    strict = tuple(
        replace(one, release=replace(one.release, macos=">=26.0")) if one.row is None else one
        for one in KNOWN.alternatives
    )
    found = told(SUBJECT, Ask(), others(alternatives=strict)).alternatives
    assert [one.id for one in found] == ["tensorflow-metal-plugin"]


def test_a_row_that_is_not_the_answer_or_has_another_plugin_is_not_told() -> None:
    def with_plugin(**changes: Any) -> list[str]:
        one = next(one for one in KNOWN.alternatives if one.row is not None)
        by = others(alternatives=(replace(one, **changes),))
        return [each.id for each in told(SUBJECT, Ask(), by).alternatives]

    assert with_plugin() == ["tensorflow-metal-plugin"]
    assert with_plugin(row="no-such-row") == []
    assert with_plugin(row="macos-arm64-metal") == []
    assert with_plugin(distribution="another") == []


# ------------------------------------------------------------------------------------------------------- how it is told


def lines(selection: Selection, host: Host | None = None) -> str:
    chapters = explain(selection, host, Ask(), shipped()) if host else ()
    return "\n".join(resolve_lines(resolve_document(selection, chapters), chapters, width=10_000))


def test_the_document_has_every_fact_with_its_source() -> None:
    data = encode(resolve_document(told(SUBJECT, Ask())))
    first = next(one for one in data["alternatives"] if one["id"] == "jax-mps")
    assert (first["version"], first["released"], first["maturity"]) == ("0.11.1", "2026-10-23", "alpha")
    assert (first["pythons"], first["macos"], first["opens"]) == (">=3.12", ">=14.0", "loads")
    assert first["requirements"][-1] == "jax-mps==0.11.1"
    assert first["environment"] == {"KERAS_BACKEND": "jax", "JAX_PLATFORMS": "mps"}
    assert all(set(one) == {"says", "place", "source", "read"} for one in first["known"])
    assert "only the opening" in first["judged"]
    assert encode(resolve_document(select(mac(), Ask(), shipped())))["alternatives"] == []


def test_people_read_them_once_and_that_little_was_judged() -> None:
    shown = lines(told(SUBJECT, Ask()))
    assert shown.count("metaljax 0.11.9") == 1
    assert shown.count(KNOWN.judged) == 1
    assert "KERAS_BACKEND=jax JAX_PLATFORMS=mps" in shown
    assert "its plugin opens on this macOS" in shown
    assert "whether its plugin opens is not decided" in shown
    assert shown.count("--explain") == 3  # the row that lost, the others, and these
    refused = lines(told(SUBJECT, Ask(accelerator="metal")))
    assert refused.index("would fit") < refused.index("instead")
    assert refused.count("metaljax 0.11.9") == 1


def test_the_long_story_has_what_is_known_of_each() -> None:
    found = told(SUBJECT, Ask())
    shown = lines(found, SUBJECT)
    for one in found.alternatives:
        assert f"Instead: {one.name}" in shown
        assert all(f"{known.says} ({known.place}; {known.source}; read {known.read})" in shown for known in one.known)


def test_nothing_to_tell_is_no_line() -> None:
    assert told_of(()) == ""
    assert "instead" not in lines(told(mac(), Ask()))


# -------------------------------------------------------------------------------------------------- what is in the file


@pytest.mark.parametrize("one", KNOWN.alternatives, ids=lambda one: one.id)
def test_every_fact_has_its_page_and_the_day_it_was_read(one: Alternative) -> None:
    facts = [(fact.source, fact.read) for fact in one.known]
    facts += [(one.release.source, one.release.read), (one.maturity.source, one.maturity.read)]
    for source, read in facts:
        assert re.fullmatch(r"https://\S+", source)
        assert date.fromisoformat(read) >= date.fromisoformat(one.release.released)
    assert one.known, "somebody must know what does not work"
    assert len({known.says for known in one.known}) == len(one.known)
    assert not any(known.says.endswith(".") or known.says[:1].isupper() for known in one.known)
    assert (one.row is None) != (one.library is None)


def test_what_is_left_out_has_its_page_too() -> None:
    assert [one.what for one in KNOWN.left_out] == ["jax-metal, Apple's own"]
    assert all(re.fullmatch(r"https://\S+", one.source) and date.fromisoformat(one.read) for one in KNOWN.left_out)
    assert not {one.what.partition(",")[0] for one in KNOWN.left_out} & {one.distribution for one in KNOWN.alternatives}


def test_what_is_kept_is_of_what_is_told() -> None:
    assert {one.id for one in OPENED.opened} == {one.id for one in KNOWN.alternatives if one.library}
    for one in OPENED.opened:
        assert [each.macos for each in one.openings] == list(KNOWN.macos)
        assert set(one.pythons) <= set(KNOWN.pythons)
        assert any(each.verdict != "fails" for each in one.openings)
        assert all(bool(each.because) == (each.verdict != "loads") for each in one.openings)
    assert sorted(KNOWN.macos, key=lambda one: pair(one) or (0, 0)) == list(KNOWN.macos)


def test_package_names_and_versions_are_in_the_data_alone() -> None:
    names = {one.distribution for one in KNOWN.alternatives if one.row is None}
    for path in (CASES.parents[1] / "installer").rglob("*.py"):
        text = path.read_text(encoding="utf-8")
        assert not any(name in text for name in names), path


def test_a_damaged_list_is_told(tmp_path: Path) -> None:
    text = (environments() / ALTERNATIVES).read_text(encoding="utf-8")
    with pytest.raises(msgspec.ValidationError):
        msgspec.json.decode(text.replace('"pointer"', '"pointers"'), type=type(KNOWN))
