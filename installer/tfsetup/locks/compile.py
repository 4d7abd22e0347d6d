"""What to ask uv for, so that it locks a selection for its target: pure, no process is started here."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from tfsetup.ground.values import value
from tfsetup.matrix.model import Selection, Target


@value
class CompileJob:
    """One run of `uv pip compile`: arguments after `uv`, the requirements for its standard input, extra variables."""

    arguments: tuple[str, ...]
    requirements: str
    environ: Mapping[str, str]


def compile_job(
    selection: Selection,
    *,
    pre: bool,
    offline: bool,
    team: Sequence[str] = (),
    upgrade: Sequence[str] = (),
    python: str | None = None,
    cooldown: Sequence[str] = (),
    builds: Sequence[str] = (),
    more: Sequence[str] = (),
) -> CompileJob:
    """Return the uv run that locks `selection` (installable, with a target) into PEP 751 form.

    Wheels only, but for the distributions the row names as having none. Pre-releases enter only where a requirement
    names one exactly or the user asked (`pre`); uv then takes them for every package, because a pre-release of
    TensorFlow needs one of Keras.

    `team` are requirements to resolve together with the selection's. `upgrade` are names whose locked version is not
    kept. `python` is an interpreter to run anything with: uv looks for one of the target's version otherwise, which
    takes longer than all the rest, and needs it only to build. `cooldown` are uv's options about how young a file may
    be; with them it is not quiet, because only a warning of it says that an index does not tell.
    `builds` are distributions of pure Python that may be built besides, on any Python; `more` are further options
    of uv.
    """
    target = selection.target
    if target is None:
        raise ValueError("only an installable selection, which has a target, can be locked")
    arguments = ["pip", "compile", "-", "--format", "pylock.toml", "--no-header"]
    arguments += build_arguments((*selection.sdists, *builds))
    arguments += ["--no-annotate", "--no-sources", *(() if cooldown else ("--quiet",)), *target_arguments(target)]
    arguments += ["--python", python] if python and not selection.sdists else []
    arguments += ["--prerelease", "allow" if pre else "if-necessary-or-explicit"]
    arguments += [word for name in upgrade for word in ("--upgrade-package", name)]
    arguments += [*cooldown, *more]
    arguments += ["--offline"] if offline else []
    return CompileJob(
        arguments=tuple(arguments),
        requirements="".join(f"{line}\n" for line in (*selection.requirements, *team)),
        environ=target_environ(target),
    )


def preferences(pins: Mapping[str, str]) -> str:
    """Return a file from which uv takes versions it prefers: the smallest PEP 751 file that names them."""
    named = ((name, version) for name, version in sorted(pins.items()) if version)  # a folder of sources has none
    packages = (f'\n[[packages]]\nname = "{name}"\nversion = "{version}"\n' for name, version in named)
    return 'lock-version = "1.0"\ncreated-by = "tfsetup"\n' + "".join(packages)


def build_arguments(sdists: Iterable[str]) -> list[str]:
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
