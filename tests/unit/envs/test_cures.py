"""How cures reach what is no Python, and what is said of a generation that lacks them: texts and decisions."""

from __future__ import annotations

from typing import Any

import pytest

from support.envs import make_receipt
from tfsetup.envs.cures import assignments, conda_scripts, difference, scripted, uncured, with_cures
from tfsetup.matrix.hazards import Cure, Hazard

ONE = {"TURN_OFF_REMAPPER": "1"}
SH = "# head\ndeactivate () {\n    unset PATH_\n}\ndeactivate nondestructive\nPATH=x\n"
METAL = ("tensorflow_metal-1.2.0.dist-info", "alpha-1.dist-info")


def hazard(**changes: Any) -> Hazard:
    values: dict[str, Any] = {
        "id": "metal-drops", "title": "drops it", "distribution": "tensorflow-metal", "versions": ">=1.0,<=1.2",
        "consequence": "results are wrong", "asked_by": ("dense-relu-graph",), "evidence": ("run",), "source": "run",
        "cure": Cure(environment=ONE, because="it is not fused"),
    }  # fmt: skip
    return Hazard(**(values | changes))


def test_what_the_user_set_wins_also_when_it_is_nothing() -> None:
    assert with_cures({"A": "x"}, ONE) == {"A": "x", **ONE}
    for mine in ("0", ""):
        assert with_cures({"TURN_OFF_REMAPPER": mine}, ONE) == {"TURN_OFF_REMAPPER": mine}


def test_a_generation_needs_what_its_own_packages_need() -> None:
    assert uncured(make_receipt(1, packages=METAL), [hazard()]) == ONE
    assert uncured(make_receipt(1, packages=METAL, cures=ONE), [hazard()]) == {}
    assert uncured(make_receipt(1, packages=METAL, cures={"TURN_OFF_REMAPPER": "0"}), [hazard()]) == ONE
    assert uncured(make_receipt(1, packages=("tensorflow_metal-0.8.0.dist-info",)), [hazard()]) == {}
    assert uncured(make_receipt(1), [hazard()]) == {}


def test_a_hazard_of_other_rows_is_not_this_one_s() -> None:
    elsewhere = hazard(rows=("macos-arm64-metal",))
    assert uncured(make_receipt(1, packages=METAL), [elsewhere]) == {}
    assert uncured(make_receipt(1, packages=METAL, row="macos-arm64-metal"), [elsewhere]) == ONE


def test_the_difference_is_told_in_words() -> None:
    assert difference(make_receipt(3), {}) == ""
    assert difference(make_receipt(3, cures=ONE), ONE) == ""
    lacking = "generation 3 does not set TURN_OFF_REMAPPER=1, the cure of a known defect"
    assert difference(make_receipt(3), ONE) == lacking
    assert difference(make_receipt(3, without_cures=True), ONE) == f"{lacking} (it was built with --without-cures)"
    assert difference(make_receipt(3, cures=ONE), {}) == "generation 3 sets TURN_OFF_REMAPPER=1, which is not wanted"
    assert assignments({"B": "2", "A": "1"}) == "A=1, B=2"


def test_the_plain_shell_sets_it_at_the_end_and_gives_it_back_first() -> None:
    lines = scripted(SH, "activate", ONE).splitlines()
    back = '    if [ -n "${_TFSETUP_SET_@:-}" ]; then unset @ _TFSETUP_SET_@; fi'.replace("@", "TURN_OFF_REMAPPER")
    assert lines[1:3] == ["deactivate () {", back]
    assert lines[-1].startswith('if [ -z "${TURN_OFF_REMAPPER+x}" ]; then TURN_OFF_REMAPPER="1"; export')
    assert [line for line in lines if line in SH.splitlines()] == SH.splitlines()


def test_a_script_in_other_words_still_sets_it() -> None:
    assert scripted("PATH=x", "activate", ONE).splitlines()[0] == "PATH=x"
    assert "export TURN_OFF_REMAPPER" in scripted("PATH=x", "activate", ONE)


@pytest.mark.parametrize("name", ["activate_this.py", "activate.unheard-of", "pydoc.bat"])
def test_a_script_that_is_not_known_stays(name: str) -> None:
    assert scripted(SH, name, ONE) == SH


@pytest.mark.parametrize("name", ["activate", "activate.fish", "activate.nu", "activate.bat", "deactivate.bat"])
def test_without_anything_to_cure_nothing_changes(name: str) -> None:
    assert scripted(SH, name, {}) == SH


def test_line_ends_of_windows_stay() -> None:
    found = scripted("@set PATH=x\r\n", "activate.bat", ONE)
    assert found.count("\r\n") == found.count("\n") == 5
    assert '@set "TURN_OFF_REMAPPER=1"\r\n' in found
    back = scripted("@set VIRTUAL_ENV=\r\n", "deactivate.bat", ONE)
    assert back.splitlines()[0] == '@if defined _TFSETUP_SET_TURN_OFF_REMAPPER @set "TURN_OFF_REMAPPER="'
    assert back.endswith("@set VIRTUAL_ENV=\r\n")


def test_nushell_gets_it_with_all_that_leaving_takes_back() -> None:
    text = "export-env {\n    let new_env = {A: 1}\n    load-env $new_env\n}\n"
    line = "    let new_env = if ('@' in $env) { $new_env } else { $new_env | merge { @: '1' } }"
    expected = [line.replace("@", "TURN_OFF_REMAPPER"), "    load-env $new_env"]
    assert scripted(text, "activate.nu", ONE).splitlines()[2:4] == expected
    assert scripted("in other words", "activate.nu", ONE) == "in other words"


def test_the_c_shell_has_an_alias_on_one_line() -> None:
    found = scripted("alias deactivate 'test 1; unalias deactivate'\nsetenv A b\n", "activate.csh", ONE)
    assert found.splitlines()[0] == (
        "alias deactivate 'test $?_TFSETUP_SET_TURN_OFF_REMAPPER != 0 && unsetenv TURN_OFF_REMAPPER && "
        "unset _TFSETUP_SET_TURN_OFF_REMAPPER; test 1; unalias deactivate'"
    )
    assert 'setenv TURN_OFF_REMAPPER "1"' in found


@pytest.mark.parametrize(
    ("name", "opens", "back"),
    [
        ("activate.fish", "function deactivate -d 'x'", "set -e TURN_OFF_REMAPPER"),
        ("activate.ps1", "function global:deactivate([switch] $N) {", "Remove-Item env:TURN_OFF_REMAPPER"),
        ("activate.xsh", "    def deactivate(self, args=None):", 'del self.env["TURN_OFF_REMAPPER"]'),
    ],
)
def test_each_shell_gives_it_back_inside_of_deactivate(name: str, opens: str, back: str) -> None:
    found = scripted(f"{opens}\n    rest\nend\n", name, ONE)
    assert found.startswith(opens)
    assert found.index(back) < found.index("    rest") < found.rindex("TURN_OFF_REMAPPER")


def test_conda_s_activation_has_a_script_for_each_shell_and_one_that_takes_it_back() -> None:
    found = conda_scripts(ONE)
    assert sorted(found) == sorted(
        f"etc/conda/{when}.d/tfsetup-cures.{kind}"
        for when in ("activate", "deactivate")
        for kind in ("sh", "fish", "ps1", "bat")
    )
    assert all("TURN_OFF_REMAPPER" in text for text in found.values())
    assert all("\r\n" in text for path, text in found.items() if path.endswith(".bat"))
    assert found["etc/conda/deactivate.d/tfsetup-cures.sh"].startswith("if [ -n")
    assert conda_scripts({}) == {}


def test_what_was_measured_to_be_faster_is_kept_as_long_as_cures_are_wanted() -> None:
    tuned = make_receipt(3, cures={**ONE, "A": "1"}, tuned={"A": "1"}, tune={})
    assert difference(tuned, ONE) == ""
    assert difference(tuned, ONE, "measured") == ""
    assert difference(tuned, ONE, "without") == "generation 3 sets A=1, which is not wanted"
    assert difference(tuned, {}, "without") == "generation 3 sets A=1, TURN_OFF_REMAPPER=1, which is not wanted"
    assert difference(make_receipt(3, cures={**ONE, "A": "1"}), ONE) == "generation 3 sets A=1, which is not wanted"


def test_what_was_never_measured_is_not_what_tune_asks_for() -> None:
    words = "for generation 3 it was not measured which switches make it faster"
    assert difference(make_receipt(3, cures=ONE), ONE, "measured") == words
