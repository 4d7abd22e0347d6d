"""What an environment's receipt says verification must find."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from tfsetup.envs.model import Receipt
from tfsetup.envs.store import Store, layout_for
from tfsetup.matrix.model import Expectation
from tfsetup.verify.expect import expectation_of, receipt_of

BUILT = Receipt(
    generation=1, row="macos-arm64-metal", digest="d", python="3.12.4", requirements=(), packages=(),
    created="2026-11-03T10:00:00+00:00", tfsetup="0.1.0", lock_sha256="s",
    verify={"expected": {"devices": ["CPU", "GPU"], "blas": "accelerate", "arch": "arm64"}},
)  # fmt: skip


def installed(prefix: Path, receipt: Receipt) -> None:
    """Put a generation without files, its receipt and the link to it on disk."""
    store = Store(layout_for(prefix))
    store.layout.folder(receipt.generation).mkdir(parents=True)
    store.write_receipt(receipt)
    prefix.symlink_to(store.layout.folder(receipt.generation))


def test_an_environment_of_ours_is_held_to_its_row(tmp_path: Path) -> None:
    installed(tmp_path / ".venv", BUILT)
    receipt = receipt_of(tmp_path / ".venv")
    assert receipt == BUILT
    assert expectation_of(receipt) == Expectation(devices=("CPU", "GPU"), blas="accelerate", arch="arm64")


def test_somebody_else_s_environment_promises_nothing(tmp_path: Path) -> None:
    (tmp_path / "theirs" / "bin").mkdir(parents=True)
    assert receipt_of(tmp_path / "theirs") is None
    assert receipt_of(tmp_path / "nowhere") is None
    assert expectation_of(None) is None


def test_a_damaged_receipt_promises_nothing(tmp_path: Path) -> None:
    installed(tmp_path / ".venv", BUILT)
    Store(layout_for(tmp_path / ".venv")).layout.receipt(1).write_text("{", encoding="utf-8")
    assert receipt_of(tmp_path / ".venv") is None


@pytest.mark.parametrize("verify", [None, {}, {"expected": {}}, {"expected": {"devices": []}}])
def test_an_installation_without_verification_promises_nothing(verify: dict[str, Any] | None) -> None:
    from dataclasses import replace

    assert expectation_of(replace(BUILT, verify=verify)) is None
