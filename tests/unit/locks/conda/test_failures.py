"""rattler's words turned into ours."""

from __future__ import annotations

import pytest

from support.conda import ask_channel
from tfsetup.errors import BuildError, NetworkError
from tfsetup.ground.certificates import certificates
from tfsetup.locks.conda.failures import channel_failed, package_failed, unknown_names, unsatisfiable

TREE = """Cannot solve the request because of: The following packages are incompatible
├─ numpy * can be installed with any of the following options:
│  └─ numpy 2.5.5
└─ the constraint numpy <=2.1.3 cannot be fulfilled
"""
VIRTUAL = """Cannot solve the request because of: needs-new-macos * cannot be installed:
└─ needs-new-macos 1.0 would require
   └─ __osx >=26.0, for which no candidates were found.
"""


def test_the_solver_s_tree_is_kept_and_completed() -> None:
    request = ask_channel("https://me:word@channel.example/forge", "python 3.12.*", "numpy", limits=("numpy <=2.1.3",))
    error = unsatisfiable(TREE, request, {"numpy": ["2.5.5"]})
    assert error.message.splitlines() == [
        "The conda packages for osx-arm64 do not fit together:",
        "  The following packages are incompatible",
        "  - numpy * can be installed with any of the following options:",
        "     - numpy 2.5.5",
        "  - the constraint numpy <=2.1.3 cannot be fulfilled",
        "  numpy <=2.1.3 is the newest that TensorFlow's requirements on the index admit.",
        "  numpy: there are 2.5.5",
        "Asked for: python 3.12.*, numpy",
        "Channels: https://***@channel.example/forge",
    ]


def test_a_missing_virtual_package_is_explained() -> None:
    request = ask_channel("https://channel.example/forge", "needs-new-macos")
    lines = unsatisfiable(VIRTUAL, request, {}).message.splitlines()
    assert "  __osx >=26.0 is a fact about the machine: this one has 14.0." in lines
    cuda = unsatisfiable(VIRTUAL.replace("__osx >=26.0", "__cuda >=12.0"), request, {}).message
    assert "  __cuda >=12.0 is a fact about the machine: this one has none." in cuda


def test_names_that_have_no_fitting_version() -> None:
    text = "No candidates were found for nosuch *.\nno candidates were found for numpy 9.*."
    assert unknown_names(text) == ("nosuch", "numpy")
    assert unknown_names(TREE) == ("numpy",)


def test_many_versions_are_not_all_listed() -> None:
    request = ask_channel("https://channel.example/forge", "numpy 9.*")
    versions = [f"2.{n}" for n in range(20, 0, -1)]
    message = unsatisfiable("No candidates were found for numpy 9.*.", request, {"numpy": versions}).message
    assert "  numpy: there are 2.20, 2.19, 2.18, 2.17, 2.16, 2.15, 2.14, 2.13 and 12 older" in message


def test_what_no_channel_has_is_a_question_of_channels() -> None:
    error = unsatisfiable("No candidates were found for nosuch *.", ask_channel("x", "nosuch"), {"nosuch": []})
    assert error.hint.startswith("No channel has nosuch. Check the channels in .condarc")


@pytest.mark.parametrize(
    ("said", "word"),
    [
        ("HTTP status client error (403 Forbidden) for url", "refused access"),
        ("could not find subdir 'noarch' in channel: No such file or directory (os error 2)", "no package list there"),
        ("failed to parse repodata: EOF while parsing an object at line 3", "damaged"),
        ("failed to download: zstd stream did not finish", "damaged"),
        ("failed to download http://127.0.0.1:40127/x.zst Caused by: zstd stream did not finish", "damaged"),
        ("failed to download http://127.0.0.1:401/x.zst Caused by: zstd stream did not finish", "damaged"),
        ("http://127.0.0.1:40412/x: tcp connect error: Connection refused", "cannot be read"),
        ("HTTP status client error (407) for url", "refused access"),
        (
            "invalid peer certificate: UnknownIssuer",
            "certificate is not trusted here: nobody whom this machine believes",
        ),
        ("no usable repodata cache for http://x/", "--offline forbids"),
        ("tcp connect error: Connection refused", "cannot be read"),
    ],
)
def test_a_channel_that_fails_is_named_with_the_reason(said: str, word: str) -> None:
    error = channel_failed(said, ("https://a:b@channel.example/forge",))
    assert isinstance(error, NetworkError)
    assert word in error.message
    assert "a:b" not in error.message
    assert error.hint


@pytest.mark.parametrize(
    ("said", "kind", "word"),
    [
        ("hash mismatch for x: expected a, got b", NetworkError, "not the one that was locked"),
        ("failed to fetch x: status client error (404)", NetworkError, "could not be fetched"),
        ("could not parse archive: control character found while parsing a string", NetworkError, "is damaged"),
        ("an io error occurred: Invalid checksum", NetworkError, "not the one that was locked"),
        ("cannot link http://127.0.0.1:40412/x: a text no one knows", BuildError, "failed"),
        ("No space left on device (os error 28)", BuildError, "disk is full"),
        ("failed to run /usr/bin/codesign", BuildError, "codesign"),
        ("something never seen", BuildError, "failed"),
    ],
)
def test_a_package_that_fails_is_of_the_right_kind(said: str, kind: type[Exception], word: str) -> None:
    error = package_failed(said, doing="Building the conda prefix")
    assert isinstance(error, kind)
    assert error.message.startswith("Building the conda prefix")
    assert word in error.message
    assert error.hint


def test_an_untrusted_certificate_is_a_matter_of_whom_one_believes() -> None:
    said = (
        "error sending request for url (https://channel.example/x) Caused by: invalid peer certificate: UnknownIssuer"
    )
    believed = certificates({"PIP_CERT": "/p"})
    assert channel_failed(said, ("https://channel.example",), believed).hint.startswith("PIP_CERT says whom to believe")
    fetched = package_failed(said, doing="Building the conda prefix")
    assert "inspects TLS" in fetched.message
    assert "SSL_CERT_FILE" in fetched.hint
