"""The rules of the house that an import linter cannot see."""

from __future__ import annotations

import ast
import re
import subprocess
import tomllib
from collections.abc import Callable, Iterable, Iterator, Sequence
from pathlib import Path

import pytest

from support.source import MODULES, PACKAGE, ROOT, nodes, text_of, tree_of

# Where the world is touched: processes, sockets, environment variables, files. Everything else decides.
DOING = {
    "__main__.py",
    "cli/app.py",
    "cli/called.py",
    "cli/terminal.py",
    "cli/crash.py",
    "envs/generations.py",
    "host/downloads.py",
    "host/file.py",
    "workflows/diagnose.py",
    "workflows/handed.py",
    "workflows/hosts.py",
    "workflows/install.py",
    "workflows/lock.py",
    "workflows/subjects.py",
    "workflows/verify.py",
    "workflows/run.py",
    "cli/run.py",
    "cli/session.py",
    "cli/page.py",
    "loader/digest/claims.py",
    "loader/digest/opening.py",
    "loader/digest/store.py",
    "loader/files/pieces.py",
    "workflows/caches.py",
    "upkeep/digests.py",
    "envs/conda/engine.py",
    "envs/cure_files.py",
    "envs/conda/unpack.py",
    "locks/conda/files.py",
    "locks/conda/run.py",
    "locks/conda/writing.py",
    "envs/links.py",
    "envs/lockfile.py",
    "envs/mend.py",
    "envs/ownership.py",
    "envs/pip.py",
    "envs/run.py",
    "envs/start.py",
    "envs/store.py",
    "envs/swap.py",
    "envs/guard.py",
    "envs/whole.py",
    "ground/certificates.py",
    "ground/children.py",
    "graphs/disk.py",
    "ground/exchange.py",
    "ground/files.py",
    "ground/folders.py",
    "ground/http.py",
    "ground/looking.py",
    "ground/plain_http.py",
    "ground/session.py",
    "ground/settings.py",
    "ground/text.py",
    "host/memory.py",
    "host/probe.py",
    "host/temporary.py",
    "host/world.py",
    "loader/files/listing.py",
    "loader/files/remote.py",
    "loader/files/sources.py",
    "loader/shipped.py",
    "locks/files.py",
    "upkeep/gpucode/read.py",
    "upkeep/onsite/here.py",
    "upkeep/xray/files.py",
    "locks/run.py",
    "locks/venv/consent.py",
    "matrix/file/disk.py",
    "upkeep/index/client.py",
    "verify/history_file.py",
    "verify/run.py",
    "verify/trials.py",
    "verify/tune/bench.py",
    "doctor/act.py",
    "doctor/causes/shipped.py",
    "doctor/gather.py",
}
WORLDLY_MODULES = {"subprocess", "socket", "requests", "urllib.request", "http.client", "shutil", "tempfile", "glob"}
WORLDLY_CALLS = {
    "read_text",
    "read_bytes",
    "write_text",
    "write_bytes",
    "unlink",
    "mkdir",
    "rmdir",
    "symlink_to",
    "iterdir",
    "exists",
    "is_file",
    "is_dir",
    "glob",
    "rglob",
    "cwd",
}
WORLDLY_NAMES = {("os", "environ"), ("os", "getenv"), ("sys", "argv"), ("os", "popen"), ("os", "system")}


def _name(path: Path) -> str:
    return path.relative_to(PACKAGE).as_posix()


def _deciding() -> list[Path]:
    return [path for path in MODULES if _name(path) not in DOING and not {"probes", "checks"} & set(path.parts)]


def _worldly(tree: ast.AST) -> Iterator[str]:
    for node in nodes(tree):
        if isinstance(node, ast.Import):
            yield from (f"{alias.name}:{node.lineno}" for alias in node.names if alias.name in WORLDLY_MODULES)
        elif isinstance(node, ast.ImportFrom) and node.module in WORLDLY_MODULES:
            yield f"{node.module}:{node.lineno}"
        elif isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name):
            if (node.value.id, node.attr) in WORLDLY_NAMES:
                yield f"{node.value.id}.{node.attr}:{node.lineno}"
        elif isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "open":
            yield f"open:{node.lineno}"
        match node:
            # A `World` that was handed in may be a recorded one: asking it is deciding on a value.
            case ast.Call(func=ast.Attribute(value=base, attr=attr)) if attr in WORLDLY_CALLS:
                if ast.unparse(base) not in {"world", "self.world"}:
                    yield f"{attr}:{node.lineno}"


Rule = Callable[[Path], Sequence[object]]


def _offenders(paths: Iterable[Path], rule: Rule) -> dict[str, Sequence[object]]:
    """Return what a rule finds, by file. One test speaks of all: hundreds of tests cost more than their rule."""
    return {_name(path): found for path in paths if (found := rule(path))}


def test_deciding_never_touches_the_world() -> None:
    assert _offenders(_deciding(), lambda path: list(_worldly(tree_of(path)))) == {}


def test_the_modules_that_touch_the_world_exist() -> None:
    assert {name for name in DOING if not (PACKAGE / name).exists()} == set()


def test_the_check_sees_what_it_looks_for() -> None:
    source = (
        "import subprocess\nimport os\nx = os.environ\ny = open('f')\nz = p.read_text()\nPath.cwd()\nworld.exists(p)\n"
    )
    found = sorted(_worldly(ast.parse(source + "p.exists() or p.is_file() or p.is_dir() or p.glob('*')\n")))
    assert found == [
        "cwd:6", "exists:8", "glob:8", "is_dir:8", "is_file:8", "open:4", "os.environ:3", "read_text:5", "subprocess:1",
    ]  # fmt: skip


PIN = re.compile(r"^(tensorflow|keras|numpy|protobuf|tf|ml)[-_a-z]*(\[[a-z-]+\])?\s*(==|>=|<=|~=|<|>)\s*\d")


def _pins(path: Path) -> list[str]:
    strings = [node.value for node in nodes(tree_of(path)) if isinstance(node, ast.Constant)]
    return [text for text in strings if isinstance(text, str) and PIN.match(text)]


def test_versions_of_packages_are_data_not_code() -> None:
    assert _offenders(MODULES, _pins) == {}


def _too_long(path: Path) -> list[str]:
    functions = [node for node in nodes(tree_of(path)) if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef)]
    long = [node.name for node in functions if (node.end_lineno or node.lineno) - node.lineno >= 60]
    return [*long, *(["the file"] if text_of(path).count("\n") > 400 else [])]


def test_a_file_is_one_idea() -> None:
    assert _offenders(MODULES, _too_long) == {}


def _of_tfsetup(path: Path) -> list[str]:
    tree = ast.parse(text_of(path), feature_version=(3, 8))
    modules = [node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)]
    return [module for module in modules if module.startswith("tfsetup")]


def test_a_probe_knows_nothing_of_tfsetup_and_runs_on_old_pythons() -> None:
    probes = [path for name in ("probes", "checks") for path in sorted((PACKAGE / "verify" / name).glob("*.py"))]
    assert len(probes) > 30
    assert _offenders(probes, _of_tfsetup) == {}


def test_an_offender_is_named_with_what_it_does(tmp_path: Path) -> None:
    """The rules above would also pass if they looked at nothing."""
    assert len(MODULES) > 200
    assert _offenders(MODULES[:3], lambda path: [path.suffix]) == {_name(path): [".py"] for path in MODULES[:3]}
    file = tmp_path / "x.py"
    file.write_text("pin = 'tensorflow==2.0'\ndef f():\n" + "    x = 1\n" * 60 + "#\n" * 400)
    assert (_pins(file), _too_long(file)) == (["tensorflow==2.0"], ["f", "the file"])


def test_installer_is_a_source_root_and_not_a_package() -> None:
    assert not (ROOT / "installer" / "__init__.py").exists()


@pytest.mark.process
def test_no_address_and_no_path_of_a_machine_is_committed() -> None:
    listed = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, text=True, check=False)
    if listed.returncode != 0:
        pytest.skip("not a git checkout")
    # Written apart, so that this file does not find itself.
    names = [
        ".".join(parts) for parts in (("pypi", "org"), ("pythonhosted", "org"), ("deb.debian", "org"), ("npmjs", "org"))
    ]
    names += [f"/{folder}/" for folder in ("work", "root")]
    found = []
    for name in filter(None, listed.stdout.split("\0")):
        text = (ROOT / name).read_bytes().decode(errors="replace") if (ROOT / name).is_file() else ""
        found += [f"{name}: {word}" for word in names if word in text]
    assert found == []


def test_every_command_but_matrix_is_kept_from_the_maintainers_half() -> None:
    """The import linter has no word for "all but these"; `schema` describes what `matrix` answers."""
    contracts = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["tool"]["importlinter"][
        "contracts"
    ]
    (upkeep,) = (one for one in contracts if one.get("forbidden_modules") == ["tfsetup.upkeep"])
    kept = {name.removeprefix("tfsetup.cli.") for name in upkeep["source_modules"] if name.startswith("tfsetup.cli.")}
    there = {path.stem for path in (PACKAGE / "cli").iterdir() if not path.name.startswith("__")}
    assert kept == there - {"matrix", "schema"}


def _pages_elsewhere(path: Path) -> list[str]:
    outside = re.findall(r"\b(?:INTERFACE|ARCHITECTURE|FACTS|CAUSES|METAL|LOADER)\b(?:\.md|,| section)", text_of(path))
    pages = re.findall(r"(?<![\w/])docs/[\w./-]+\.md", text_of(path))
    return [*outside, *(page for page in pages if not (ROOT / page).exists())]


def test_no_docstring_sends_the_reader_to_a_page_that_is_not_here() -> None:
    """Pages are named by their path in the repository."""
    assert _offenders(MODULES, _pages_elsewhere) == {}
