"""How the variables that cure known defects reach every process of an environment: texts and decisions. Pure.

The start-up file in site-packages (`ground.start_up`) reaches every Python. What is no Python, and what starts with -S,
gets them where people enter an environment: from the activate scripts, `tfsetup run`, and conda's activation. In each
of these a variable that is set already, also to nothing, keeps its value, and leaving gives back what was.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from textwrap import dedent
from typing import Final

from tfsetup.envs.model import Receipt, Tuning
from tfsetup.ground.values import value
from tfsetup.matrix.hazards import Hazard, environment_of, hazards_of

NOTHING: Final[Mapping[str, str]] = {}


def assignments(variables: Mapping[str, str]) -> str:
    """Return variables for people: `TURN_OFF_REMAPPER=1`."""
    return ", ".join(f"{name}={value}" for name, value in sorted(variables.items()))


def with_cures(environ: Mapping[str, str], variables: Mapping[str, str]) -> dict[str, str]:
    """Return `environ` with the variables that are not in it."""
    return {**variables, **environ}


def hazards_in(receipt: Receipt, hazards: Sequence[Hazard]) -> tuple[Hazard, ...]:
    """Return the known defects of what a generation consists of, by its packages."""
    pairs = (name.removesuffix(".dist-info").partition("-") for name in receipt.packages)
    packages = {name.lower().replace("_", "-").replace(".", "-"): version for name, _, version in pairs}
    return hazards_of(hazards, packages, row=receipt.row, python=receipt.python)


def uncured(receipt: Receipt, hazards: Sequence[Hazard]) -> dict[str, str]:
    """Return the variables that a generation needs and does not set."""
    needed = environment_of(hazards_in(receipt, hazards))
    return {name: value for name, value in needed.items() if receipt.cures.get(name) != value}


def difference(receipt: Receipt, wanted: Mapping[str, str], tuning: Tuning = "kept") -> str:
    """Return, in a clause, why a generation's cures are not the wanted ones; "" when they are.

    `tuning`: whether it must have been measured what makes it faster, and may set that.
    """
    generation = f"generation {receipt.generation}"
    lacking = {name: value for name, value in wanted.items() if receipt.cures.get(name) != value}
    if lacking:
        built = " (it was built with --without-cures)" if receipt.without_cures else ""
        return f"{generation} does not set {assignments(lacking)}, the cure of a known defect{built}"
    if tuning == "measured" and receipt.tune is None:
        return f"for {generation} it was not measured which switches make it faster"
    faster = receipt.tuned if tuning != "without" else NOTHING
    more = {name: value for name, value in receipt.cures.items() if name not in wanted and name not in faster}
    return f"{generation} sets {assignments(more)}, which is not wanted" if more else ""


def scripted(text: str, name: str, variables: Mapping[str, str]) -> str:
    """Return an activate script (or deactivate.bat) that sets the variables too, and gives back what was on leaving.

    By the ending of its name, as uv and virtualenv write them. A script in words that they no longer use still sets
    them; one of another name is returned as it is. `activate_this.py` reads the start-up file by itself.
    """
    if name == "deactivate.bat":
        return _joined(text, _filled(_BATCH_BACK, variables), text)
    shell = _SHELLS.get(name.rpartition("activate")[2])
    if shell is None or not variables:
        return text
    set_them = _filled(shell.sets, variables)
    if shell.inside:
        before, marker, after = text.partition(shell.opens)
        return _joined(text, before, set_them, marker, after) if marker else text
    left = _with_back(text, shell, variables)
    return _joined(text, left if left.endswith("\n") else f"{left}\n", set_them)


def _with_back(text: str, shell: _Shell, variables: Mapping[str, str]) -> str:
    """Return a script whose `deactivate` first takes back what was set."""
    before, marker, after = text.partition(shell.opens) if shell.back else (text, "", "")
    if not marker:
        return text
    # The rest of a line that opens a function stays on it; csh has an alias, all on one line.
    rest, end, after = ("", "", after) if shell.opens.endswith("'") else after.partition("\n")
    return "".join((before, marker, rest, end, _filled(shell.back, variables), after))


def conda_scripts(variables: Mapping[str, str]) -> dict[str, str]:
    """Return the scripts that conda's activation of a prefix sources, and its deactivation: text by path."""
    found = {}
    for ending, shell in _CONDA.items():
        back = _BATCH_BACK if ending == "bat" else dedent(shell.back)
        for when, template in (("activate", shell.sets), ("deactivate", back)):
            text = _filled(template, variables)
            found[f"etc/conda/{when}.d/tfsetup-cures.{ending}"] = (
                text.replace("\n", "\r\n") if ending == "bat" else text
            )
    return found if variables else {}


def _filled(template: str, variables: Mapping[str, str]) -> str:
    """Return the template once a variable. The matrix lets in only values that mean themselves in every shell."""
    filled = (template.replace("@NAME@", name).replace("@VALUE@", value) for name, value in sorted(variables.items()))
    return "".join(filled)


def _joined(like: str, *parts: str) -> str:
    """Return the parts with the line ends of `like`."""
    text = "".join(parts)
    return text.replace("\r\n", "\n").replace("\n", "\r\n") if "\r\n" in like else text


_BATCH_BACK = """\
@if defined _TFSETUP_SET_@NAME@ @set "@NAME@="
@set "_TFSETUP_SET_@NAME@="
"""


@value
class _Shell:
    """What a shell's scripts get: where `deactivate` begins, what it does first, and what sets a variable.

    `inside`: what sets it stands before `opens`, and leaving takes it back by itself.
    """

    sets: str
    opens: str = ""
    back: str = ""
    inside: bool = False


# By the ending of the script's name.
_SHELLS: Final[Mapping[str, _Shell]] = {
    "": _Shell(
        opens="deactivate () {",
        back='    if [ -n "${_TFSETUP_SET_@NAME@:-}" ]; then unset @NAME@ _TFSETUP_SET_@NAME@; fi\n',
        sets='if [ -z "${@NAME@+x}" ]; then @NAME@="@VALUE@"; export @NAME@; _TFSETUP_SET_@NAME@=1; fi\n',
    ),
    ".fish": _Shell(
        opens="function deactivate",
        back="    if set -q _TFSETUP_SET_@NAME@; set -e @NAME@; set -e _TFSETUP_SET_@NAME@; end\n",
        sets='if not set -q @NAME@; set -gx @NAME@ "@VALUE@"; set -g _TFSETUP_SET_@NAME@ 1; end\n',
    ),
    ".csh": _Shell(
        opens="alias deactivate '",
        back="test $?_TFSETUP_SET_@NAME@ != 0 && unsetenv @NAME@ && unset _TFSETUP_SET_@NAME@; ",
        sets="""\
if (! $?@NAME@) then
    setenv @NAME@ "@VALUE@"
    set _TFSETUP_SET_@NAME@
endif
""",
    ),
    ".nu": _Shell(
        opens="    load-env $new_env",
        sets="    let new_env = if ('@NAME@' in $env) { $new_env } else { $new_env | merge { @NAME@: '@VALUE@' } }\n",
        inside=True,
    ),
    ".ps1": _Shell(
        opens="function global:deactivate",
        back="""\
    if (Test-Path variable:_TFSETUP_SET_@NAME@) {
        Remove-Item env:@NAME@ -ErrorAction SilentlyContinue
        Remove-Variable "_TFSETUP_SET_@NAME@" -Scope global
    }
""",
        sets="""\
if (-not (Test-Path env:@NAME@)) {
    $env:@NAME@ = "@VALUE@"
    $global:_TFSETUP_SET_@NAME@ = $true
}
""",
    ),
    ".bat": _Shell(
        sets="""\
@if not defined @NAME@ (
    @set "@NAME@=@VALUE@"
    @set "_TFSETUP_SET_@NAME@=1"
)
"""
    ),
    ".xsh": _Shell(
        opens="    def deactivate(self",
        back="""\
        if "_TFSETUP_SET_@NAME@" in self.env:
            del self.env["@NAME@"]
            del self.env["_TFSETUP_SET_@NAME@"]
""",
        sets="""\
if "@NAME@" not in __xonsh__.env:
    __xonsh__.env["@NAME@"] = "@VALUE@"
    __xonsh__.env["_TFSETUP_SET_@NAME@"] = "1"
""",
    ),
}
_CONDA: Final = {"sh": _SHELLS[""], "fish": _SHELLS[".fish"], "ps1": _SHELLS[".ps1"], "bat": _SHELLS[".bat"]}
