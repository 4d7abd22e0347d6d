"""What a selection takes from conda channels."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest

from support.matrix import answer, ask, intel_mac, linux, mac, pins, shipped, windows
from tfsetup.ground.marked import InvalidTextError
from tfsetup.host.model import Host
from tfsetup.matrix.choose.conda import blas_rule
from tfsetup.matrix.choose.select import select
from tfsetup.matrix.file.load import merge, parse
from tfsetup.matrix.model import Selection


def conda(host: Host, **more: Any) -> Selection:
    return answer(host, backend="conda", **more)


@pytest.mark.parametrize(
    ("host", "spec", "blas"),
    [
        (mac(os_version="15.1"), "libblas * *_newaccelerate", "accelerate"),
        (mac(os_version="13.3"), "libblas * *_newaccelerate", "accelerate"),
        (mac(os_version="13.2"), "libblas * *_accelerate", "accelerate"),
        (mac(os_version="12.6"), "libblas * *_accelerate", "accelerate"),
        (intel_mac(os_version="14.0"), "libblas * *_newaccelerate", "accelerate"),
        (linux(), "libblas * *_openblas", "openblas"),
        (windows(), "libblas * *_mkl", "mkl"),
    ],
    ids=["macOS 15", "macOS 13.3", "macOS 13.2", "macOS 12", "Intel Mac", "Linux", "Windows"],
)
def test_the_blas_is_an_exact_build(host: Host, spec: str, blas: str) -> None:
    found = conda(host)
    assert found.conda[1:] == ("numpy", "scipy", "h5py", "pip", spec)
    assert found.conda[0] == f"python {found.python}.*"
    assert (found.blas, found.expect and found.expect.blas) == (blas, blas)
    assert found.conda_channels == ("conda-forge",)


def test_an_unknown_macos_gets_the_build_that_runs_on_every_one() -> None:
    supply = shipped().conda
    assert supply is not None
    rule = blas_rule(supply, mac(os_version=None))
    assert rule is not None
    assert rule.build == "*_accelerate"


def test_tensorflow_stays_the_index_s() -> None:
    assert pins(conda(mac())) == pins(answer(mac()))
    assert conda(mac()).row == answer(mac()).row


def test_pythons_of_the_machine_do_not_matter() -> None:
    found = conda(linux("3.6.15"))
    assert found.installable
    assert found.interpreter is None
    assert found.python == "3.13"
    assert any("which the conda channel brings" in reason for reason in found.reasons)


def test_the_story_has_one_blas() -> None:
    found = conda(mac(os_version="13.5"))
    assert [reason for reason in found.reasons if "NumPy computes with" in reason] == []
    assert found.reasons[-1] == (
        "numpy, scipy, h5py, pip and Python from conda-forge; libblas as the build *_newaccelerate, which is accelerate"
    )


def test_without_the_backend_nothing_comes_from_channels() -> None:
    found = answer(linux())
    assert (found.conda, found.conda_channels, found.backend) == ((), (), "venv")


def test_a_matrix_that_does_not_know_conda_says_so() -> None:
    found = select(linux(), ask(backend="conda"), replace(shipped(), conda=None))
    assert found.conda == ()
    assert found.warnings[-1] == "this matrix says nothing about conda channels"


FROM_CHANNEL = """
schema: 1
rows:
  - id: linux-x86_64-channel
    title: Linux x86_64, TensorFlow from the channel
    when: {os: linux, arch: x86_64}
    accelerator: cpu
    auto: first
    distribution: tensorflow-cpu
    versions: "==2.20.*"
    python: "3.12"
    conda: {package: tensorflow, build: "cpu_*", source: a test}
    source: a test
"""


def test_a_row_may_take_tensorflow_from_the_channel() -> None:
    matrix = merge([parse(FROM_CHANNEL, "extra.yaml")], shipped().index)
    found = select(linux(), ask(backend="conda"), replace(matrix, conda=shipped().conda))
    assert found.conda[-1] == "tensorflow 2.20.0 cpu_*"
    assert found.requirements == ()
    plain = select(linux("3.12.4"), ask(), matrix)
    assert plain.requirements == ("tensorflow-cpu==2.20.0",)


SUPPLY = """
schema: 1
conda:
  channels: [mine]
  packages: [numpy]
  macos: "14.0"
  blas: [{os: linux, package: libblas, build: "*_mkl", use: mkl, source: a test}]
  source: a test
"""


def test_a_later_file_s_conda_replaces_the_earlier_one_s() -> None:
    base = parse(SUPPLY, "one.yaml")
    later = parse(SUPPLY.replace("[mine]", "[theirs]"), "two.yaml")
    nothing = parse("schema: 1\n", "three.yaml")
    merged = merge([base, later, nothing], shipped().index)
    assert merged.conda is not None
    assert merged.conda.channels == ("theirs",)


@pytest.mark.parametrize("build", ["*accelerate", "*", "new*accelerate", "libblas =*"])
def test_a_glob_that_may_mean_two_builds_is_refused(build: str) -> None:
    with pytest.raises(InvalidTextError, match="a glob must not begin in the middle of a word"):
        parse(SUPPLY.replace("*_mkl", build), "extra.yaml")
