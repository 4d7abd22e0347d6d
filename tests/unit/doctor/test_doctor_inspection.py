"""What an environment's values say is wrong with it, one thing at a time."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tfsetup.doctor.environment import BadFile, Distribution, Environment, Interpreter
from tfsetup.doctor.inspection import inspect
from tfsetup.doctor.model import Observation
from tfsetup.host.model import Cpu, Host

MARKERS = {
    "implementation_name": "cpython",
    "implementation_version": "3.12.4",
    "os_name": "posix",
    "platform_machine": "x86_64",
    "platform_release": "6",
    "platform_system": "Linux",
    "platform_version": "1",
    "python_full_version": "3.12.4",
    "platform_python_implementation": "CPython",
    "python_version": "3.12",
    "sys_platform": "linux",
}
PYTHON = Interpreter(
    executable="/v/bin/python", version="3.12.4", machine="x86_64",
    markers=MARKERS,
)  # fmt: skip
SITE = "/v/lib/python3.12/site-packages"
TENSORFLOW = Distribution(
    name="tensorflow",
    version="2.19.1",
    site=SITE,
    requires=("numpy<2.2.0,>=1.26.0", 'odd>=1; sys_platform == "win32"'),
    tags=("cp312-cp312-manylinux_2_17_x86_64", "cp312-cp312-manylinux2014_x86_64"),
    owns=frozenset({"tensorflow/__init__.py"}),
)
NUMPY = Distribution(name="numpy", version="2.1.3", site=SITE, owns=frozenset({"numpy/__init__.py"}))
HEALTHY = Environment(prefix="/v", interpreter=PYTHON, distributions=(TENSORFLOW, NUMPY), free_bytes=10**10)
INTEL = Host(os="linux", arch="x86_64", cpu=Cpu(features=("avx", "avx2")))


def seen(environment: Environment, host: Host | None = INTEL) -> list[tuple[str, str]]:
    return [(one.check, one.subject) for one in inspect(environment, host)]


def with_tensorflow(**changes: object) -> Environment:
    return replace(HEALTHY, distributions=(replace(TENSORFLOW, **changes), NUMPY))  # type: ignore[arg-type]


def test_a_healthy_environment_has_nothing_to_see() -> None:
    assert inspect(HEALTHY, INTEL) == ()
    assert inspect(HEALTHY, None) == ()


def test_no_tensorflow() -> None:
    assert seen(replace(HEALTHY, distributions=(NUMPY,))) == [("not-installed", "tensorflow")]


def test_a_shim_brings_no_module() -> None:
    assert ("not-installed", "tensorflow") in seen(with_tensorflow(owns=frozenset()))


def test_the_rest_of_an_installation() -> None:
    assert ("file-missing", f"{SITE}/tensorflow") in seen(replace(HEALTHY, leftovers=(f"{SITE}/tensorflow",)))


def test_a_file_of_ones_own_that_hides_a_module() -> None:
    [one] = inspect(replace(HEALTHY, shadows=(("random", "/home/x/random.py"),)), INTEL)
    assert one == Observation(
        check="shadowing-file", subject="random", detail="/home/x/random.py is imported instead of the module random.",
        captures={"module": "random", "found_by": "inspection"},
        looked={"path": "/home/x/random.py"},
    )  # fmt: skip


@pytest.mark.parametrize(
    ("bad", "check", "words"),
    [
        (
            BadFile(path="tensorflow/x.so", state="missing"),
            "file-missing",
            "tensorflow/x.so of tensorflow 2.19.1 is missing.",
        ),
        (BadFile(path="a.so", state="unreadable"), "file-unreadable", "a.so of tensorflow 2.19.1 cannot be read."),
        (
            BadFile(path="a.so", state="shorter", expected=2000, found=10),
            "file-truncated",
            "is cut short: 10 of 2,000 bytes.",
        ),
        (
            BadFile(path="a.py", state="changed", expected=1, found=2),
            "file-changed",
            "is not the file that was installed (2, not 1 bytes).",
        ),
    ],
)
def test_files_that_are_not_as_recorded(bad: BadFile, check: str, words: str) -> None:
    [one] = inspect(with_tensorflow(bad=(bad,)), INTEL)
    assert (one.check, one.subject) == (check, "tensorflow")
    assert one.detail.endswith(words)


def test_files_of_strangers_are_not_looked_at() -> None:
    stranger = Distribution(name="django", version="5", site=SITE, bad=(BadFile(path="x", state="missing"),))
    assert seen(replace(HEALTHY, distributions=(*HEALTHY.distributions, stranger))) == []


@pytest.mark.parametrize(
    ("tags", "words"),
    [
        (("cp310-cp310-manylinux2014_x86_64",), "this is Python 3.12"),
        (("cp312-cp312-manylinux2014_aarch64",), "this Python runs on x86_64"),
    ],
)
def test_a_wheel_for_another_interpreter(tags: tuple[str, ...], words: str) -> None:
    [one] = inspect(with_tensorflow(tags=tags), INTEL)
    assert one.check == "wheel-tag"
    assert words in one.detail


@pytest.mark.parametrize(
    "tags", [(), ("py3-none-any",), ("cp39-abi3-manylinux2014_x86_64",), ("cp312-cp312-win_amd64",)]
)
def test_tags_that_fit_or_say_nothing(tags: tuple[str, ...]) -> None:
    assert "wheel-tag" not in [check for check, _ in seen(with_tensorflow(tags=tags))]


def test_a_translated_python() -> None:
    mac = Host(os="macos", arch="arm64", rosetta=True)
    assert ("translated-python", "python") in seen(HEALTHY, mac)
    assert ("translated-python", "python") not in seen(HEALTHY, Host(os="macos", arch="x86_64"))


def test_two_tensorflows() -> None:
    other = replace(TENSORFLOW, name="tensorflow-cpu")
    assert ("two-tensorflows", "tensorflow") in seen(replace(HEALTHY, distributions=(TENSORFLOW, other, NUMPY)))


def test_one_plugin_from_two_places() -> None:
    path = "tensorflow-plugins/libmetal_plugin.dylib"
    plugin = Distribution(name="tensorflow-metal", version="1.2.0", site=SITE, owns=frozenset({path}))
    other = replace(plugin, site="/home/x/.local/lib/python3.12/site-packages")
    found = seen(replace(HEALTHY, distributions=(*HEALTHY.distributions, plugin, other)))
    assert ("two-plugins", path) in found
    assert ("two-plugins", path) not in seen(replace(HEALTHY, distributions=(*HEALTHY.distributions, plugin)))


def test_a_requirement_that_is_not_met() -> None:
    [one] = inspect(replace(HEALTHY, distributions=(TENSORFLOW, replace(NUMPY, version="2.3.0"))), INTEL)
    assert one.check == "requirement-not-met"
    assert one.detail == "tensorflow 2.19.1 requires numpy<2.2.0,>=1.26.0, but 2.3.0 is installed."
    assert one.captures == {"required": "<2.2.0,>=1.26.0", "by": "tensorflow", "installed": "2.3.0"}


def test_a_requirement_that_is_missing() -> None:
    [one] = inspect(replace(HEALTHY, distributions=(TENSORFLOW,)), INTEL)
    assert (one.check, one.subject) == ("requirement-missing", "numpy")


def test_requirements_of_requirements_count() -> None:
    numpy = replace(NUMPY, requires=("deep>=1",))
    assert ("requirement-missing", "deep") in seen(replace(HEALTHY, distributions=(TENSORFLOW, numpy)))


def test_requirements_of_what_needs_tensorflow_count() -> None:
    text = Distribution(name="tensorflow-text", version="2.18.0", site=SITE, requires=("tensorflow<2.19,>=2.18.0",))
    assert ("requirement-not-met", "tensorflow") in seen(replace(HEALTHY, distributions=(*HEALTHY.distributions, text)))


@pytest.mark.parametrize(("wanted", "met"), [("<2.19,>=2.18", False), ("<2.20,>=2.19", True)])
def test_what_needs_tensorflow_is_served_by_any_distribution_that_brings_it(wanted: str, met: bool) -> None:
    cpu = replace(TENSORFLOW, name="tensorflow-cpu")
    text = Distribution(name="tensorflow-text", version="2.18.1", site=SITE, requires=(f"tensorflow{wanted}",))
    found = inspect(replace(HEALTHY, distributions=(cpu, NUMPY, text)), INTEL)
    assert [(one.check, one.subject, one.captures["by"]) for one in found] == (
        [] if met else [("requirement-not-met", "tensorflow", "tensorflow-text")]
    )


def test_extras_and_unreadable_metadata_say_nothing() -> None:
    odd = with_tensorflow(
        requires=("nvidia-x; extra == 'and-cuda'", "not a requirement ???", "numpy; bad_marker == 'x'")
    )
    assert seen(odd) == []


def test_versions_nobody_can_compare_are_left_alone() -> None:
    assert seen(replace(HEALTHY, distributions=(TENSORFLOW, replace(NUMPY, version="unknown")))) == []


def test_two_records_of_one_package() -> None:
    found = seen(replace(HEALTHY, distributions=(TENSORFLOW, NUMPY, replace(NUMPY, version="2.1.2"))))
    assert found == [("conda-and-pip", "numpy")]


def test_what_pip_put_over_condas() -> None:
    assert seen(replace(HEALTHY, conda={"numpy": "1.26.4"})) == [("conda-and-pip", "numpy")]
    assert seen(replace(HEALTHY, conda={"numpy": "2.1.3", "zlib": "1.3"})) == []


def test_a_distribution_without_a_list_of_files() -> None:
    bare = replace(NUMPY, record=False)
    assert seen(replace(HEALTHY, distributions=(TENSORFLOW, bare))) == [("record-missing", "numpy")]


def test_the_system() -> None:
    assert seen(replace(HEALTHY, free_bytes=1000)) == [("disk-full", "/v")]
    assert seen(replace(HEALTHY, quarantined=("x.dylib",))) == [("quarantined", "x.dylib")]
    assert seen(HEALTHY, Host(os="linux", arch="x86_64", cpu=Cpu(features=("sse4_2",)))) == [("no-avx", "tensorflow")]
    assert seen(HEALTHY, Host(os="linux", arch="x86_64", cpu=Cpu())) == []
