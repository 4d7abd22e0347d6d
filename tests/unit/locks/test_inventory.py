"""The inventory of locks: valid in CycloneDX's own schema, the same bytes each time, and with what only we know."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import pytest
from cyclonedx.schema import SchemaVersion
from cyclonedx.validation.json import JsonStrictValidator

from support.locks import origin, wheel
from tfsetup.errors import UsageError
from tfsetup.locks.inventory import Bill, Part, is_library, licences_in, render_inventory, require_library
from tfsetup.locks.model import LockedFile
from tfsetup.locks.proof import Proof

ALPHA = Part(
    name="alpha",
    version="1.0",
    file=wheel("alpha-1.0-py3-none-any.whl"),
    licences=("MIT",),
)
BETA = Part(
    name="beta",
    version="2.0+local",
    file=wheel("beta-2.0-cp312-cp312-macosx_14_0_arm64.whl"),
    licences=("Apache-2.0 OR BSD-2-Clause", "Something of their own"),
    libraries=("beta/a.so", "beta/b.dylib"),
)
GAMMA = Part(
    name="gamma",
    version="3.0",
    file=LockedFile(
        filename="gamma-3.0-0.conda", size=1, sha256="c" * 64, url="https://u:secret@h.example/gamma.conda"
    ),
    kind="conda",
    qualifiers=(("build", "0"), ("subdir", "noarch")),
    unread="it is an archive of a channel",
)
PROOF = Proof(row="r", python="3.12", sha256="e" * 64, verdict="fails", images=7, reasons=("a.so: not found", "b"))


def bill(name: str, *parts: Part, **changes: Any) -> Bill:
    return Bill(name=name, origin=origin(**changes), sha256="d" * 64, proof=PROOF, parts=parts)


BILLS = (
    bill("macos-arm64-metal", ALPHA, BETA, GAMMA, cures={"TURN_OFF_REMAPPER": "1"}, exclude_newer="2026-01-31"),
    bill("linux-x86_64-cpu", ALPHA),
)


def components(text: str) -> dict[str, dict[str, Any]]:
    return {one["bom-ref"]: one for one in json.loads(text)["components"]}


def properties(component: dict[str, Any]) -> list[tuple[str, str]]:
    return [(one["name"], one["value"]) for one in component.get("properties", [])]


@pytest.fixture(scope="module")
def text() -> str:
    return render_inventory(BILLS, "1.2.3")


def test_it_is_valid_by_cyclonedx_s_own_schema(text: str) -> None:
    validator = JsonStrictValidator(SchemaVersion.V1_6)
    assert validator.validate_str(text) is None
    assert validator.validate_str(text.replace('"alg": "SHA-256"', '"alg": "SHA-257"')) is not None


def test_the_same_locks_give_the_same_bytes_and_others_another_number(text: str) -> None:
    assert render_inventory(BILLS, "1.2.3") == text
    assert render_inventory(tuple(reversed(BILLS)), "1.2.3") == text
    other = render_inventory((replace(BILLS[0], sha256="f" * 64), BILLS[1]), "1.2.3")
    assert json.loads(other)["serialNumber"] != json.loads(text)["serialNumber"]
    assert "timestamp" not in json.loads(text)["metadata"]


def test_a_file_has_its_package_url_hash_licence_and_address(text: str) -> None:
    alpha = components(text)["pkg:pypi/alpha@1.0?file_name=alpha-1.0-py3-none-any.whl"]
    assert alpha["purl"] == alpha["bom-ref"]
    assert alpha["hashes"] == [{"alg": "SHA-256", "content": ALPHA.file.sha256}]
    assert alpha["licenses"] == [{"license": {"id": "MIT"}}]
    assert alpha["externalReferences"] == [{"type": "distribution", "url": ALPHA.file.url}]


def test_the_native_libraries_are_named(text: str) -> None:
    (beta,) = (one for ref, one in components(text).items() if ref.startswith("pkg:pypi/beta"))
    assert properties(beta) == [
        ("tfsetup:native-library", "beta/a.so"),
        ("tfsetup:native-library", "beta/b.dylib"),
    ]


def test_several_licences_are_names_because_an_expression_stands_alone(text: str) -> None:
    (beta,) = (one for ref, one in components(text).items() if ref.startswith("pkg:pypi/beta"))
    assert sorted(one["license"]["name"] for one in beta["licenses"]) == [
        "Apache-2.0 OR BSD-2-Clause",
        "Something of their own",
    ]


def test_what_was_not_read_says_so_and_no_secret_is_told(text: str) -> None:
    gamma = components(text)["pkg:conda/gamma@3.0?build=0&subdir=noarch"]
    assert properties(gamma) == [("tfsetup:contents", "not read: it is an archive of a channel")]
    assert "secret" not in text


def test_a_lock_has_its_verdict_and_hangs_its_files_on_it(text: str) -> None:
    lock = components(text)["lock:macos-arm64-metal"]
    said = properties(lock)
    for pair in (
        ("tfsetup:verdict", "fails"),
        ("tfsetup:verdict:images", "7"),
        ("tfsetup:verdict:reason", "a.so: not found"),
        ("tfsetup:variable", "TURN_OFF_REMAPPER=1"),
        ("tfsetup:exclude-newer", "only files from before 2026-02-01T00:00:00Z (2026-01-31)"),
    ):
        assert pair in said
    needs = {one["ref"]: one.get("dependsOn", []) for one in json.loads(text)["dependencies"]}
    assert len(needs["lock:macos-arm64-metal"]) == 3
    assert needs["lock:linux-x86_64-cpu"] == ["pkg:pypi/alpha@1.0?file_name=alpha-1.0-py3-none-any.whl"]
    assert needs["locks"] == ["lock:linux-x86_64-cpu", "lock:macos-arm64-metal"]


def test_a_form_without_addresses_tells_none() -> None:
    text = render_inventory([bill("x", replace(ALPHA, addressed=False))], "1")
    assert "externalReferences" not in text
    assert "https://files.example" not in text


def test_without_the_library_it_is_refused_before_anything_is_done(monkeypatch: pytest.MonkeyPatch) -> None:
    require_library()
    monkeypatch.setattr("importlib.util.find_spec", lambda _: None)
    with pytest.raises(UsageError, match="cyclonedx-python-lib") as raised:
        require_library()
    assert "the extra `sbom`" in (raised.value.hint or "")


@pytest.mark.parametrize(
    ("metadata", "found"),
    [
        (
            "License-Expression: MIT AND Zlib\nLicense: x\nClassifier: License :: OSI Approved :: MIT License\n",
            ("MIT AND Zlib",),
        ),
        ("License: Apache 2.0\n", ("Apache 2.0",)),
        ("License: UNKNOWN\nClassifier: License :: OSI Approved :: BSD License\n", ("BSD License",)),
        ("License: Copyright\n        all of it\nClassifier: License :: OSI Approved\n", ()),
        (f"License: {'long ' * 30}\nClassifier: License :: Public Domain\n", ("Public Domain",)),
        ("Name: x\n\nLicense: in the description\n", ()),
    ],
)
def test_the_licence_is_what_the_metadata_says(metadata: str, found: tuple[str, ...]) -> None:
    assert licences_in(metadata) == found


@pytest.mark.parametrize(
    ("path", "is_one"),
    [
        ("a/b.cpython-312-x86_64-linux-gnu.so", True),
        ("a.libs/libz-1.so.1.2", True),
        ("a/.dylibs/libz.dylib", True),
        ("a/b.pyd", True),
        ("a/LIB.DLL", True),
        ("a/b.py", False),
        ("a.so/b.txt", False),
    ],
)
def test_a_native_library_is_known_by_its_name(path: str, is_one: bool) -> None:
    assert is_library(path) is is_one
