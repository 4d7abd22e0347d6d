"""The course of `tfsetup ops`: a saved model and a machine in, what the machine's plugin leaves to the CPU out."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Final, Literal

from tfsetup.errors import Code, TfsetupError, UsageError
from tfsetup.graphs.count import counted
from tfsetup.graphs.disk import default_kernels, metal_kernels, must_be_traced, read_model
from tfsetup.graphs.fused import Fusion, dropped
from tfsetup.graphs.kernels import Kernels, Ops, Words
from tfsetup.graphs.model import Counted, Operation
from tfsetup.graphs.place import Place, Placed, place, placed
from tfsetup.graphs.remedies import remedy
from tfsetup.ground.versions import at_least
from tfsetup.host.model import Host
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.file.rows import Matrix
from tfsetup.matrix.hazards import Cure, hazards_of, pins
from tfsetup.matrix.machine import macos_version
from tfsetup.matrix.model import Ask, Selection
from tfsetup.workflows.hosts import Machine, host_of
from tfsetup.workflows.told import Told, silent

_GRU_SINCE = "13.0"
"""The macOS whose MPSGraph got a GRU. source: Apple's documentation of MPSGraph; not seen on a Mac."""


Part = Literal["predict", "train"]


@dataclass(frozen=True, kw_only=True, slots=True)
class Gap:
    """An operation that the device has no kernel for."""

    op: str
    """Its name."""
    count: int
    """How often it stands in what is run; the body of a loop counts once."""
    types: tuple[str, ...]
    """Its types, `attribute:type`."""
    floating: bool
    """Whether it computes with floating-point numbers: then data leaves the device for it and comes back."""
    remedy: str
    """What would have the device compute the same; empty where nothing is known."""
    in_: Part = "predict"
    """Where it stands: in a prediction, or in a step of training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class DroppedActivation:
    """An activation that the device does not compute: the plugin puts it into an operation whose kernel drops it."""

    op: str
    """The operation that is left of them."""
    parts: tuple[str, ...]
    """What is put together; the last one is dropped."""
    count: int
    """How often it stands in what is run."""
    cure: str
    """What keeps the plugin from it, as environments made by tfsetup do; empty where nothing is known."""
    in_: Part = "predict"
    """Where it stands: in a prediction, or in a step of training."""


@dataclass(frozen=True, kw_only=True, slots=True)
class Operations:
    """Where the operations of a model run."""

    model: str
    """The model, as it was named."""
    signature: str
    """The signature whose operations were counted; empty where the model has none, and all of them were."""
    other_signatures: tuple[str, ...]
    """Those that were not."""
    saved_by: str
    """The version of TensorFlow that saved it; empty where it does not say."""
    row: str
    """The row of the matrix for the machine."""
    tensorflow: str
    """The version of TensorFlow it gets there."""
    plugin: str
    """The plugin it gets there, as a requirement."""
    macos: str
    """The version of macOS that was decided for; empty where it is not known."""
    total: int
    """How many operations are run in a prediction, as if every call were written out."""
    on_gpu: int
    """How many of them run on the plugin's device."""
    in_host_memory: int
    """How many compute with shapes and indices beside it, where nothing waits for them."""
    on_cpu: tuple[Gap, ...]
    """What the plugin has no kernel for, most frequent first."""
    undecided: tuple[Gap, ...]
    """What could not be decided."""
    because: tuple[str, ...]
    """Why not; empty where all is decided."""
    training: int | None
    """How many operations a step of training runs; null: it is not known."""
    training_unknown: str
    """Why not; empty where it is."""
    dropped: tuple[DroppedActivation, ...] = ()
    """The activations that this release of the plugin drops where nothing prevents it."""

    @property
    def unjudged(self) -> bool:
        """Whether nothing at all could be judged."""
        return bool(self.undecided) and not self.on_gpu and not self.in_host_memory and not self.on_cpu


def ops(
    model: Path,
    machine: Machine | None = None,
    ask: Ask | None = None,
    *,
    signature: str | None = None,
    prefix: Path | None = None,
    matrix: Path | None = None,
    told: Told = silent,
) -> Operations:
    """Say which operations of a model the machine's plugin leaves to the CPU; nothing is downloaded.

    A saved model is only read. A Keras file, or `module:function` of a program in the current folder, is run by the
    TensorFlow of the environment at `prefix`, which may be another one than the machine's. `machine` is a row of the
    matrix by its id, a host, the path of a host file, or None for this one.

    Raises:
        UsageError: there is no model, signature or environment, or the machine's row has no plugin.
        InvalidFileError: the model, the host file or the matrix is invalid.
        TfsetupError: no row fits the machine and the ask, or TensorFlow could not trace the model.
    """
    rows = read_matrix(matrix)
    host, selection = _chosen(machine, ask or Ask(), rows, matrix)
    target = _target(host, selection, rows)
    models = _models(model, signature, prefix, target, told)
    everywhere = default_kernels().ops
    predict, train = (placed(one, target.kernels, everywhere) if one else () for one in (models.predict, models.train))

    definitions = {**models.predict.definitions, **(models.train.definitions if models.train else {})}

    def runs(operation: Operation) -> bool:
        return place(operation, definitions, target.kernels, everywhere) == "device"

    def gaps(where: Place) -> Iterator[Gap]:
        for in_, found in (("predict", predict), ("train", train)):
            yield from (_gap(one, _IN[in_], remedy(one.operation, runs)) for one in found if one.place == where)

    return Operations(
        model=str(model), signature=models.predict.signature, other_signatures=models.predict.others,
        saved_by=models.saved_by, row=selection.row or "", tensorflow=selection.version, plugin=target.plugin,
        macos=macos_version(host) or "", total=models.predict.total, on_gpu=_sum(predict, "device"),
        in_host_memory=_sum(predict, "host"), on_cpu=tuple(gaps("cpu")), undecided=tuple(gaps("undecided")),
        because=_because(target, (*predict, *train)), training=models.train.total if models.train else None,
        training_unknown=models.because,
        dropped=tuple(DroppedActivation(
            op=one.op, parts=one.parts, count=count, cure=target.cure, in_=_IN[in_]
        ) for in_, found in models.dropped.items() for one, count in found.items()),
    )  # fmt: skip


_IN: Final[Mapping[str, Part]] = {"predict": "predict", "train": "train"}


@dataclass(frozen=True, kw_only=True, slots=True)
class _Models:
    """What is counted. `because`: why nothing is known of training; `dropped`: activations, by where they stand."""

    predict: Counted
    train: Counted | None
    saved_by: str
    because: str
    dropped: Mapping[str, Mapping[Fusion, int]]


def _models(model: Path, signature: str | None, prefix: Path | None, target: _Target, told: Told) -> _Models:
    """Read a saved model, or have a model traced."""
    if prefix is None or not must_be_traced(model):
        graph, path = read_model(model)
        graphs = {"predict": graph}
        because, file = "a saved model does not hold it", str(path)
    else:
        from tfsetup.workflows.tracing import traced

        found = traced(str(model), prefix, told)
        graphs = {"predict": found.predict, **({"train": found.train} if found.train else {})}
        because, file = found.because, str(model)
    of = {"predict": signature, "train": None}
    counts = {name: counted(graph, file, of[name]) for name, graph in graphs.items()}
    lost = {name: dropped(graph, file, of[name], target.lost, target.known) for name, graph in graphs.items()}
    saved_by = graphs["predict"].tensorflow
    return _Models(
        predict=counts["predict"], train=counts.get("train"), saved_by=saved_by, because=because, dropped=lost
    )


def _sum(found: Iterable[Placed], where: Place) -> int:
    return sum(one.count for one in found if one.place == where)


def _chosen(machine: Machine | None, ask: Ask, rows: Matrix, matrix: Path | None) -> tuple[Host, Selection]:
    """Return the machine, and what it gets: of a row its own answer, whatever would go before it."""
    from tfsetup.matrix.choose.reference import reference
    from tfsetup.matrix.choose.select import select

    named = next((row for row in rows.rows if not isinstance(machine, Host) and row.id == str(machine)), None)
    if named is not None:
        spec = ask.tensorflow or (named.versions if named.when.by_version else None)
        host, selection = reference(named, replace(ask, tensorflow=spec), rows)
    else:
        host = host_of(machine, matrix=matrix, downloads=False)
        selection = select(host, ask, rows)
    if not selection.installable:
        hint = next(iter(selection.suggestions), "")
        raise TfsetupError(Code.NO_ROW, " ".join(selection.reasons) or "No row fits.", hint=hint)
    return host, selection


@dataclass(frozen=True, kw_only=True, slots=True)
class _Target:
    """A plugin, and its kernels for each kind of system that may be meant. `because`: why there are none, or two.

    `lost`: the activations that its fused operations drop; `cure`: what keeps it from fusing them.
    """

    plugin: str
    kernels: Mapping[str, Kernels]
    because: str = ""
    lost: Mapping[str, Words] = field(default_factory=dict)
    cure: str = ""

    @property
    def known(self) -> Ops:
        """All kernels that may be there."""
        return {op: words for kernels in self.kernels.values() for op, words in kernels.ops.items()}


def _target(host: Host, selection: Selection, rows: Matrix) -> _Target:
    row = next(one for one in rows.rows if one.id == selection.row)
    if row.plugin is None:
        with_one = [one.id for one in rows.rows if one.plugin is not None]
        message = f"{row.id} has no plugin: {_WITHOUT.get(row.accelerator, 'it computes with TensorFlow alone')}."
        raise UsageError(message, hint=f"Name a machine that has one: --host {with_one[0]}.")
    name = row.plugin.distribution
    pinned = pins([*selection.requirements, *selection.source_builds])
    target = _kept(f"{name}=={pinned.get(name, '')}", pinned.get(name, ""), selection.python or "", host)
    macos = macos_version(host)
    known = hazards_of(rows.hazards, pinned, row=row.id, macos=macos, python=selection.python)
    curing = [one.cure for one in known if one.distribution == name and one.cure.environment]
    return replace(target, cure="; ".join(map(_cure, curing)) if target.lost else "")


def _cure(cure: Cure) -> str:
    settings = " ".join(f"{name}={value}" for name, value in cure.environment.items())
    return f"{settings} in the environment: {cure.because}"


_WITHOUT = {"cpu": "everything runs on the CPU", "cuda": "TensorFlow's own kernels compute on the GPU"}


def _kept(plugin: str, version: str, python: str, host: Host) -> _Target:
    """Return what is kept about a release."""
    kept, name = metal_kernels(), plugin.partition("==")[0]
    if name != kept.distribution:
        return _Target(plugin=plugin, kernels={}, because=f"nobody has listed the kernels of {name}")
    if host.arch != kept.architecture:
        because = f"the kernels were listed of the half for {kept.architecture}, and this machine is {host.arch}"
        return _Target(plugin=plugin, kernels={}, because=because)
    tried = kept.of(version, python)
    if tried is None or tried.plain is None or tried.gru is None:
        why = f" ({tried.undecided})" if tried is not None and tried.undecided else ""
        return _Target(plugin=plugin, kernels={}, because=f"the kernels of this release could not be listed{why}")
    macos, lost = macos_version(host), tried.lost()
    newer = at_least(macos, _GRU_SINCE) if macos else None
    if newer is None:
        because = "the version of macOS is not known, and some kernels are there only from 13 on"
        return _Target(plugin=plugin, kernels={"plain": tried.plain, "gru": tried.gru}, because=because, lost=lost)
    return _Target(plugin=plugin, kernels={"gru": tried.gru} if newer else {"plain": tried.plain}, lost=lost)


def _because(target: _Target, found: tuple[Placed, ...]) -> tuple[str, ...]:
    """Return why something is undecided; nothing where all is decided."""
    if not any(one.place == "undecided" for one in found):
        return ()
    return (target.because or "the model does not say of which type some of its operations are",)


def _gap(one: Placed, in_: Part, said: str) -> Gap:
    from tfsetup.graphs.types import FLOATING

    named = [(name, type_) for name, types in one.operation.types for type_ in types]
    return Gap(
        op=one.operation.op, count=one.count, types=tuple(f"{name}:{type_}" for name, type_ in named),
        floating=any(type_ in FLOATING for _name, type_ in named), remedy=said, in_=in_,
    )  # fmt: skip
