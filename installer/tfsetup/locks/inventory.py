"""An inventory of locks (SBOM) as CycloneDX, with what only tfsetup knows: native libraries and the proof. Pure.

Each lock is a component that its files hang on; a file that several locks share stands there once. Nothing of this
machine or this moment is in it, and its serial number is made from the rest: the same locks, the same bytes. The form
is CycloneDX's own (ECMA-424, version 1.6), written by its library, which is an extra and imported here alone.
"""

from __future__ import annotations

import importlib.util
import json
import sys
import uuid
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from tfsetup.errors import UsageError
from tfsetup.ground.redaction import bare
from tfsetup.locks.cooldown import document, recorded, sentence
from tfsetup.locks.model import LockedFile, Origin
from tfsetup.locks.proof import Proof

if TYPE_CHECKING:
    from cyclonedx.model import Property
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

REQUIREMENT: Final = "cyclonedx-python-lib>=11.12,<12"
_PREFIX: Final = "tfsetup:"


@dataclass(frozen=True, kw_only=True, slots=True)
class Part:
    """One file that a lock installs: `kind` is the package URL's type, `qualifiers` what it says besides.

    `licences` are SPDX expressions or names, `libraries` the paths of its native libraries. `unread`: why nothing is
    known of what is in it; "": it was read. `addressed`: its address may be said.
    """

    name: str
    version: str
    file: LockedFile
    kind: str = "pypi"
    qualifiers: tuple[tuple[str, str], ...] = ()
    licences: tuple[str, ...] = ()
    libraries: tuple[str, ...] = ()
    unread: str = ""
    addressed: bool = True


@dataclass(frozen=True, kw_only=True, slots=True)
class Bill:
    """What one lock installs: its name, what it was made for, the fingerprint of its text, and what was found of it."""

    name: str
    origin: Origin
    sha256: str
    proof: Proof
    parts: tuple[Part, ...] = field(default=())


def require_library() -> None:
    """See to it that an inventory can be written, before anything is resolved for it.

    Raises:
        UsageError: the library is not there.
    """
    if importlib.util.find_spec("cyclonedx") is None:
        raise UsageError(
            "Writing an inventory needs cyclonedx-python-lib, which this Python does not have.",
            hint=f"Install it beside tfsetup: uv pip install --python {sys.executable} '{REQUIREMENT}' "
            "(it is in the extra `sbom` of tfsetup).",
        )


def render_inventory(bills: Sequence[Bill], version: str) -> str:
    """Return the inventory of locks as JSON; `version` is tfsetup's own."""
    from cyclonedx.output.json import JsonV1Dot6

    written = json.loads(JsonV1Dot6(_bom(bills, version)).output_as_string())
    # Both are of the moment: the time is left out, which CycloneDX allows, and the number made from what is written.
    written["metadata"].pop("timestamp")
    written.pop("serialNumber")
    content = json.dumps(written, sort_keys=True)
    written["serialNumber"] = uuid.uuid5(uuid.NAMESPACE_URL, f"{_PREFIX}{content}").urn
    return json.dumps(written, indent=2, sort_keys=True, ensure_ascii=False) + "\n"


def _bom(bills: Sequence[Bill], version: str) -> Bom:
    from cyclonedx.model.bom import Bom
    from cyclonedx.model.component import Component, ComponentType

    tool = Component(name="tfsetup", version=version, type=ComponentType.APPLICATION)
    whole = Component(name="tensorflow-environments", type=ComponentType.APPLICATION, bom_ref="locks")
    bom = Bom()
    bom.metadata.tools.components.add(tool)
    bom.metadata.component = whole
    files: dict[str, Component] = {}
    locks = []
    for bill in bills:
        lock = _lock(bill)
        locks.append(lock)
        mine = [_file(part, files) for part in bill.parts]
        bom.components.add(lock)
        bom.components.update(mine)
        bom.register_dependency(lock, mine)
    bom.register_dependency(whole, locks)
    return bom


def _lock(bill: Bill) -> Component:
    from cyclonedx.model import HashAlgorithm, HashType
    from cyclonedx.model.component import Component, ComponentType

    return Component(
        name=bill.name,
        type=ComponentType.PLATFORM,
        bom_ref=f"lock:{bill.name}",
        hashes=[HashType(alg=HashAlgorithm.SHA_256, content=bill.sha256)],
        properties=_properties(_about(bill)),
    )


def _about(bill: Bill) -> Iterator[tuple[str, str]]:
    origin, proof = bill.origin, bill.proof
    yield from (("row", origin.row), ("platform", origin.platform), ("python", origin.python))
    yield from (("requirement", text) for text in (*origin.requirements, *origin.team))
    yield from (("variable", f"{name}={value}") for name, value in origin.cures.items())
    if cooldown := recorded(origin):
        yield "exclude-newer", sentence(document(cooldown))
    yield "verdict", proof.verdict
    yield "verdict:images", str(proof.images)
    yield from (("verdict:reason", reason) for reason in proof.reasons)


def _file(part: Part, files: dict[str, Component]) -> Component:
    """Return the component of a file, one for the same file of several locks."""
    from cyclonedx.model import ExternalReference, ExternalReferenceType, HashAlgorithm, HashType, XsUri
    from cyclonedx.model.component import Component
    from packageurl import PackageURL

    named = part.qualifiers or (("file_name", part.file.filename),)
    purl = PackageURL(part.kind, None, part.name, part.version, dict(named))
    if str(purl) not in files:
        url = XsUri(bare(part.file.url)) if part.file.url and part.addressed else None
        files[str(purl)] = Component(
            name=part.name,
            version=part.version,
            purl=purl,
            bom_ref=str(purl),
            hashes=[HashType(alg=HashAlgorithm.SHA_256, content=part.file.sha256)],
            licenses=_licences(part.licences),
            external_references=[ExternalReference(type=ExternalReferenceType.DISTRIBUTION, url=url)] if url else [],
            properties=_properties(_inside(part)),
        )
    return files[str(purl)]


def _inside(part: Part) -> Iterator[tuple[str, str]]:
    if part.unread:
        yield "contents", f"not read: {part.unread}"
    yield from (("native-library", path) for path in part.libraries)


def _licences(texts: Iterable[str]) -> Sequence[LicenseExpression | DisjunctiveLicense]:
    """Return licences in CycloneDX's terms, which take one expression or several names, never both."""
    from cyclonedx.contrib.license.factories import LicenseFactory
    from cyclonedx.model.license import DisjunctiveLicense, LicenseExpression

    found = [LicenseFactory().make_from_string(text) for text in dict.fromkeys(texts)]
    if len(found) > 1:
        return [DisjunctiveLicense(name=one.value) if isinstance(one, LicenseExpression) else one for one in found]
    return found


def _properties(pairs: Iterable[tuple[str, str]]) -> list[Property]:
    from cyclonedx.model import Property

    return [Property(name=f"{_PREFIX}{name}", value=value) for name, value in pairs]


def licences_in(metadata: str) -> tuple[str, ...]:
    """Return what a distribution's METADATA says of its licence: the expression, else a short text, else classifiers.

    Source: Python packaging user guide, "Core metadata specifications".
    """
    from email.parser import HeaderParser

    said = HeaderParser().parsestr(metadata)
    if expression := str(said.get("License-Expression", "")).strip():
        return (expression,)
    text = str(said.get("License", "")).strip()
    if text and text.upper() != "UNKNOWN" and "\n" not in text and len(text) <= _SHORT:
        return (text,)
    classifiers = (str(line) for line in said.get_all("Classifier", []))
    named = (line.rpartition(" :: ")[2] for line in classifiers if line.startswith("License :: "))
    return tuple(name for name in named if name != "OSI Approved")


_SHORT: Final = 100  # characters; some packages put the whole text of the licence there


def is_library(path: str) -> bool:
    """Tell whether a file of a wheel is a native library, by its name: `libx.so.2`, `x.abi3.so`, `x.pyd`."""
    name = path.rpartition("/")[2].lower()
    return name.endswith((".so", ".dylib", ".pyd", ".dll")) or ".so." in name
