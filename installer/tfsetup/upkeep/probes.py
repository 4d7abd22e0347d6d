"""A machine and an ask made to measure for a row: what `check` and the tables try each row on. Pure."""

from __future__ import annotations

from tfsetup.host.model import Cpu, Gpu, Host, Libc, Python
from tfsetup.matrix.choose.reference import CAPABILITY
from tfsetup.matrix.choose.releases import process_arch
from tfsetup.matrix.file.rows import Row
from tfsetup.matrix.model import Ask

_NEW = {"macos": "99.0", "linux": "2.99", "windows": "11"}  # newer than any floor
_DRIVER = "9999"  # above any floor


def machine_for(
    row: Row,
    *,
    python: str | None = None,
    tensorflow: str | None = None,
    macos: str | None = None,
    pre: bool = False,
    bare: bool = False,
) -> tuple[Host, Ask]:
    """Return the best machine a row could wish for, and an ask for what it gives.

    `python`: the only interpreter there; `tensorflow`: the specifier asked for (default: the row's own range where the
    row wants a version). `bare`: a CPU without any feature that a rule could ask for.
    """
    features = {rule.cpu for rule in row.rules if rule.cpu}
    gpus = (Gpu(vendor=row.when.gpu, driver=_DRIVER, compute_capability=CAPABILITY),) if row.when.gpu else ()
    pythons = (Python(version=f"{python}.0", arch=process_arch(row)),) if python else None
    host = Host(
        os=row.when.os,
        os_version=macos if macos and row.when.os == "macos" else _NEW[row.when.os],
        arch=row.when.arch,
        rosetta=row.when.rosetta,
        libc=Libc(name="glibc", version=_NEW["linux"]) if row.when.os == "linux" else None,
        cpu=Cpu(features=() if bare else tuple(sorted(features))),
        gpus=gpus,
        pythons=pythons,
        python_downloads=python is None,
        xcode_clt=True,
    )
    spec = tensorflow or (row.versions if row.when.by_version else None)
    return host, Ask(tensorflow=spec, accelerator=row.accelerator, python=python, pre=pre)
