"""What to ask uv for, so that it locks a selection for its target: pure, no process is started here."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from tfsetup.matrix.model import Selection, Target


@dataclass(frozen=True, kw_only=True, slots=True)
class CompileJob:
    """One run of `uv pip compile`: arguments after `uv`, the requirements for its standard input, extra variables."""

    arguments: tuple[str, ...]
    requirements: str
    environ: Mapping[str, str]


def compile_job(selection: Selection, *, pre: bool, offline: bool) -> CompileJob:
    """Return the uv run that locks `selection` (installable, with a target) into PEP 751 form on standard output.

    Wheels only, but for the distributions the row names as having none. Pre-releases enter only where a requirement
    names one exactly or the user asked (`pre`); uv then takes them for every package, because a pre-release of
    TensorFlow needs one of Keras.
    """
    target = selection.target
    if target is None:
        raise ValueError("only an installable selection, which has a target, can be locked")
    arguments = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header"]
    arguments += build_arguments(selection.sdists)
    arguments += ["--no-annotate", "--no-sources", "--quiet", *target_arguments(target)]
    arguments += ["--prerelease", "allow" if pre else "if-necessary-or-explicit"]
    arguments += ["--offline"] if offline else []
    return CompileJob(
        arguments=tuple(arguments),
        requirements="".join(f"{line}\n" for line in selection.requirements),
        environ=target_environ(target),
    )


def build_arguments(sdists: Sequence[str]) -> list[str]:
    """Return uv's options for wheels only; `sdists` alone may be built (uv lets a name override `:all:`)."""
    return ["--only-binary", ":all:", *(word for name in sdists for word in ("--no-binary", name))]


def target_arguments(target: Target) -> list[str]:
    """Return uv's options for another machine's wheels: `--python-platform` and `--python-version`."""
    return ["--python-platform", target.platform, "--python-version", target.python]


def target_environ(target: Target) -> dict[str, str]:
    """Return the variables that go with them.

    uv takes the macOS level from MACOSX_DEPLOYMENT_TARGET and assumes macOS 13 without it, which leaves out NumPy's
    Accelerate wheels (tagged `macosx_14_0`).
    """
    return {"MACOSX_DEPLOYMENT_TARGET": target.macos} if target.macos else {}
