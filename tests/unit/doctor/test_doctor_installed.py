"""What a list of packages shows, how much it says beside a log, and without one."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.doctor import knowledge
from tfsetup.doctor.diagnose import diagnose
from tfsetup.doctor.facts import collect
from tfsetup.doctor.installed import Listing, look, place_of, seen_in
from tfsetup.doctor.model import Diagnosis, Evidence, Observation
from tfsetup.doctor.text import clean
from tfsetup.host.model import Host, Python
from tfsetup.matrix.file.disk import read_matrix
from tfsetup.matrix.installed import Place, cuda_parts

MATRIX = read_matrix()
NAMES = ("tensorflow", *knowledge().aliases["tensorflow"])
MAC = Place(os="macos", arch="arm64", python="3.11")
LINUX = Place(os="linux", arch="x86_64", python="3.11")
WINDOWS = Place(os="windows", arch="x86_64", python="3.11")
AARCH64 = Place(os="linux", arch="aarch64", python="3.12")
M2 = Host(os="macos", arch="arm64", os_version="14.5", pythons=(Python(version="3.11.4", path="/x"),))
PC = Host(os="linux", arch="x86_64", pythons=(Python(version="3.11.4", path="/x"),))
NOTHING = clean("")
SAID_NOTHING = "the program ends without a word after some minutes"


def shown(have: dict[str, str], place: Place, *, whole: bool = False) -> tuple[Observation, ...]:
    return look(Listing(packages=have, names=NAMES, place=place, whole=whole), MATRIX)


def ask(have: dict[str, str], host: Host, log: str | None = None, *, whole: bool = False) -> Diagnosis:
    return diagnose(Evidence(packages=have, host=host, log=log, whole=whole), knowledge())


@pytest.mark.parametrize(
    ("have", "place", "seen"),
    [
        ({"tensorflow": "2.14.0"}, MAC, ("shim-without-target", "tensorflow")),
        ({"tensorflow": "2.15.1", "tensorflow-macos": "2.15.0"}, MAC, ("two-tensorflows", "tensorflow")),
        ({"tensorflow": "2.13.0"}, replace(LINUX, python="3.12"), ("not-for-this-python", "tensorflow")),
        ({"tensorflow": "2.17.0"}, replace(MAC, arch="x86_64"), ("not-for-this-system", "tensorflow")),
        ({"tensorflow": "2.19.0", "protobuf": "6.31.0"}, LINUX, ("requirement-not-met", "protobuf")),
        ({"tensorboard": "2.19.0", "setuptools": "82.0.0"}, LINUX, ("beside-not-kept", "tensorboard-pkg-resources")),
        ({"tensorflow": "2.20.0", "pyarrow": "19.0.0"}, MAC, ("beside-not-kept", "protobuf-before-22-on-macos")),
        ({"tensorflow": "2.20.0", "tensorflow-metal": "1.2.0"}, MAC,
         ("plugin-of-another-tensorflow", "tensorflow-metal")),
        ({"tensorflow": "2.17.0", "tensorflow-text": "2.16.1"}, LINUX,
         ("extension-of-another-tensorflow", "tensorflow-text")),
        ({"tensorflow": "2.19.0", "nvidia-cublas-cu12": "12.5.3.2"}, AARCH64, ("cuda-without-a-build", "tensorflow")),
    ],
)  # fmt: skip
def test_what_a_list_shows(have: dict[str, str], place: Place, seen: tuple[str, str]) -> None:
    [one] = shown(have, place)
    assert (one.check, one.subject) == seen
    assert one.listed
    assert one.detail.endswith(".")
    assert any(version in one.detail for version in have.values()) or one.check == "cuda-without-a-build"


@pytest.mark.parametrize(
    ("have", "place"),
    [
        ({"tensorflow": "2.14.0", "tensorflow-macos": "2.14.0", "numpy": "1.26.4"}, MAC),
        ({"tensorflow": "2.19.1", "tensorflow-metal": "1.2.0"}, MAC),
        ({"tensorflow": "2.20.0", "pyarrow": "19.0.0"}, LINUX),
        ({"tensorflow": "2.20.0", "pyarrow": "22.0.0"}, MAC),
        ({"tensorboard": "2.19.0"}, LINUX),
        ({"tensorboard": "2.19.0", "setuptools": "81.0.0"}, LINUX),
        ({"tensorflow": "2.16.2", "tensorflow-text": "2.16.1", "tf-keras": "2.16.0"}, LINUX),
        ({"tensorflow": "2.19.0", "nvidia-cublas-cu12": "12.5.3.2"}, LINUX),
        ({"tensorflow": "2.15.0", "tensorflow-intel": "2.15.0"}, WINDOWS),
        ({"torch": "2.1.0", "numpy": "2.1.0"}, LINUX),
        ({"tensorflow": "2.11 or newer"}, MAC),
        ({}, MAC),
    ],
)
def test_a_sound_list_shows_nothing(have: dict[str, str], place: Place) -> None:
    assert shown(have, place) == ()


def test_of_an_excerpt_nothing_is_missed() -> None:
    have = {"tensorflow": "2.14.0", "tensorboard": "2.14.1", "tensorflow-probability": "0.25.0"}
    assert [one.check for one in shown(have, LINUX)] == []
    assert {one.check for one in shown(have, LINUX, whole=True)} == {"beside-not-kept"}


def test_of_a_whole_list_what_is_missing_is_told() -> None:
    release = MATRIX.index.release("tensorflow", "2.17.0")
    assert release is not None
    [wheels] = [group for group in release.wheels if "manylinux2014_x86_64" in group.platform]
    names = [
        text.split("<")[0].split(">")[0].split("=")[0].split("!")[0] for text in MATRIX.index.requires[wheels.requires]
    ]
    have = {name.split(";")[0].strip().replace("_", "-"): "0" for name in names} | {"tensorflow": "2.17.0"}
    del have["gast"]
    missing = [one.subject for one in shown(have, LINUX, whole=True) if one.check == "requirement-missing"]
    assert missing == ["gast"]
    assert [one for one in shown(have, LINUX) if one.check == "requirement-missing"] == []


def test_a_plugin_is_missed_of_a_whole_list_of_a_mac_only() -> None:
    have = {"tensorflow": "2.18.1", "pip": "24.0"}
    assert "no-plugin" in {one.check for one in shown(have, MAC, whole=True)}
    assert shown(have, MAC) == ()
    assert "no-plugin" not in {one.check for one in shown(have, LINUX, whole=True)}


def test_a_complete_set_of_cuda_is_told_with_what_keeps_it_from_being_found() -> None:
    have = dict.fromkeys(cuda_parts(MATRIX), "12.5.90")
    found = {one.check: one.detail for one in shown({**have, "tensorflow": "2.21.0"}, LINUX)}
    assert "cuSOLVER" in found["cuda-wheels-not-found"]
    assert "cuda-set-complete" in found
    assert [one.check for one in shown({**have, "tensorflow": "2.20.0"}, LINUX)] == ["cuda-set-complete"]
    assert [one.check for one in shown({"tensorflow": "2.21.0"}, LINUX)] == ["cuda-wheels-not-found"]
    assert shown({"tensorflow": "2.21.0"}, MAC) == ()


@pytest.mark.parametrize(
    ("facts", "told", "place"),
    [
        ({"os": "macos", "process": "x86_64", "arch": "arm64", "python": "3.9.7"}, Place(),
         Place(os="macos", arch="x86_64", python="3.9")),
        ({"os": "linux", "arch": "arm64"}, Place(), Place(os="linux", arch="aarch64")),
        ({}, Place(os="windows", arch="x86_64"), Place(os="windows", arch="x86_64")),
        ({"os": "linux"}, Place(os="windows", arch="x86_64"), Place(os="linux")),
        ({"os": "freebsd", "python": "three"}, Place(), Place()),
    ],
)  # fmt: skip
def test_where_a_list_is_from(facts: dict[str, str], told: Place, place: Place) -> None:
    assert place_of(facts, told) == place


FITTING = [
    ({"tensorflow": "2.14.0"}, M2, "No module named 'tensorflow'", "incomplete-install-shim-without-target"),
    ({"tensorflow": "2.20.0", "tensorflow-metal": "1.2.0"}, M2,
     "tensorflow-metal does not load: dlopen(libmetal_plugin.dylib): Symbol not found: _TF_Odd",
     "metal-plugin-abi-mismatch"),
    ({"tensorflow": "2.20.0", "pyarrow": "19.0.0"}, M2,
     "libc++abi: terminating due to uncaught exception of type std::system_error: mutex lock failed: Invalid argument",
     "protobuf-linked-twice-macos"),
    ({"tensorflow": "2.17.0", "tensorflow-text": "2.16.1"}, PC,
     "errors_impl.NotFoundError: /v/tensorflow_text/python/ops/_x.so: undefined symbol: _ZN4",
     "tf-text-abi-mismatch"),
    ({"tensorflow": "2.14.0", "tensorflow-addons": "0.17.1"}, PC,
     "tensorflow_addons/custom_ops/image/_resampler_ops.so: undefined symbol: _ZN10tensorflow14kernel_factory",
     "custom-op-abi-mismatch"),
    ({"tensorboard": "2.19.0", "setuptools": "83.0.0"}, PC, "ModuleNotFoundError: No module named 'pkg_resources'",
     "pkg-resources-removed"),
    ({"tensorflow": "2.9.1", "protobuf": "4.21.1"}, PC, "TypeError: Descriptors cannot not be created directly.",
     "protobuf-too-new"),
    ({"tensorflow": "2.12.0"}, replace(PC, pythons=(Python(version="3.12.1", path="/x"),)),
     "ModuleNotFoundError: No module named 'distutils'", "python-too-new-for-installed-tf"),
]  # fmt: skip


@pytest.mark.parametrize(("have", "host", "log", "cause"), FITTING)
def test_a_list_and_the_failure_that_fits_it_are_two_signs(
    have: dict[str, str], host: Host, log: str, cause: str
) -> None:
    first = ask(have, host, log).findings[0]
    assert (first.cause, first.confidence >= 0.9) == (cause, True)


@pytest.mark.parametrize(("have", "host", "log", "cause"), FITTING)
def test_a_list_beside_another_failure_decides_nothing(have: dict[str, str], host: Host, log: str, cause: str) -> None:
    died = "OSError: [Errno 28] No space left on device"
    assert ask(have, host, died).findings[0].cause == "disk-full"
    assert [one for one in ask(have, host, SAID_NOTHING).findings if one.cause == cause and one.confidence >= 0.5] == []
    assert log not in died


@pytest.mark.parametrize(
    ("have", "whole", "cause"),
    [
        ({"tensorflow": "2.14.0"}, True, "incomplete-install-shim-without-target"),
        ({"tensorflow": "2.15.1", "tensorflow-macos": "2.14.0"}, False, "two-tensorflow-distributions"),
        ({"tensorflow-macos": "2.15.1"}, False, "incomplete-install-shim-without-target"),
    ],
)
def test_what_is_certain_is_told_beside_a_text_that_says_nothing(have: dict[str, str], whole: bool, cause: str) -> None:
    found = ask(have, M2, SAID_NOTHING, whole=whole).findings
    assert found[0].cause == cause
    assert found[0].confidence >= 0.5
    assert ask(have, M2, whole=whole).findings[0].confidence >= 0.9


def test_a_list_alone_is_judged() -> None:
    found = ask({"tensorflow": "2.19.0", "tensorflow-text": "2.15.0"}, PC)
    assert (found.verdict, found.findings[0].cause) == ("problem", "tf-text-abi-mismatch")
    assert ask({"tensorflow": "2.19.0", "tensorflow-text": "2.19.0"}, PC).verdict == "healthy"


def test_a_list_in_the_log_is_judged_like_one_beside_it() -> None:
    log = "Successfully installed setuptools-82.0.0 tensorboard-2.18.0\nNo module named 'pkg_resources'"
    first = diagnose(Evidence(log=log), knowledge()).findings[0]
    assert first.cause == "pkg-resources-removed"
    assert any("setuptools<82 beside tensorboard 2.18.0" in proof for proof in first.evidence)


def test_the_list_given_outweighs_the_log() -> None:
    log = "Successfully installed setuptools-82.0.0 tensorboard-2.18.0\nNo module named 'pkg_resources'"
    proofs = [
        [proof for finding in found.findings for proof in finding.evidence if "beside tensorboard" in proof]
        for found in (
            diagnose(Evidence(log=log, packages=given), knowledge()) for given in ({}, {"setuptools": "81.0"})
        )
    ]
    assert [len(one) for one in proofs] == [1, 0]


def test_where_files_were_looked_at_they_say_what_is_doubled_or_unmet() -> None:
    have = {"tensorflow": "2.15.1", "tensorflow-macos": "2.14.0", "numpy": "2.2.0", "tensorflow-metal": "1.2.0"}
    facts = collect(M2, have, "")
    listed = {one.check for one in seen_in(Evidence(host=M2), facts, knowledge(), NOTHING)}
    beside_files = {one.check for one in seen_in(Evidence(host=M2, observations=()), facts, knowledge(), NOTHING)}
    assert listed - beside_files == {"two-tensorflows", "requirement-not-met"}


@pytest.mark.parametrize(
    ("complete", "tensorflow", "told"),
    [(True, "2.20.0", ""), (False, "2.20.0", "[and-cuda]'"), (True, "2.21.0", "==2.20.0")],
)
def test_the_extra_is_not_offered_to_those_who_have_it(complete: bool, tensorflow: str, told: str) -> None:
    have = dict.fromkeys(cuda_parts(MATRIX), "12.5.90") if complete else {}
    log = "Cannot dlopen some GPU libraries. Please make sure the missing libraries mentioned above are installed"
    first = ask({**have, "tensorflow": tensorflow}, PC, log).findings[0]
    assert first.cause == "cuda-libs-missing"
    extras = [step for step in first.fix if "pip install" in step and "[and-cuda]" in step]
    assert (told in extras[0]) if told else extras == []
    assert any("LD_LIBRARY_PATH" in step for step in first.fix)


@given(
    st.dictionaries(
        st.sampled_from([*NAMES, "numpy", "setuptools", "pyarrow", "tensorflow-metal"]), st.text(max_size=6)
    ),
    st.sampled_from([M2, PC, Host()]),
    st.booleans(),
)
def test_no_list_is_too_odd(have: dict[str, str], host: Host, whole: bool) -> None:
    facts = collect(host, have, "", whole=whole)
    for one in seen_in(Evidence(), facts, knowledge(), NOTHING):
        assert one.detail


HEALTHY = {"tensorflow": "2.18.1", "numpy": "2.0.2", "keras": "3.8.0", "protobuf": "5.29.3", "ml-dtypes": "0.4.1"}


@pytest.mark.parametrize("observations", [None, ()])
@pytest.mark.parametrize("host", [M2, PC], ids=["mac", "pc"])
def test_a_whole_and_sound_environment_without_a_plugin_is_healthy(
    host: Host, observations: tuple[Observation, ...] | None
) -> None:
    """A Mac's GPU is nobody's duty: who computes on the CPU has nothing to fix."""
    found = diagnose(Evidence(packages=HEALTHY, host=host, whole=True, observations=observations), knowledge())
    assert (found.verdict, found.findings) == ("healthy", ())


def test_an_empty_package_of_a_prefix_is_more_than_a_missing_module() -> None:
    gone = Observation(check="not-installed", subject="tensorflow", detail="No installed distribution brings it to /x.")
    found = diagnose(
        Evidence(packages={"tensorflow": "2.14.0", "pip": "24.0"}, host=M2, whole=True, observations=(gone,)),
        knowledge(),
    ).findings
    assert found[0].cause == "incomplete-install-shim-without-target"
    assert "'tensorflow==2.14.0'" in found[0].fix[0]


@pytest.mark.parametrize(
    ("log", "cause"),
    [
        (
            "On my M1 import tensorflow fails since I installed tensorflow 2.20.0 beside tensorflow-metal 1.2.0",
            "metal-plugin-abi-mismatch",
        ),
        (
            "tensorflow==2.15.0 and tensorflow-text==2.12.1: undefined symbol when importing tensorflow_text",
            "tf-text-abi-mismatch",
        ),
    ],
)
def test_a_pair_that_a_text_speaks_of_is_judged(log: str, cause: str) -> None:
    assert diagnose(Evidence(log=log), knowledge()).findings[0].cause == cause


@pytest.mark.parametrize(
    "log",
    [
        "import tensorflow fails with tensorflow 2.20.0 and tensorflow-metal 1.2.0, and so does tensorflow 2.21.0",
        "import tensorflow fails with tensorflow 2.18.0 and tensorflow-metal 1.2.0",
        "import tensorflow fails with tensorflow 2.20.0",
    ],
)
def test_of_several_releases_none_is_meant(log: str) -> None:
    text = clean(log)
    assert seen_in(Evidence(log=log), collect(None, None, text.stream), knowledge(), text) == ()
