"""A machine whose store of certificates holds what a test wants: a namespace with our folder over the system's."""

from __future__ import annotations

import shutil
import subprocess
from collections.abc import Iterable
from functools import cache
from pathlib import Path

from support.certificates import subject_hash

PLACE = Path("/etc/ssl/certs")
BUNDLE = "ca-certificates.crt"


def make_store(folder: Path, certificates: Iterable[Path]) -> Path:
    """Make the folder of a store as Debian keeps it: one file of all, and each by the hash of its subject."""
    folder.mkdir(parents=True)
    found = list(certificates)
    (folder / BUNDLE).write_text("".join(path.read_text(encoding="utf-8") for path in found), encoding="utf-8")
    for number, path in enumerate(found):
        shutil.copy(path, folder / f"{number}.pem")
        (folder / f"{subject_hash(path)}.0").symlink_to(f"{number}.pem")
    return folder


def within(store: Path) -> list[str]:
    """Return what to put before a command so that `store` is the system's one for it."""
    return [*_unshared(), "sh", "-c", f'mount --bind "$0" {PLACE} && exec "$@"', str(store)]


def missing() -> str | None:
    """Return why no test can have a store of its own here, None if it can."""
    if not (PLACE / BUNDLE).is_file():
        return f"the system's store is not {PLACE}"
    return None if _unshared() else "no namespace with mounts of its own can be made here"


@cache
def _unshared() -> tuple[str, ...]:
    for words in (("unshare", "--mount"), ("unshare", "--map-root-user", "--mount")):
        probe = [*words, "mount", "--bind", str(PLACE), str(PLACE)]
        if shutil.which("unshare") and not subprocess.run(probe, capture_output=True, check=False).returncode:
            return words
    return ()
