"""Which BLAS NumPy and SciPy call, and whether that is the one expected and a good build of it."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from pathlib import PurePath

from msgspec import UNSET

from tfsetup.matrix.model import Expectation
from tfsetup.verify.devices import product
from tfsetup.verify.model import Blas, Event, Finding, Matmul
from tfsetup.verify.observed import Observed, number, text
from tfsetup.verify.tolerance import tolerance

# Cores OpenBLAS falls back to when it does not know the CPU; none of them uses AVX2.
GENERIC_CORES = frozenset(
    {"prescott", "generic", "core2", "nehalem", "katmai", "p2", "penryn", "dunnington", "opteron"}
)
BUILD_NAMES = {"openblas": "openblas", "accelerate": "accelerate", "mkl": "mkl", "blis": "blis"}


def blas(seen: Observed) -> Blas | None:
    """Return NumPy's BLAS, with SciPy's where there is SciPy; None: the probe did not come to ask."""
    event = seen.last("blas")
    if not event:
        return None
    owners = {entry["path"]: entry for entry in seen.last("libraries").get("libraries", ())}
    numpy = _used_by("numpy", seen, event, owners)
    return replace(numpy, scipy=_used_by("scipy", seen, event, owners)) if event.get("scipy_version") else numpy


def _used_by(user: str, seen: Observed, event: Event, owners: Mapping[str, Event]) -> Blas:
    entry = _library_of(user, event, owners)
    timing = _fastest(seen) if user == "numpy" else event.get(user) or {}
    path = text(entry.get("path"))
    image = owners.get(path or "", {})
    return Blas(
        user=user,
        library=text(entry.get("library")) or _configured(event),
        path=path,
        version=text(entry.get("version")),
        core=text(entry.get("core")),
        threads=entry.get("threads"),
        arch=text(image.get("arch")),
        wheel=text(image.get("wheel")),
        gflops=number(timing.get("gflops")),
        n=timing.get("n"),
        matmul=tuple(map(_product, seen.all("numpy"))) if user == "numpy" else (),
    )


def _product(event: Event) -> Matmul:
    return replace(product(event), repeatable=None, compared=None, placed_on=None)  # it is run once, where NumPy is


def _fastest(seen: Observed) -> Event:
    return max(seen.all("numpy"), key=lambda event: number(event.get("gflops")) or 0.0, default={})


def _library_of(user: str, event: Event, owners: Mapping[str, Event]) -> Event:
    """The library that appeared when the package's extension was loaded; else its wheel's; else the only one."""
    known = {entry["path"]: dict(entry) for entry in event.get("libraries", ())}
    loaded = [path for path in event.get("users", {}).get(user, ()) if path in known]
    shipped = [path for path in known if (text(owners.get(path, {}).get("wheel")) or "").startswith(f"{user} ")]
    only = list(known) if len(known) == 1 else []
    return next((known[path] for path in [*loaded, *shipped, *only]), {})


def _configured(event: Event) -> str | None:
    """What NumPy says it was built with, where no library of its own is mapped (linked statically, or unknown)."""
    name = (text(event.get("configured")) or "").lower()
    return next((family for word, family in BUILD_NAMES.items() if word in name), None)


def numpy_findings(seen: Observed) -> Iterator[Finding]:
    """Say so if NumPy's own products are wrong: then no comparison with them means anything."""
    for event in seen.all("numpy"):
        limit = tolerance("float32", int(event["n"]))
        errors = {key: number(event.get(key)) for key in ("reference_error", "max_rel_error", "checksum_error")}
        bad = [key for key, error in errors.items() if error is None or error > limit]
        if bad:
            worst = errors[bad[0]]
            yield Finding(
                severity="error",
                title="NumPy's BLAS computes wrong results",
                detail=f"float32 {event['n']}: {bad[0].replace('_', ' ')} {worst} > {limit:.1e}",
                fix=("reinstall NumPy from another build", "tfsetup doctor"),
            )
            return


def blas_findings(
    found: Blas | None, expectation: Expectation | None, features: Collection[str] | None
) -> Iterator[Finding]:
    """Compare NumPy's BLAS with the expectation, and name slow builds."""
    for item in () if found is None else (found,) if found.scipy is UNSET else (found, found.scipy):
        if item.user == "numpy" and expectation is not None and expectation.blas not in {None, item.library}:
            yield Finding(
                severity="warning",
                title=f"NumPy calls {item.library or 'an unknown BLAS'}, {expectation.blas} was expected",
                detail=item.path or "",
                fix=("tfsetup install rebuilds the environment with the wheels of its lock",),
            )
        if item.library == "netlib":
            yield Finding(
                severity="warning",
                title=f"{item.user} calls the reference BLAS, many times slower than an optimised one",
                detail=item.path or "",
            )
        core = (item.core or "").lower()
        if core in GENERIC_CORES and features is not None and "avx2" in features:
            yield Finding(
                severity="warning",
                title=f"{item.user}'s OpenBLAS runs its `{item.core}` kernels on a CPU that has AVX2",
                detail=f"{PurePath(item.path or '').name}; OPENBLAS_CORETYPE may be set, or the build has no others",
            )
