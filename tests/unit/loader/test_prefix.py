"""Unpacked conda packages as one prefix: which file lies where, what links lead to, what an installer writes."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.loader.bytes import MalformedImage, Memory
from tfsetup.loader.files.prefix import Piece, PrefixView, Replaced

HOLDER = "/opt/placehold_placehold_placehold"


def file(path: str, data: bytes = b"") -> Piece:
    return Piece(path=path, source=Memory(data))


def link(path: str, to: str) -> Piece:
    return Piece(path=path, link=to)


def read(view: PrefixView, path: str) -> bytes | None:
    entry = view.lookup(path)
    return entry.source.read(0, entry.source.size) if entry is not None and entry.source is not None else None


def test_packages_lie_over_one_another_at_the_prefix() -> None:
    view = PrefixView([file("bin/python3.12", b"p"), file("lib/a.so", b"a"), file("lib/deep/b.so", b"b")], at="/conda")
    assert read(view, "/conda/lib/deep/../a.so") == b"a"
    assert (view.listdir("/conda"), view.listdir("/conda/lib")) == (["bin", "lib"], ["a.so", "deep"])
    folder = view.lookup("/conda/lib/deep/")
    assert folder is not None
    assert (folder.path, folder.source) == ("/conda/lib/deep", None)


@pytest.mark.parametrize("path", ["/conda/lib/c.so", "/conda/lib/a.so/x", "/etc/passwd", "/condas/lib/a.so", "/"])
def test_what_is_not_in_a_package_is_not_there(path: str) -> None:
    view = PrefixView([file("lib/a.so")], at="/conda/")
    assert view.lookup(path) is None
    assert view.listdir(path) == []


def test_the_package_that_is_linked_last_keeps_a_path_of_two() -> None:
    assert read(PrefixView([file("a", b"first"), file("a", b"second")], at="/c"), "/c/a") == b"second"


def test_a_link_leads_into_another_package() -> None:
    """conda-forge's `libblas` is links only; what they lead to is in OpenBLAS's package."""
    blas = [link("lib/libblas.so.3", "libopenblas.so.0"), link("lib/libopenblas.so.0", "libopenblasp-r0.3.30.so")]
    view = PrefixView([*blas, file("lib/libopenblasp-r0.3.30.so", b"blas")], at="/conda")
    entry = view.lookup("/conda/lib/libblas.so.3")
    assert entry is not None
    assert (entry.path, read(view, "/conda/lib/libblas.so.3")) == ("/conda/lib/libopenblasp-r0.3.30.so", b"blas")
    again = view.lookup("/conda/lib/libopenblas.so.0")
    assert again is not None
    assert again.identity == entry.identity


def test_a_folder_may_be_a_link() -> None:
    view = PrefixView([link("lib64", "lib"), link("lib/now", "../share/v2"), file("share/v2/x", b"x")], at="/conda")
    assert read(view, "/conda/lib64/now/x") == b"x"
    assert view.listdir("/conda/lib64/now") == ["x"]


@pytest.mark.parametrize("to", ["../../etc/passwd", "/etc/passwd", "gone", "loop"])
def test_a_link_that_leads_nowhere_is_no_file(to: str) -> None:
    view = PrefixView([link("lib/a.so", to), link("lib/loop", "back"), link("lib/back", "loop")], at="/conda")
    assert view.lookup("/conda/lib/a.so") is None


def test_a_path_that_would_climb_out_is_linked_by_nobody() -> None:
    view = PrefixView([file("../evil"), file("lib/../../evil"), file("good")], at="/conda")
    assert view.listdir("/conda") == ["good"]
    assert view.lookup("/evil") is None


@pytest.mark.parametrize(("fold", "there"), [(True, True), (False, False)])
def test_windows_ignores_case(fold: bool, there: bool) -> None:
    view = PrefixView([file("Library/bin/A.dll", b"x")], at="C:/conda", fold=fold)
    assert (view.lookup("c:/CONDA/library/BIN/a.DLL") is not None) is there
    assert (read(view, "C:/conda/Library/bin/A.dll")) == b"x"


NAMES = st.sampled_from(["a", "b", "c", "..", "."])
PATHS = st.lists(NAMES, min_size=1, max_size=5).map("/".join)


@examples(1.7)
@given(st.lists(st.tuples(PATHS, st.one_of(st.none(), PATHS)), max_size=12), PATHS)
def test_links_of_any_kind_end(pairs: list[tuple[str, str | None]], asked: str) -> None:
    view = PrefixView([link(path, to) if to else file(path, b"x") for path, to in pairs], at="/conda")
    entry = view.lookup(f"/conda/{asked}")
    if entry is not None:
        assert entry.path == "/conda" or entry.path.startswith("/conda/")
        again = view.lookup(entry.path)
        assert again is not None
        assert again.path == entry.path


def replaced(data: bytes, prefix: str = "/conda") -> bytes:
    source = Replaced(Memory(data), HOLDER, prefix)
    assert source.size == len(data)
    return source.read(0, source.size)


def test_the_prefix_stands_in_a_binary_where_the_placeholder_was() -> None:
    data = b"\x7fELF\0" + HOLDER.encode() + b"/lib\0rest"
    shorter = len(HOLDER) - len("/conda")
    assert replaced(data) == b"\x7fELF\0/conda/lib" + b"\0" * shorter + b"\0rest"


def test_a_string_with_two_placeholders_is_padded_at_its_end() -> None:
    text = f"{HOLDER}/lib:{HOLDER}/share".encode()
    assert replaced(b"<" + text + b"\0>") == b"</conda/lib:/conda/share".ljust(len(text) + 1, b"\0") + b"\0>"


def test_a_binary_without_it_stays() -> None:
    assert replaced(b"\x7fELF\0/usr/lib\0") == b"\x7fELF\0/usr/lib\0"


def test_a_prefix_that_is_longer_cannot_be_written() -> None:
    data = HOLDER.encode() + b"\0"
    assert replaced(data, "/x" * len(HOLDER)) == data


def test_a_part_is_read_from_the_replaced_bytes() -> None:
    source = Replaced(Memory(HOLDER.encode() + b"/lib\0"), HOLDER, "/c")
    assert source.read(2, 4) == b"/lib"
    with pytest.raises(MalformedImage):
        source.read(source.size, 1)


@given(st.lists(st.sampled_from([HOLDER.encode(), b"/lib", b"\0", b"x", b"/"]), max_size=30))
def test_replacing_keeps_every_string_but_for_the_prefix(parts: list[bytes]) -> None:
    data = b"".join(parts)
    was = [text.replace(HOLDER.encode(), b"/conda") for text in data.split(b"\0") if text]
    assert [text for text in replaced(data).split(b"\0") if text] == was
