"""The order of the examination; each phase is announced before it begins, so that a crash names its phase."""

from __future__ import annotations

import faulthandler
import importlib
import importlib.util
import sys
import time
from typing import Any

from . import blas, cards, checking, devices, facts, images, lite, wheels
from .channel import Channel, describe
from .matmul import Plan, Sweep
from .watch import ImportWatch


def run(channel: Channel, options: dict[str, Any]) -> None:
    """Examine this interpreter's TensorFlow and send what is found to `channel`.

    `options` are JSON: `mode` (`quick`, `full` or `thorough`), `sizes`, `dtypes`, `budget_s`, `ours` (variables that
    tfsetup set), `asked` (variables whose values are wanted), `only` (the one type of device to touch), `pairs` (the
    checks, each with its device, that a process before this one did not come to; nothing else is asked then),
    `patience_s` (after which a check hangs, whatever it says itself), and `dump_after_s`, after which the Python stack
    goes to standard error (where no signal can ask for it).
    """
    faulthandler.enable()
    if options.get("dump_after_s"):
        faulthandler.dump_traceback_later(float(options["dump_after_s"]), exit=False)
    channel.send("interpreter", **facts.interpreter(options.get("ours") or (), options.get("asked") or ()))
    channel.send("distributions", distributions=wheels.installed())
    if options.get("mode") == "aftermath":
        channel.send("damaged", files=wheels.damaged())
        _send_cpu(channel)
        return
    watch = ImportWatch(channel)
    started = time.process_time()
    tf = _import_tensorflow(channel, watch)
    import_s = time.process_time() - started  # of the CPU: how fast it is, and not how far away the files are
    if tf is None:
        return
    np = importlib.import_module("numpy")
    with channel.phase("describe"):
        channel.send("tensorflow", **facts.tensorflow(tf))
        _send_cpu(channel)
    with channel.phase("libraries"):
        _send_libraries(channel)
    with channel.phase("devices"):
        devices.prepare(tf, options.get("only"))
        found = devices.listed(tf)
        channel.send("devices", devices=[device.as_event() for device in found])
        tf.config.list_logical_devices()
        channel.send("cards", cards=cards.cards(found))
    measured = [device for device in found if device.measured(options.get("only"))]
    if not options.get("pairs"):
        _speeds(channel, tf, np, watch, measured, options)
    checking.run(channel, tf, np, importlib.import_module("tfsetup_checks"), measured, options, import_s)
    faulthandler.cancel_dump_traceback_later()
    channel.send("done")


def _speeds(
    channel: Channel, tf: Any, np: Any, watch: ImportWatch, measured: list[Any], options: dict[str, Any]
) -> None:
    """Send what comes before the checks: a check may end the process."""
    _measure(channel, tf, np, measured, options)
    if options.get("mode") != "quick":
        with channel.phase("tensorflow lite"):
            lite.run(tf)
    with channel.phase("blas"):
        _send_blas(channel, np, watch, options)
    with channel.phase("libraries"):
        _send_libraries(channel)


def _import_tensorflow(channel: Channel, watch: ImportWatch) -> Any:
    channel.send("begin", phase="import")
    started = time.perf_counter()
    try:
        with watch:
            tf = importlib.import_module("tensorflow")
    except BaseException as error:  # a module may call sys.exit() or raise anything while it is imported
        channel.send("error", phase="import", **describe(error))
        return None
    whole = time.perf_counter() - started
    channel.send("imported", seconds=whole, native_seconds=watch.native_seconds, packages=_largest(watch.seconds))
    channel.send("end", phase="import", seconds=whole)
    if not hasattr(tf, "config") or not hasattr(tf, "__version__"):
        channel.send("hollow", path=str(getattr(tf, "__path__", None) or getattr(tf, "__file__", None)))
        return None
    return tf


def _send_cpu(channel: Channel) -> None:
    """Send the CPU features NumPy found by asking the CPU itself; NumPy before 1.18 keeps no such list."""
    for name in ("numpy._core._multiarray_umath", "numpy.core._multiarray_umath"):
        try:
            features = importlib.import_module(name).__cpu_features__
        except (ImportError, AttributeError):
            continue
        channel.send("cpu", features=sorted(feature for feature, present in features.items() if present))
        return


def _largest(seconds: dict[str, float]) -> dict[str, float]:
    """Keep the eight packages that took longest and sum up the rest."""
    ordered = sorted(seconds.items(), key=lambda item: -item[1])
    kept = dict(ordered[:8])
    kept["(others)"] = sum(value for _name, value in ordered[8:])
    return kept


def _send_libraries(channel: Channel) -> None:
    mapped = images.mapped_images()
    owned = wheels.owners([path for path, _arch in mapped])
    channel.send(
        "libraries", libraries=[{"path": path, "arch": arch, "wheel": owned.get(path)} for path, arch in mapped]
    )


def _measure(channel: Channel, tf: Any, np: Any, measured: list[Any], options: dict[str, Any]) -> None:
    plan = Plan(options)
    sweep = Sweep(channel, tf, np, plan)
    for dtype in plan.dtypes:
        with channel.phase("matmul " + dtype):
            sweep.run(measured, dtype)


def _send_blas(channel: Channel, np: Any, watch: ImportWatch, options: dict[str, Any]) -> None:
    scipy = None
    if options.get("mode") != "quick" and importlib.util.find_spec("scipy") is not None:
        with watch:
            scipy = importlib.import_module("scipy.linalg")
    mapped = [path for path in images.mapped_paths() if blas.family(path)]
    users = {user: [path for path in paths if blas.family(path)] for user, paths in watch.blas_paths.items()}
    plan = Plan(options)
    size = min(max(plan.sizes or [1024]), 2048)
    channel.send(
        "blas",
        libraries=[blas.describe_library(path) for path in mapped],
        users=users,
        configured=blas.configured(np),
        numpy_version=str(np.__version__),
        scipy_version=str(sys.modules["scipy"].__version__) if "scipy.linalg" in sys.modules else None,
        scipy=blas.product_rate(np, scipy_product(scipy), size, 3) if scipy is not None else None,
    )


def scipy_product(linalg: Any) -> Any:
    """Return SciPy's own float32 product; operands are transposed views, which its Fortran interface takes uncopied."""

    def product(a: Any, b: Any) -> Any:
        return linalg.blas.sgemm(1.0, a.T, b.T)

    return product
