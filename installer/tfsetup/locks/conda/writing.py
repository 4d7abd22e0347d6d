"""Writing `conda-lock.yml` through conda-lock's own models, so that what it would refuse is never written.

Only `tfsetup lock` comes here; nothing on the way of an installation imports conda_lock.
"""

from __future__ import annotations

import logging
import sys
import warnings
from collections.abc import Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Final

import yaml

from tfsetup.errors import UsageError
from tfsetup.host.temporary import temporary_folder
from tfsetup.locks.conda.environment import environment_yml, virtual_packages_yml
from tfsetup.locks.conda.lockfile import SOURCE, document
from tfsetup.locks.conda.model import PlatformLock, Request

LOCK: Final = "conda-lock.yml"
"""By this name micromamba knows a lock file; under another one it makes an empty environment."""

VIRTUAL: Final = "virtual-packages.yml"
REQUIREMENT: Final = "conda-lock>=4.0.3,<5"
_ABOUT: Final = (
    "# Written by `tfsetup lock`; write it anew rather than editing it.\n"
    "#   tfsetup install --lock conda-lock.yml     or     conda-lock install -p PREFIX conda-lock.yml\n"
)


def write_conda_lock(
    platforms: Sequence[PlatformLock], requests: Sequence[Request], requirements: Mapping[str, Sequence[str]]
) -> dict[str, str]:
    """Return the texts of the lock and of the two files it was made from, by name; the same input, the same bytes.

    `requirements` are the index's part by subdir. conda-lock reads the two files by their names, so that its own
    `--check-input-hash` finds nothing changed.

    Raises:
        UsageError: conda-lock is not installed.
    """
    _require_conda_lock()
    from conda_lock.lockfile import lockfile_v1_to_v2
    from conda_lock.lockfile.v1.models import Lockfile

    requests = sorted(requests, key=lambda request: request.subdir)
    texts = {SOURCE: environment_yml(requests, requirements), VIRTUAL: virtual_packages_yml(requests)}
    hashes = _content_hashes(texts, [request.subdir for request in requests])
    sealed = [replace(platform, content_hash=hashes[platform.subdir]) for platform in platforms]
    channels = tuple(dict.fromkeys(channel for request in requests for channel in request.channels))
    lock = lockfile_v1_to_v2(Lockfile.model_validate(document(sealed, channels)))
    lock.alphasort_inplace()
    lock.filter_virtual_packages_inplace()
    content = lock.to_v1().dict_for_output()
    return {LOCK: _ABOUT + yaml.safe_dump(content, sort_keys=False, width=1000), **texts}


def _require_conda_lock() -> None:
    try:
        # conda-lock and the conda it carries along complain of themselves when they are imported.
        with warnings.catch_warnings():
            warnings.simplefilter("ignore", DeprecationWarning)
            warnings.simplefilter("ignore", PendingDeprecationWarning)
            import conda_lock  # noqa: F401 - only whether it can be imported
    except ImportError as problem:
        raise UsageError(
            f"Writing a conda lock needs conda-lock, which this Python cannot import ({problem}).",
            hint=f"Install it beside tfsetup: uv pip install --python {sys.executable} '{REQUIREMENT}' "
            "(it is in the extra `conda` of tfsetup).",
        ) from problem


def _content_hashes(texts: Mapping[str, str], subdirs: Sequence[str]) -> dict[str, str]:
    """Return conda-lock's fingerprint of what was asked, by platform."""
    from conda_lock.content_hash import compute_content_hashes
    from conda_lock.src_parser import make_lock_spec
    from conda_lock.virtual_package import virtual_package_repo_from_specification

    # It warns of every line that a selector keeps for another platform, which is what selectors are for.
    logging.getLogger("conda_lock").setLevel(logging.ERROR)
    with temporary_folder() as folder:
        for name, text in texts.items():
            Path(folder, name).write_text(text, encoding="utf-8")
        # It would fetch a table of names for the one package `pip`, which is called so everywhere.
        names = Path(folder, "names.json")
        names.write_text("{}", encoding="utf-8")
        spec = make_lock_spec(
            src_files=[Path(folder, SOURCE)], platform_overrides=list(subdirs), mapping_url=names.as_uri()
        )
        machines = virtual_package_repo_from_specification(Path(folder, VIRTUAL))
        return dict(compute_content_hashes(spec, machines))
