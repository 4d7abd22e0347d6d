"""What the code of packages prepares in a process before their modules are opened in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Self

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tree import Tree
from tfsetup.host.model import Host, Libc
from tfsetup.loader.machine import machine_of
from tfsetup.loader.model import LoadFailure, Mode, NotCovered
from tfsetup.loader.preparing import Preparing
from tfsetup.loader.question import Question

SITE = "/venv/lib/python3.12/site-packages"
LINUX = Host(os="linux", arch="x86_64", libc=Libc(name="glibc", version="2.36"))
MAC = Host(os="macos", arch="arm64", os_version="14.4")
MISSING = LoadFailure(kind="library-not-found", image=f"{SITE}/p/m.so", message="no", library="libgone.so.1")
UNDEFINED = LoadFailure(kind="symbol-not-found", image=f"{SITE}/p/m.so", message="no", symbol="gone")


class Recorder:
    """A process that only remembers what it is asked for; what is in `refuses` cannot be loaded."""

    def __init__(self, refuses: Sequence[str] = ()) -> None:
        self.opened: list[tuple[str, Mode]] = []
        self.refuses = refuses
        self.images = 0
        self.loaded: Sequence[str] = ()
        self.not_covered: Sequence[NotCovered] = ()
        self.asked_for: Mapping[str, str] = {}
        self.answering: Mapping[str, str] = {}

    def dlopen(self, path: str, mode: Mode, *, caller: str | None = None) -> LoadFailure | None:
        del caller
        short = path.removeprefix(f"{SITE}/")
        self.opened.append((short, mode))
        return MISSING if short in self.refuses else None

    def exports(self, path: str, symbol: str) -> bool:
        raise AssertionError((path, symbol))

    def fork(self) -> Self:
        return self

    def joined(self, others: Sequence[Self]) -> Self:
        del others
        return self


def prepare(files: Mapping[str, str], host: Host = LINUX) -> Preparing:
    tree = Tree({f"{SITE}/{name}": text.encode() for name, text in files.items()})
    machine = machine_of(host)
    return Preparing(Question(files=tree, site=SITE, machine=machine), machine.target("3.12"), "tensorflow")


def opened(files: Mapping[str, str], path: str = "p/m.so", host: Host = LINUX) -> list[tuple[str, Mode]]:
    process = Recorder()
    prepare(files, host).open(process, f"{SITE}/{path}", Mode())
    return process.opened


PRELOAD = """
import ctypes, os
_here = os.path.dirname(__file__)
ctypes.CDLL(os.path.join(_here, "libs", "libdep.so.1"), mode=ctypes.RTLD_GLOBAL)
"""
FILES = {"p/__init__.py": PRELOAD, "p/libs/libdep.so.1": "", "p/m.so": ""}


def test_a_library_is_loaded_before_the_module_so_that_everybody_sees_it() -> None:
    assert opened(FILES) == [("p/libs/libdep.so.1", Mode(scope="global")), ("p/m.so", Mode())]


def test_without_a_mode_only_who_needs_it_sees_it() -> None:
    files = {**FILES, "p/__init__.py": PRELOAD.replace(", mode=ctypes.RTLD_GLOBAL", "")}
    assert opened(files) == [("p/libs/libdep.so.1", Mode(scope="local")), ("p/m.so", Mode())]


def test_a_package_prepares_once_in_a_process_and_anew_in_another() -> None:
    preparing, first, second = prepare(FILES), Recorder(), Recorder()
    for process in (first, first, second):
        preparing.open(process, f"{SITE}/p/m.so", Mode())
    assert [path for path, _ in first.opened] == ["p/libs/libdep.so.1", "p/m.so", "p/m.so"]
    assert [path for path, _ in second.opened] == ["p/libs/libdep.so.1", "p/m.so"]


@pytest.mark.parametrize(
    ("path", "host"), [("q/m.so", LINUX), ("plugins/libx.dylib", MAC), ("q.libs/libx.so.1", LINUX)]
)
def test_only_its_packages_prepare_for_a_file(path: str, host: Host) -> None:
    assert opened({**FILES, "q/__init__.py": "", "q/m.so": ""}, path, host) == [(path, Mode())]


@pytest.mark.parametrize(("path", "host"), [("p/libx.so.1", LINUX), ("p/deep/libx.dylib", MAC)])
def test_a_library_that_code_opens_is_prepared_for_as_a_module_is(path: str, host: Host) -> None:
    files = {**FILES, "p/deep/__init__.py": ""}
    assert [name for name, _ in opened(files, path, host)] == ["p/libs/libdep.so.1", path]


def test_the_code_of_a_package_of_which_all_is_known_is_not_read() -> None:
    files = {f"tensorflow/{name.removeprefix('p/')}": text for name, text in FILES.items()}
    assert opened(files, "tensorflow/m.so") == [("tensorflow/m.so", Mode())]


def test_the_packages_around_it_come_first_from_the_outside_in() -> None:
    inner = PRELOAD.replace("libdep.so.1", "libinner.so.1")
    files = {**FILES, "p/q/__init__.py": inner, "p/q/libs/libinner.so.1": "", "p/q/m.so": ""}
    assert [path for path, _ in opened(files, "p/q/m.so")] == [
        "p/libs/libdep.so.1",
        "p/q/libs/libinner.so.1",
        "p/q/m.so",
    ]


def test_what_the_package_imports_of_its_own_folder_is_run_in_that_order() -> None:
    two = PRELOAD.replace("libdep.so.1", "libtwo.so.1")
    files = {
        "p/__init__.py": "from . import _one\nfrom p import _two\n",
        "p/_one.py": PRELOAD,
        "p/_two.py": two,
        "p/_three.py": PRELOAD.replace("libdep.so.1", "libthree.so.1"),
        **dict.fromkeys(("p/libs/libdep.so.1", "p/libs/libtwo.so.1", "p/libs/libthree.so.1", "p/m.so"), ""),
    }
    assert [path for path, _ in opened(files)] == ["p/libs/libdep.so.1", "p/libs/libtwo.so.1", "p/m.so"]


def test_names_without_a_folder_are_left_to_the_loader() -> None:
    files = {"p/__init__.py": "import ctypes\nctypes.CDLL('libgomp.so.1')\nctypes.CDLL(None)\n", "p/m.so": ""}
    preparing = prepare(files)
    process = Recorder()
    preparing.open(process, f"{SITE}/p/m.so", Mode())
    assert process.opened == [("p/m.so", Mode())]
    assert preparing.doubt(process, f"{SITE}/p/m.so", MISSING) is None


TORCH = """
import ctypes, glob, os, sys
def _preload(folder, name):
    for path in sys.path:
        found = glob.glob(os.path.join(path, "nvidia", folder, "lib", name))
        if found:
            break
    ctypes.CDLL(found[0])
here = os.path.dirname(os.path.abspath(__file__))
try:
    ctypes.CDLL(os.path.join(here, "lib", "libdeps.so"), mode=ctypes.RTLD_GLOBAL)
except OSError:
    ctypes.CDLL(os.path.join(here, "..", "nvidia", "cublas", "lib", "libcublas.so.12"))
    ctypes.CDLL(os.path.join(here, "lib", "libdeps.so"), mode=ctypes.RTLD_GLOBAL)
"""


def test_what_code_does_when_a_library_cannot_be_loaded_is_done_only_then() -> None:
    files = {
        "p/__init__.py": TORCH,
        **dict.fromkeys(("p/lib/libdeps.so", "p/m.so", "nvidia/cublas/lib/libcublas.so.12"), ""),
    }
    assert [path for path, _ in opened(files)] == ["p/lib/libdeps.so", "p/m.so"]
    process = Recorder(refuses=["p/lib/libdeps.so"])
    prepare(files).open(process, f"{SITE}/p/m.so", Mode())
    assert [path for path, _ in process.opened] == [
        "p/lib/libdeps.so", "nvidia/cublas/lib/libcublas.so.12", "p/lib/libdeps.so", "p/m.so",
    ]  # fmt: skip


FLAGS = """
import os, sys
from p import before
old = sys.getdlopenflags()
sys.setdlopenflags(old | os.RTLD_GLOBAL)
from p import shown
sys.setdlopenflags(old)
from p import after
"""


@pytest.mark.parametrize(("name", "scope"), [("before", None), ("shown", "global"), ("after", None)])
def test_what_is_imported_while_the_flags_say_so_is_seen_by_everybody(name: str, scope: str | None) -> None:
    files = {"p/__init__.py": FLAGS, f"p/{name}.cpython-312-x86_64-linux-gnu.so": ""}
    path = f"p/{name}.cpython-312-x86_64-linux-gnu.so"
    ((_, mode),) = opened(files, path)
    assert mode.scope == scope


def test_flags_that_are_never_put_back_count_to_the_end_of_the_module() -> None:
    text = "import os, sys\nsys.setdlopenflags(os.RTLD_NOW | os.RTLD_GLOBAL)\nfrom .m import f\n"
    assert opened({"p/__init__.py": text, "p/m.so": ""}) == [("p/m.so", Mode(scope="global"))]


@pytest.mark.parametrize(
    ("flags", "mode"),
    [
        ("os.RTLD_LAZY", Mode(now=False)),
        ("os.RTLD_LAZY | os.RTLD_GLOBAL", Mode(now=False, scope="global")),
        ("os.RTLD_LAZY | os.RTLD_NOW", Mode()),
    ],
)
def test_flags_say_when_functions_are_bound(flags: str, mode: Mode) -> None:
    text = f"import os, sys\nsys.setdlopenflags({flags})\nfrom .m import f\n"
    assert opened({"p/__init__.py": text, "p/m.so": ""}) == [("p/m.so", mode)]


def doubted(files: Mapping[str, str], failure: LoadFailure, path: str = "p/m.so") -> str | None:
    preparing, process = prepare(files), Recorder()
    preparing.open(process, f"{SITE}/{path}", Mode())
    found = preparing.doubt(process, f"{SITE}/{path}", failure)
    if found is not None:
        assert found.matters
        assert found.image == failure.image
    return found.reason if found else None


UNCLEAR = "import ctypes\nfrom elsewhere import library\n\nctypes.CDLL(library(){})\n"


def test_what_is_not_understood_makes_a_missing_library_uncertain() -> None:
    files = {"p/__init__.py": UNCLEAR.format(""), "p/m.so": ""}
    assert doubted(files, MISSING) == (
        "libgone.so.1 was not found; whether p/__init__.py:4 (ctypes.CDLL) provides it cannot be told by reading it"
    )


def test_a_symbol_is_uncertain_only_where_everybody_may_see_what_is_loaded() -> None:
    everybody = {"p/__init__.py": UNCLEAR.format(", mode=ctypes.RTLD_GLOBAL"), "p/m.so": ""}
    assert doubted({"p/__init__.py": UNCLEAR.format(""), "p/m.so": ""}, UNDEFINED) is None
    assert doubted(everybody, UNDEFINED) == (
        "gone was not found; whether p/__init__.py:4 (ctypes.CDLL) provides it cannot be told by reading it"
    )


def test_flags_that_are_not_understood_make_a_symbol_uncertain() -> None:
    text = "import sys\nfrom elsewhere import flags\nsys.setdlopenflags(flags)\n"
    assert "p/__init__.py:3 (sys.setdlopenflags)" in str(doubted({"p/__init__.py": text, "p/m.so": ""}, UNDEFINED))


def test_other_failures_are_certain() -> None:
    files = {"p/__init__.py": UNCLEAR.format(""), "p/m.so": ""}
    wrong = LoadFailure(kind="wrong-architecture", image=f"{SITE}/p/m.so", message="no")
    assert doubted(files, wrong) is None


def test_what_another_package_does_is_no_doubt() -> None:
    files = {"q/__init__.py": UNCLEAR.format(""), "q/m.so": "", "p/__init__.py": "", "p/m.so": ""}
    assert doubted(files, MISSING) is None


def test_what_is_understood_is_no_doubt() -> None:
    assert doubted(FILES, MISSING) is None


LOADER = "from torch import ops\nfrom pathlib import Path\n\ndef load(name):\n    ops.load_library(Path(name))\n"
ELSEWHERE = {
    "p/__init__.py": "from . import _start\nfrom .lib import m\n",
    "p/_start/__init__.py": "from .how import load\n\nload('libgone')\n",
    "p/_start/how.py": LOADER,
    "p/lib/m.so": "",
    "p/lib/libgone.so.1": "",
}


def test_a_library_that_other_code_of_the_package_names_is_uncertain() -> None:
    assert doubted(ELSEWHERE, MISSING, "p/lib/m.so") == (
        "libgone.so.1 was not found; whether p/_start/__init__.py:3 (which names it) provides it cannot be told by "
        "reading it"
    )


@pytest.mark.parametrize(
    "without",
    [
        {"p/lib/libgone.so.1": None},  # the package does not bring it
        {"p/_start/how.py": "def load(name):\n    print(name)\n"},  # nothing opens a library
        {"p/_start/__init__.py": "from .how import load\n\nload('libgoner')\n"},  # nothing names it
        {"p/_start/__init__.py": "", "q/__init__.py": "load('libgone')"},  # another package does
    ],
)
def test_without_a_name_a_file_and_a_call_it_is_certain(without: Mapping[str, str | None]) -> None:
    files = {path: text for path, text in {**ELSEWHERE, **without}.items() if text is not None}
    assert doubted(files, MISSING, "p/lib/m.so") is None


def test_what_the_code_around_a_module_opens_is_known_and_no_doubt() -> None:
    code = "import ctypes, os\nctypes.CDLL(os.path.join(os.path.dirname(__file__), 'libgone.so.1'))\n"
    assert doubted({"p/__init__.py": code, "p/m.so": "", "p/libgone.so.1": ""}, MISSING) is None


def test_only_a_missing_library_is_doubted_for_its_name() -> None:
    absent = LoadFailure(kind="symbol-not-found", image=f"{SITE}/p/lib/m.so", message="no", library="libgone.so.1")
    assert doubted(ELSEWHERE, absent, "p/lib/m.so") is None


START = "import os, ctypes; ctypes.CDLL(os.environ['LIB'] + '/libx.so', mode=ctypes.RTLD_GLOBAL)\n"
HIDDEN = "import os; exec('import ctypes; ctypes.CDLL(' + repr(os.environ['LIB']) + ')')\n"


@pytest.mark.parametrize(("line", "call"), [(START, "ctypes.CDLL"), (HIDDEN, "CDLL")])
def test_a_line_that_is_run_at_the_start_is_a_doubt_for_everybody(line: str, call: str) -> None:
    files = {"x.pth": f"# a comment\nfolder\n{line}", "p/__init__.py": "", "p/m.so": ""}
    assert doubted(files, MISSING) == (
        f"libgone.so.1 was not found; whether x.pth:3 ({call}) provides it cannot be told by reading it"
    )


def test_a_line_that_is_run_at_the_start_is_followed() -> None:
    line = "import sys; import ctypes; ctypes.CDLL(sys.prefix + '/lib/libx.so', mode=ctypes.RTLD_GLOBAL)\n"
    assert doubted({"x.pth": line, "p/__init__.py": "", "p/m.so": ""}, MISSING) is None


@pytest.mark.parametrize(
    "line", ["import _virtualenv", "import os; os.environ.setdefault('A', 'b')", "/usr/lib/CDLL", "# import CDLL"]
)
def test_other_lines_are_none(line: str) -> None:
    assert doubted({"x.pth": f"{line}\n", "p/__init__.py": "", "p/m.so": ""}, MISSING) is None


def test_a_module_imported_at_the_start_is_followed() -> None:
    files = {
        "x.pth": "import start_x\n",
        "start_x.py": PRELOAD,
        "libs/libdep.so.1": "",
        "m.so": "",
    }
    assert [path for path, _ in opened(files, "m.so")] == ["libs/libdep.so.1", "m.so"]


def test_code_that_goes_on_for_ever_is_a_doubt() -> None:
    text = f"import ctypes\nx = 0\n{'x = x + 1 + 1 + 1' + chr(10)}" + "".join(f"x = x + {n}\n" for n in range(60_000))
    assert "too long to be followed" in str(
        doubted({"p/__init__.py": f"{text}ctypes.CDLL(x)\n", "p/m.so": ""}, MISSING)
    )


@given(st.text(alphabet="ctypes.CDLL(os_ad\n'\"=:fgh)[]", max_size=120))
def test_any_source_is_read(text: str) -> None:
    files = {"p/__init__.py": f"{text}\nimport ctypes  # CDLL\n", "p/m.so": ""}
    assert opened(files)[-1][0] == "p/m.so"
