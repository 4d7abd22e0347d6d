"""Kernels as they are kept: what a plugin registers, and what TensorFlow itself has for every device. Pure.

A registration is a list of words: `T:float32` (the attribute must be that type, `T:float32|int32`: one of them) and
`@shape` (this argument stays in host memory). The files are `environments/evidence/metal-kernels.json`, written by
`tfsetup matrix check --prove`, and `default-kernels.json`, written by `scripts/record-default-kernels`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Final, TypeVar

import msgspec

from tfsetup.errors import InvalidFileError, Where
from tfsetup.graphs.model import Operation

METAL_KERNELS: Final = "metal-kernels.json"
DEFAULT_KERNELS: Final = "default-kernels.json"
SCHEMA: Final = 1

NOT_BUILT: Final = "not built: "
UNDECIDED: Final = "undecided: "
"""So begins what is said where a fused kernel built nothing, or was not seen to; the reason follows."""

Words = tuple[str, ...]
Ops = Mapping[str, tuple[Words, ...]]


class Kernels(msgspec.Struct, frozen=True, kw_only=True):
    """What is registered: how many kernels, and each one's words by operation."""

    registrations: int
    ops: Ops = {}


class Tried(msgspec.Struct, frozen=True, kw_only=True):
    """What was seen of a version: kernels where MPSGraph has no GRU (`plain`) and where it has one (`gru`).

    `libraries`: sha256 of what was run. `undecided`: why nothing is known. `before_macos_12`: how many registrations
    and operations there are on older systems, where that was asked.

    `fused`: what each kernel into which others are fused builds for the GPU, by what is fused
    (`"BiasAdd,Relu": "reLU(addition(convolution2D(x, w), b))"`), and why not where nothing is built; under operation
    and type where that builds something else. `fused_undecided`: why nothing of it counts. `variables`: the variables
    of the environment that the plugin reads, and when. `fuses`: what its graph optimizer puts together of the graphs
    it was given, without any of those variables (`{"_FusedMatMul": ("BiasAdd,Relu",)}`).
    """

    plain: Kernels | None = None
    gru: Kernels | None = None
    libraries: Words = ()
    undecided: str = ""
    before_macos_12: Mapping[str, tuple[int, int]] = {}
    fused: Mapping[str, Mapping[str, str]] = {}
    fused_undecided: str = ""
    variables: Mapping[str, str] = {}
    fuses: Mapping[str, Words] = {}

    def dropped(self) -> Mapping[str, Words]:
        """Return the activations that are fused into an operation, and that its kernel does not build.

        Then it builds what it builds without one. Under the names of `fused`; operations that drop none are left out.
        """
        found = {op: tuple(_dropped(built)) for op, built in self.fused.items()}
        return {op: names for op, names in found.items() if names}

    def lost(self) -> Mapping[str, Words]:
        """Return the activations that the optimizer fuses into an operation whose kernel drops them, of any type."""
        dropped: dict[str, set[str]] = defaultdict(set)
        for name, activations in self.dropped().items():
            dropped[name.partition(" ")[0]].update(activations)
        found = {
            op: tuple(name for name in (one.rpartition(",")[2] for one in fused) if name in dropped[op])
            for op, fused in self.fuses.items()
        }
        return {op: names for op, names in found.items() if names}


def _dropped(built: Mapping[str, str]) -> Iterator[str]:
    for fused, graph in built.items():
        before, _, activation = fused.rpartition(",")
        seen = not graph.startswith((NOT_BUILT, UNDECIDED))
        if activation and seen and built.get(before) == graph:
            yield activation


class Plugin(msgspec.Struct, frozen=True, kw_only=True):
    """Every version of a plugin that was tried. `source`: how what is here is known."""

    schema: int
    distribution: str
    architecture: str
    source: str
    versions: Mapping[str, Tried]

    def of(self, version: str, python: str) -> Tried | None:
        """Return what is known of a version, as its wheel for a Python (`3.11`) has it; None where nothing is."""
        return self.versions.get(of_python(version, f"cp{python.replace('.', '')}")) or self.versions.get(version)


def of_python(version: str, tag: str) -> str:
    """Return the key of the wheels for one Python, where they register something else than the others of a version."""
    return f"{version} {tag}"


class Everywhere(msgspec.Struct, frozen=True, kw_only=True):
    """The kernels TensorFlow has for every device (`DEVICE_DEFAULT`), as one release lists them itself."""

    schema: int
    tensorflow: str
    source: str
    registrations: int
    ops: Ops


F = TypeVar("F", Plugin, Everywhere)


def read_plugin(data: bytes, file: str) -> Plugin:
    """Read a plugin's kernels.

    Raises:
        InvalidFileError: it is no such file, or of another schema.
    """
    return _read(data, Plugin, file)


def read_everywhere(data: bytes, file: str) -> Everywhere:
    """Read TensorFlow's own kernels.

    Raises:
        InvalidFileError: it is no such file, or of another schema.
    """
    return _read(data, Everywhere, file)


def _read(data: bytes, kind: type[F], file: str) -> F:
    hint = "Install tfsetup again."
    try:
        found = msgspec.json.decode(data, type=kind)
    except msgspec.MsgspecError as error:
        message = f"The list of kernels cannot be read: {error}"
        raise InvalidFileError(message, where=Where(file=file), hint=hint) from error
    if found.schema != SCHEMA:
        message = f"This list of kernels has schema {found.schema}, and this tfsetup reads {SCHEMA}."
        raise InvalidFileError(message, where=Where(file=file), hint=hint)
    return found


def matches(words: Words, operation: Operation) -> bool | None:
    """Tell whether a kernel takes an operation; None where nothing says what type one of its attributes has."""
    known, sure = dict(operation.types), True
    for word in words:
        attribute, _, allowed = word.partition(":")
        types = known.get(attribute)
        if word.startswith("@"):
            continue
        if types is None:
            sure = False
        elif not set(types) <= set(allowed.split("|")):
            return False
    return True if sure else None


def in_host_memory(words: Words) -> frozenset[str]:
    """Return the arguments that stay in host memory."""
    return frozenset(word[1:] for word in words if word.startswith("@"))
