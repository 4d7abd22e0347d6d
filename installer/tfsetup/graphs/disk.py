"""Reads models and lists of kernels from disk. (Touches the world.)."""

from __future__ import annotations

from functools import cache
from pathlib import Path
from typing import Final

from tfsetup.errors import InvalidFileError, UsageError, Where
from tfsetup.graphs.kernels import DEFAULT_KERNELS, METAL_KERNELS, Everywhere, Plugin, read_everywhere, read_plugin
from tfsetup.graphs.model import Graph
from tfsetup.graphs.saved_model import read_saved_model
from tfsetup.matrix.file.disk import environments

SAVED: Final = "saved_model.pb"
_IN_PIECES: Final = "saved_model.cpb"
_EVIDENCE: Final = "evidence"
_MOST: Final = 1 << 31  # bytes of a message of protobuf
_EXPORT: Final = 'export it where TensorFlow is: model.export("FOLDER"), or tf.saved_model.save(model, "FOLDER").'
_KERAS: Final = {".keras", ".h5", ".hdf5"}


def must_be_traced(model: Path) -> bool:
    """Tell whether a model is a Keras file, or a function of a program (`module:function`)."""
    return not model.is_dir() and (model.suffix in _KERAS or (":" in model.name and not model.exists()))


def read_model(model: Path) -> tuple[Graph, Path]:
    """Return the graph of a saved model, a folder or its `saved_model.pb`, and the file it was read from.

    Raises:
        UsageError: there is nothing of this name, or it is a model of another kind.
        InvalidFileError: it is damaged, or cannot be read.
    """
    path = _file(model)
    return read_graph(path), path


def read_graph(path: Path) -> Graph:
    """Return the graph in a file.

    Raises:
        InvalidFileError: it is damaged, or cannot be read.
    """
    try:
        if path.stat().st_size > _MOST:
            raise InvalidFileError("It is larger than a saved model can be.", where=Where(file=str(path)))
        data = path.read_bytes()
    except OSError as error:
        raise InvalidFileError(f"The model cannot be read: {error.strerror}.", where=Where(file=str(path))) from error
    return read_saved_model(data, str(path))


def _file(model: Path) -> Path:
    if model.is_dir():
        if (model / SAVED).is_file():
            return model / SAVED
        pieces = (model / _IN_PIECES).exists()
        why = f"its graph is in pieces ({_IN_PIECES})" if pieces else f"there is no {SAVED} in it"
        raise UsageError(f"{model} is no saved model that can be read: {why}.", hint=_EXPORT)
    if must_be_traced(model):
        message = f"Only TensorFlow can tell what {model} computes: it holds no operations."
        raise UsageError(message, hint=f"Name an environment that has it: --prefix DIR. Or: {_EXPORT}")
    if model.is_file():
        return model
    raise UsageError(f"There is no model at {model}.", hint=f"MODEL is a folder with a {SAVED} in it.")


def working_folder() -> Path:
    """Return where the user stands: there lies the program that `module:function` is of."""
    return Path.cwd()


@cache
def metal_kernels() -> Plugin:
    """Return the kernels of every release of Apple's plugin that was run.

    Raises:
        InvalidFileError: the list is missing or damaged.
    """
    return read_plugin(*_evidence(METAL_KERNELS))


@cache
def default_kernels() -> Everywhere:
    """Return the kernels TensorFlow itself has for every device.

    Raises:
        InvalidFileError: the list is missing or damaged.
    """
    return read_everywhere(*_evidence(DEFAULT_KERNELS))


def _evidence(name: str) -> tuple[bytes, str]:
    path = environments() / _EVIDENCE / name
    try:
        return path.read_bytes(), str(path)
    except OSError as error:
        message = f"The list of kernels cannot be read: {error.strerror}."
        raise InvalidFileError(message, where=Where(file=str(path)), hint="Install tfsetup again.") from error
