"""rattler's words turned into ours: which kind of failure, what happened, what to do. Pure functions of values."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Final

from tfsetup.errors import BuildError, NetworkError, TfsetupError, UnsolvableError
from tfsetup.ground.certificates import Certificates, fault
from tfsetup.ground.moments import written
from tfsetup.ground.redaction import redact
from tfsetup.locks.conda.model import Request

_VIRTUAL: Final = re.compile(
    r"\b(__(?:osx|glibc|linux|cuda|win|unix|archspec))\b ?([<>=!~][\w.<>=!~]*(?:,[\w.<>=!~]+)*)?"
)
_UNKNOWN: Final = re.compile(
    r"[Nn]o candidates were found for (?P<name>[A-Za-z0-9._-]+)|the constraint (?P<held>[A-Za-z0-9._-]+) "
)
_SHOWN: Final = 8  # versions of a package that are listed


def unknown_names(explanation: str) -> tuple[str, ...]:
    """Return the packages of which the solver found nothing that fits."""
    found = [match["name"] or match["held"] for match in _UNKNOWN.finditer(explanation)]
    return tuple(dict.fromkeys(name.rstrip(".") for name in found))


def unsatisfiable(explanation: str, request: Request, there: Mapping[str, Sequence[str]]) -> TfsetupError:
    """Return the error for specs that do not fit together.

    `explanation` is the solver's own tree; `there` says which versions of the `unknown_names` the channels do have,
    newest first.
    """
    lines = [f"The conda packages for {request.subdir} do not fit together:", *_tree(explanation)]
    have = {virtual.name: virtual for virtual in request.virtual}
    for name, wanted in dict.fromkeys(_VIRTUAL.findall(explanation)):
        mine = f"this one has {have[name].version}" if name in have else "this one has none"
        lines.append(f"  {name} {wanted}".rstrip() + f" is a fact about the machine: {mine}.")
    held = [limit for limit in request.limits if limit in explanation]
    lines += [f"  {limit} is the newest that TensorFlow's requirements on the index admit." for limit in held]
    for name, versions in there.items():
        more = f" and {len(versions) - _SHOWN} older" if len(versions) > _SHOWN else ""
        lines.append(f"  {name}: " + (f"there are {', '.join(versions[:_SHOWN])}{more}" if versions else "no version"))
    if request.before is not None:
        lines.append(
            f"Only archives from before {written(request.before)} may be taken (exclude-newer); one of which the "
            "channel does not say when it came counts as newer."
        )
    lines.append(f"Asked for: {', '.join(request.specs)}")
    lines.append(f"Channels: {', '.join(redact(channel) for channel in request.channels)}")
    return UnsolvableError("\n".join(lines), hint=_remedy(there), said=explanation)


def _remedy(there: Mapping[str, Sequence[str]]) -> str:
    absent = [name for name, versions in there.items() if not versions]
    if absent:
        return (
            f"No channel has {', '.join(absent)}. Check the channels in .condarc (CONDARC), or let the index supply "
            "everything: --backend venv."
        )
    return "Ask for another --tensorflow or --python, or let the index supply everything: --backend venv."


def _tree(explanation: str) -> list[str]:
    """Return the solver's tree with plain indentation, without its first line's boilerplate."""
    lines = []
    for line in explanation.strip().splitlines():
        text = re.sub(r"-\s{2,}", "- ", line.replace("│", " ").replace("├─", "- ").replace("└─", "- ").rstrip())
        if text.startswith("Cannot solve the request because of:"):
            text = text.partition(":")[2].strip()
        lines.append(f"  {text}")
    return [line for line in lines if line.strip()]


def channel_failed(message: str, channels: tuple[str, ...], believed: Certificates | None = None) -> TfsetupError:
    """Return the error for a channel that cannot be read, from what rattler says; `believed` is who may sign."""
    said = _causes(message)
    named = ", ".join(redact(channel) for channel in channels)
    if re.search(r"no usable repodata cache|no cache available", said, re.IGNORECASE):
        return NetworkError(
            f"The package list of {named} is not in the cache, and --offline forbids to fetch it.",
            hint="Run once without --offline.",
        )
    if (wrong := fault(said, believed)) is not None:
        what = f"The conda channel {named}: its certificate {wrong[0]}."
        return NetworkError(f"{what}\nrattler said: {said}", hint=wrong[1])
    for pattern, what, hint in _CHANNEL:
        if re.search(pattern, said, re.IGNORECASE):
            return NetworkError(f"The conda channel {named}: {what}\nrattler said: {said}", hint=hint)
    hint = "Check the channel's address (.condarc, CONDARC) and the network, then run the same command again."
    return NetworkError(f"The conda channel {named} cannot be read.\nrattler said: {said}", hint=hint)


_CHANNEL: Final = (
    (
        r"(?<![:\d])40[137]\b|Unauthorized|Forbidden",
        "it refused access.",
        "Check the credentials (a token in the channel's URL, or `rattler auth login`) and the proxy's.",
    ),
    (
        r"(?<![:\d])404\b|not found|No such file",
        "it has no package list there.",
        "Check the channel's name and address (.condarc, CONDARC).",
    ),
    (
        r"parse|deserial|expected .* at line|EOF while|invalid json|unexpected end|decod|trailing|zstd|stream",
        "its package list is damaged.",
        "Run the same command again; if it stays, the channel or a proxy in between sends half a file.",
    ),
)


# Why a package is not there as it was locked: damaged, or not fetched.
_DAMAGED: Final = r"could not parse|could not unpack|invalid|corrupt|zstd|unexpected end|EOF while"
_FETCHING: Final = r"fetch|download|request|connect|timed? ?out|status client error|(?<![:\d])(?:404|503)\b|body"


def package_failed(message: str, *, doing: str) -> TfsetupError:
    """Return the error for a package that could not be fetched, unpacked or linked, from what rattler says."""
    said = _causes(message)
    if re.search(r"hash mismatch|expected: |checksum", said, re.IGNORECASE):
        return NetworkError(
            f"{doing}: a package is not the one that was locked: its hash differs.\nrattler said: {said}",
            hint="Run again; if it stays, the channel or a proxy serves another file: do not install it, and write the "
            "lock anew only if you trust the new file.",
        )
    if (wrong := fault(said)) is not None:
        what = f"{doing}: the certificate of where a package comes from {wrong[0]}."
        return NetworkError(f"{what}\nrattler said: {said}", hint=wrong[1])
    if re.search(r"No space left|os error 28\b", said):
        return BuildError(f"{doing}: the disk is full.\nrattler said: {said}", hint="Free some space.")
    if re.search(_DAMAGED, said, re.IGNORECASE):
        return NetworkError(
            f"{doing}: the package is damaged.\nrattler said: {said}",
            hint="Run the same command again; if it stays, the channel or a proxy in between serves a damaged file.",
        )
    if re.search(r"codesign", said):
        hint = "A prefix for a Mac is finished on a Mac: run the same command there."
        return BuildError(f"{doing}: Apple's codesign is needed.\nrattler said: {said}", hint=hint)
    if re.search(_FETCHING, said, re.IGNORECASE):
        hint = "Check the network and the channel, then run the same command again: what was downloaded is kept."
        return NetworkError(f"{doing}: a package could not be fetched.\nrattler said: {said}", hint=hint)
    return BuildError(f"{doing} failed.\nrattler said: {said}", hint="Run again with --verbose to see every step.")


def _causes(message: str) -> str:
    return re.sub(r"\s+", " ", redact(message)).strip()[:1000]
