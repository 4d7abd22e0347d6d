"""The paths dyld tries for a name, in order, on macOS 11 to 26 (Loader.cpp, DyldProcessConfig.cpp)."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.loader.dyld.search import (
    CRYPTEX,
    Candidate,
    Link,
    Request,
    candidates,
    has_rpaths,
    link,
    main_link,
)
from tfsetup.loader.dyld.words import Mac

MAC = Mac(version=(14, 4))
OLD = Mac(version=(12, 6))
IMAGE = Link("/S/tensorflow", ("@loader_path/lib", "/opt/lib"))


def request(name: str, *links: Link, argument: bool = False, sdk: tuple[int, int, int] | None = (14, 0, 0)) -> Request:
    return Request(name=name, chain=links or (Link("/S/tensorflow", ()),), sdk=sdk, argument=argument)


def paths(mac: Mac, asked: Request) -> list[str]:
    return [each.path for each in candidates(mac, asked)]


def test_an_absolute_name_is_one_path_before_macos_13() -> None:
    assert paths(Mac(version=(12, 6), fallback_library_path=()), request("/usr/lib/libz.1.dylib")) == [
        "/usr/lib/libz.1.dylib"
    ]


def test_since_macos_13_the_second_root_is_looked_into_first_without_asking_the_cache() -> None:
    assert list(candidates(MAC, request("/usr/lib/libz.1.dylib"))) == [
        Candidate("/usr/lib/libz.1.dylib", disk_only=True),
        Candidate(CRYPTEX + "/usr/lib/libz.1.dylib", disk_only=True),
        Candidate("/usr/lib/libz.1.dylib"),
    ]


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("@loader_path/x.dylib", "/S/tensorflow/x.dylib"),
        ("@loader_path/../x.dylib", "/S/tensorflow/../x.dylib"),
        ("@loader_path", "/S/tensorflow"),
        ("@loader_pathx/x.dylib", "@loader_pathx/x.dylib"),
        ("@executable_path/x.dylib", "/usr/local/bin/x.dylib"),
        ("@executable_path/../lib/x.dylib", "/usr/local/lib/x.dylib"),
        ("@executable_path/../../../../x.dylib", "/x.dylib"),
        ("relative/x.dylib", "relative/x.dylib"),
    ],
)
def test_what_a_path_with_a_token_stands_for(name: str, path: str) -> None:
    assert paths(MAC, request(name)) == [path]


def test_rpaths_are_gone_through_from_the_asking_image_up_to_the_executable() -> None:
    main = Link("/usr/local/bin", ("@executable_path/../lib", "@loader_path/frameworks"))
    assert paths(OLD, request("@rpath/x.dylib", IMAGE, main))[:4] == [
        "/S/tensorflow/lib/x.dylib",
        "/opt/lib/x.dylib",
        "/usr/local/lib/x.dylib",
        "/usr/local/bin/frameworks/x.dylib",
    ]


def test_an_absolute_rpath_has_a_twin_in_the_second_root() -> None:
    assert paths(MAC, request("@rpath/x.dylib", IMAGE)) == [
        "/S/tensorflow/lib/x.dylib",
        "/opt/lib/x.dylib",
        f"{CRYPTEX}/opt/lib/x.dylib",
    ]


def test_a_slash_at_the_end_of_an_rpath_is_not_doubled() -> None:
    assert "/opt/lib/x.dylib" in paths(OLD, request("@rpath/x.dylib", Link("/S", ("/opt/lib/",))))


def test_no_rpath_no_path() -> None:
    asked = request("@rpath/x.dylib")
    assert not has_rpaths(asked)
    assert paths(Mac(version=(14, 4)), asked) == []


def test_an_rpath_anywhere_in_the_chain_is_one() -> None:
    assert has_rpaths(request("@rpath/x.dylib", Link("/S", ()), IMAGE))


# ------------------------------------------------------------------------------------- variables, frameworks, fallbacks


def test_the_variable_comes_first_by_the_last_part_of_the_name() -> None:
    mac = Mac(version=(14, 4), library_path=("/mine/", "/yours"))
    assert list(candidates(mac, request("@rpath/x.dylib", IMAGE)))[:2] == [
        Candidate("/mine/x.dylib", fallback=True),
        Candidate("/yours/x.dylib", fallback=True),
    ]


def test_a_framework_has_a_variable_of_its_own_and_keeps_its_inner_path() -> None:
    name = "/Library/Frameworks/Python.framework/Versions/3.12/Python"
    mac = Mac(version=(12, 6), framework_path=("/F",), library_path=("/L",))
    assert paths(mac, request(name)) == [
        "/F/Python.framework/Versions/3.12/Python",
        name,  # and not again among the folders that frameworks usually are in
        "/System/Library/Frameworks/Python.framework/Versions/3.12/Python",
    ]


@pytest.mark.parametrize("name", ["/F/Other.framework/Versions/A/Python", "/F/Python.framework/Python/x", "/F/Python"])
def test_what_only_looks_like_a_framework(name: str) -> None:
    assert paths(Mac(version=(12, 6), framework_path=("/F",), fallback_library_path=()), request(name)) == [name]


@pytest.mark.parametrize(
    ("version", "sdk", "argument", "falls_back"),
    [
        ((10, 15), (10, 15, 0), False, True),
        ((11, 7), (11, 0, 0), True, False),
        ((12, 2), (12, 0, 0), True, True),  # dyld 940 and 941 only
        ((12, 3), (12, 0, 0), True, False),
        ((12, 6), (14, 0, 0), True, False),
        ((12, 6), (14, 0, 0), False, True),
        ((13, 0), (13, 3, 0), False, True),
        ((13, 0), (14, 0, 0), False, False),
        ((14, 4), None, False, True),
        ((14, 4), (13, 3, 0), True, False),  # a path given to dlopen itself
        ((26, 0), (12, 0, 0), False, True),
    ],
)
def test_when_the_usual_folders_are_tried_as_well(
    version: tuple[int, int], sdk: tuple[int, int, int] | None, argument: bool, falls_back: bool
) -> None:
    found = candidates(Mac(version=version), request("/a/x.dylib", sdk=sdk, argument=argument))
    tail = [each.path for each in found if each.fallback]
    assert tail == (["/usr/local/lib/x.dylib", "/usr/lib/x.dylib"] if falls_back else [])


@pytest.mark.parametrize(("folders", "tail"), [((), []), (("/one/", "/two"), ["/one/x.dylib", "/two/x.dylib"])])
def test_the_variable_replaces_the_usual_folders(folders: tuple[str, ...], tail: list[str]) -> None:
    mac = Mac(version=(12, 6), fallback_library_path=folders)
    assert paths(mac, request("/a/x.dylib"))[1:] == tail


def test_a_bare_name_given_to_dlopen_since_macos_13() -> None:
    assert paths(MAC, request("x.dylib", IMAGE, argument=True)) == [
        "/S/tensorflow/lib/x.dylib",
        "/opt/lib/x.dylib",
        f"{CRYPTEX}/opt/lib/x.dylib",
        "/usr/lib/x.dylib",
        "x.dylib",
    ]


def test_a_bare_name_before_macos_13_is_itself_after_the_rpaths() -> None:
    assert paths(OLD, request("x.dylib", IMAGE, argument=True)) == [
        "/S/tensorflow/lib/x.dylib",
        "/opt/lib/x.dylib",
        "x.dylib",
        "/usr/local/lib/x.dylib",
        "/usr/lib/x.dylib",
    ]


# ------------------------------------------------------------------------------------------------- the hardened process

HARDENED = Mac(version=(14, 4), hardened=True, library_path=("/mine",), fallback_library_path=("/two",))


def test_a_hardened_process_honours_no_variable() -> None:
    assert paths(HARDENED, request("/a/x.dylib", sdk=(13, 0, 0)))[-1] == "/usr/lib/x.dylib"
    assert not any(path.startswith(("/mine", "/two")) for path in paths(HARDENED, request("/a/x.dylib")))


def test_a_hardened_process_has_no_executable_path_and_no_relative_rpath() -> None:
    assert paths(HARDENED, request("@executable_path/x.dylib")) == []
    chain = Link("/S", ("@executable_path/../lib", "relative", "@loader_path/lib"))
    assert paths(HARDENED, request("@rpath/x.dylib", chain)) == ["/S/lib/x.dylib"]


def test_a_hardened_process_does_not_look_into_the_working_folder() -> None:
    assert paths(HARDENED, request("x.dylib", argument=True)) == ["/usr/lib/x.dylib"]


# ----------------------------------------------------------------------------------------------------------- any name


def test_a_chain_begins_at_an_image_and_ends_at_the_executable() -> None:
    mac = Mac(version=(14, 4), executable="/V/bin/python3", executable_rpaths=("@loader_path/../lib",))
    assert link("/S/a/b.so", ["/r"]) == Link("/S/a", ("/r",))
    assert main_link(mac) == Link("/V/bin", ("@loader_path/../lib",))


NAMES = st.from_regex(
    r"(@rpath/|@loader_path/|@executable_path/|/|)([a-z.]{1,6}/){0,3}[a-z]{1,6}(\.dylib)?", fullmatch=True
)
VERSIONS = st.sampled_from([(11, 7), (12, 0), (12, 6), (13, 0), (14, 4), (15, 4), (26, 0)])


@given(NAMES, VERSIONS, st.booleans(), st.booleans())
def test_a_path_that_is_tried_ends_as_the_name_does(
    name: str, version: tuple[int, int], argument: bool, hardened: bool
) -> None:
    mac = Mac(version=version, hardened=hardened, library_path=("/mine",))
    tail = name.rpartition("/")[2]
    for path in paths(mac, request(name, IMAGE, argument=argument)):
        assert path.rpartition("/")[2] == tail
        assert not path.startswith(("@rpath/", "@loader_path/", "@executable_path/"))
