"""A package index in a folder: wheels with METADATA, and a page for each project that a client reads by `file://`."""

from __future__ import annotations

import hashlib
import zipfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from tfsetup.ground.http import Http
from tfsetup.upkeep.index.client import IndexClient
from tfsetup.upkeep.index.settings import Indexes


@dataclass(frozen=True)
class IndexFolder:
    """The folder. Wheels are empty but for their METADATA."""

    root: Path

    def add(self, name: str, version: str, tag: str, requires: Sequence[str] = (), *, content: str = "") -> Path:
        """Put a wheel into the index and write the page of its project anew."""
        folder = self.root / name
        folder.mkdir(parents=True, exist_ok=True)
        plain = name.replace("-", "_")
        path = folder / f"{plain}-{version}-{tag}.whl"
        metadata = f"Name: {name}\nVersion: {version}\n" + "".join(f"Requires-Dist: {line}\n" for line in requires)
        with zipfile.ZipFile(path, "w") as archive:
            archive.writestr(f"{plain}-{version}.dist-info/METADATA", metadata)
            archive.writestr(f"{plain}/content", content)
        self.page(name)
        return path

    def page(self, name: str, *, yanked: Sequence[str] = ()) -> None:
        """Write the page of a project; files whose name has one of `yanked` in it are yanked."""
        lines = []
        for path in sorted((self.root / name).glob("*.whl")):
            digest = hashlib.sha256(path.read_bytes()).hexdigest()
            mark = " data-yanked" if any(word in path.name for word in yanked) else ""
            lines.append(f'<a href="{path.name}#sha256={digest}"{mark}>{path.name}</a>')
        (self.root / name / "index.html").write_text("\n".join(lines), encoding="utf-8")

    @contextmanager
    def client(self, cache: Path) -> Iterator[IndexClient]:
        """Provide a client of this index alone."""
        index = IndexClient(Indexes(default=self.root.as_uri()), cache, Http(retries=0))
        yield index
        index.close()
