"""Running uv: the one place that starts it, shows its progress and ends it with us."""

from __future__ import annotations

import os
import re
import subprocess
import sys
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager, suppress
from typing import IO

from tfsetup.errors import TfsetupError, UsageError
from tfsetup.ground.certificates import EMPTY, Certificates, certificates
from tfsetup.ground.environ import scrub
from tfsetup.ground.folders import uv_folders
from tfsetup.ground.index import (
    default_index,
    host_of,
    index_variables,
    insecure,
    not_used,
    refusal,
    refuse_files,
    refuse_insecure,
    told,
)
from tfsetup.ground.settings import index_choice
from tfsetup.ground.uv_settings import Choice, as_toml
from tfsetup.ground.values import value
from tfsetup.host.temporary import temporary_folder
from tfsetup.locks.progress import Filter, Tamed

_TAIL = 64 * 1024  # bytes of uv's messages kept for the diagnosis of a failure
_WHERE_SETTINGS_ARE = frozenset({"UV_CONFIG_FILE", "UV_NO_CONFIG", "UV_NO_SYSTEM_CONFIG", "UV_ISOLATED"})
_GRACE = 5.0  # seconds uv gets to stop by itself


@value
class Screen:
    """Where uv's own progress goes while it works.

    `write` takes the raw bytes; `terminal` says that they reach a terminal, so that uv may draw bars there. Unless
    `everything` is wanted, the list of installed packages that uv ends with is kept back.
    """

    write: Callable[[bytes], None]
    terminal: bool = False
    everything: bool = False


@value
class Finished:
    """What a successful run of uv printed."""

    stdout: str
    stderr: str


class Children:
    """Runs of uv in other threads, so that the main thread, which alone hears an interrupt, can end them."""

    def __init__(self) -> None:
        """Start with none."""
        self._guard = threading.Lock()
        self._alive: set[subprocess.Popen[bytes]] = set()
        self._ended = False

    def add(self, child: subprocess.Popen[bytes]) -> None:
        """Keep a child in mind; once all were ended, a new one is ended at once."""
        with self._guard:
            self._alive.add(child)
            if self._ended:
                child.terminate()

    def remove(self, child: subprocess.Popen[bytes]) -> None:
        """Forget a child that has ended."""
        with self._guard:
            self._alive.discard(child)

    def end(self) -> None:
        """End all of them, and those to come."""
        with self._guard:
            self._ended = True
            for child in self._alive:
                child.terminate()


def asked_index(index_url: str | None = None) -> str | None:
    """Return the index that settings or `--index-url` name, without credentials; None: uv's default."""
    return default_index(index_choice(index_url=index_url))


def told_index(index_url: str | None = None) -> tuple[str, ...]:
    """Return a line for each place that packages may come from and that is not uv's default."""
    return told(index_choice(index_url=index_url))


def settings_not_used() -> tuple[str, ...]:
    """Return a line for each settings file of uv with keys that uv is not handed."""
    return not_used(index_choice())


def refuse_plain(addresses: Iterable[str]) -> None:
    """Refuse files that an index leads to over plain http.

    Raises:
        UsageError: one of `addresses` is such a file's.
    """
    refuse_files(addresses, index_choice().trusted)


def run_uv(
    arguments: Sequence[str],
    *,
    doing: str,
    environ: Mapping[str, str] | None = None,
    stdin: str = "",
    screen: Screen | None = None,
    output: tuple[str, str] | None = None,
    children: Children | None = None,
    held: Sequence[int] = (),
    constraints: Sequence[str] = (),
    excluded: Sequence[str] = (),
) -> Finished:
    """Run `uv ARGUMENTS` to its end and return what it printed.

    `environ` is added to the scrubbed environment, in which pip's index settings stand as uv's. `output` is a name and
    the content of a file that uv shall write over (`--output-file`): what it holds in the end is returned in place of
    standard output. `constraints` limit what may be taken and require nothing, and `excluded` are passed over by
    whatever requires them: uv is handed both in files.
    An interrupt ends uv before it is passed on. `held` are descriptors that uv shall keep open as long
    as it runs.

    Raises:
        UsageError: the index is one that anybody on the way could answer for (`refuse_insecure`), or leads to
            plain http; or another user could have written the settings.
        InvalidFileError: the certificates that a variable names cannot be used.
        TfsetupError: uv failed; which kind is read from its messages (`explain_uv`).
    """
    if constraints or excluded:
        with temporary_folder() as folder:
            limited = [*arguments]
            for option, lines in (("--constraint", constraints), ("--excludes", excluded)):
                file = folder / f"{option.strip('-')}.txt"
                file.write_text("".join(f"{line}\n" for line in lines), encoding="utf-8")
                limited += [option, str(file)] if lines else []
            return run_uv(
                limited, doing=doing, environ=environ, stdin=stdin, screen=screen, output=output, children=children,
                held=held,
            )  # fmt: skip
    if output is not None:
        name, content = output
        with temporary_folder() as folder:
            file = folder / name
            file.write_text(content, encoding="utf-8")
            written = [*arguments, "--output-file", str(file)]
            done = run_uv(written, doing=doing, environ=environ, stdin=stdin, screen=screen, children=children)
            return Finished(stdout=file.read_text(encoding="utf-8"), stderr=done.stderr)
    with _surroundings(arguments, dict(environ or {})) as (variables, asked, believed):
        try:
            done = _run(arguments, variables, doing, stdin, screen, children, held, believed)
        except TfsetupError as error:
            if asked:
                raise _led_astray(asked[0]) from error
            raise
        if asked:
            raise _led_astray(asked[0])
        return done


@contextmanager
def _surroundings(
    arguments: Sequence[str], added: dict[str, str]
) -> Iterator[tuple[dict[str, str], list[str], Certificates]]:
    """Yield the variables of a run of uv, where its attempts to use plain http come to stand, and who may sign.

    uv is handed one configuration, which holds what was judged here, and looks for no other.
    """
    choice = index_choice({**os.environ, **added}, added.get("UV_DEFAULT_INDEX"))
    refuse_insecure(choice)
    around = {**os.environ, **choice.variables}
    variables = scrub(around)[0] | index_variables(around) | added
    variables = {name: value for name, value in variables.items() if name not in _WHERE_SETTINGS_ARE}
    believed = certificates(around, choice.origins)
    variables = {name: value for name, value in variables.items() if value or name not in EMPTY}
    goes_out = _goes_out(arguments) and not choice.offline
    # Who meets no server need believe nobody, and looking at what a variable names takes as long as uv itself.
    variables |= (believed.uv_variables() if goes_out else dict(believed.uv)) | uv_folders(os.environ)
    with ExitStack() as open_now:
        variables |= _configuration(choice, open_now)
        if not goes_out:
            yield variables, [], believed
            return
        from tfsetup.ground.plain_http import PlainHttp

        guard = open_now.enter_context(PlainHttp(choice.trusted))
        yield guard.variables(variables), guard.asked, believed


def _configuration(choice: Choice, open_now: ExitStack) -> dict[str, str]:
    """Return the variables by which uv reads the settings that were judged, and no others."""
    if not choice.settings:
        return {"UV_NO_CONFIG": "1"}
    file = open_now.enter_context(temporary_folder()) / "uv.toml"  # a folder that nobody else may enter
    file.write_text(as_toml(choice.settings), encoding="utf-8")
    return {"UV_CONFIG_FILE": str(file)}


def _goes_out(arguments: Sequence[str]) -> bool:
    """Tell whether a run of uv may use the network."""
    return "--offline" not in arguments and not (arguments[0] == "venv" and "--no-python-downloads" in arguments)


def _led_astray(address: str) -> UsageError:
    why = insecure(address) or f"{address} is plain http."
    return refusal(why, host_of(address), " (An index, or a page of it, leads there.)")


def _run(
    arguments: Sequence[str],
    variables: Mapping[str, str],
    doing: str,
    stdin: str,
    screen: Screen | None,
    children: Children | None,
    held: Sequence[int],
    believed: Certificates,
) -> Finished:
    reader = _Stderr(screen)
    child = subprocess.Popen(
        [_uv(), *arguments],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        stderr=reader.child_end,
        env=variables,
        pass_fds=held if sys.platform != "win32" else (),
    )
    try:
        if children is not None:
            children.add(child)
        reader.start()
        stdout, _ = child.communicate(stdin.encode())
    except BaseException:
        _end(child)
        raise
    finally:
        stderr = reader.finish()
        if children is not None:
            children.remove(child)
    if child.returncode != 0:
        from tfsetup.locks.explain import explain_uv

        solving = child.returncode == 1 and tuple(arguments[:2]) == ("pip", "compile")
        raise explain_uv(stderr, doing, solving=solving, believed=believed)
    return Finished(stdout=stdout.decode(errors="replace"), stderr=stderr)


_finding = threading.Lock()


def _uv() -> str:
    from uv import find_uv_bin

    # It asks sysconfig, whose first answer is wrong for whoever asks while another thread is being answered.
    with _finding:
        return str(find_uv_bin())


def _end(child: subprocess.Popen[bytes]) -> None:
    child.terminate()
    try:
        child.wait(_GRACE)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()


class _Stderr:
    """uv's stderr: passed on while it runs, its tail kept. A pseudo-terminal where progress bars are wanted."""

    def __init__(self, screen: Screen | None) -> None:
        self._screen = screen
        self._tail = bytearray()
        self._tamed = Tamed()
        self._filter = Filter()
        self._pty = screen is not None and screen.terminal and sys.platform != "win32"
        self._ours, self.child_end = _terminal_pair() if self._pty else os.pipe()
        self._thread = threading.Thread(target=self._pump, daemon=True)

    def start(self) -> None:
        os.close(self.child_end)
        self._thread.start()

    def finish(self) -> str:
        if self._thread.is_alive():
            self._thread.join()
        text = bytes(self._tail).decode(errors="replace")
        return _plain(text) if self._pty else text

    def _pump(self) -> None:
        with os.fdopen(self._ours, "rb", buffering=0) as pipe:
            while block := _read(pipe):
                self._tail = (self._tail + block)[-_TAIL:]
                self._show(block)

    def _show(self, block: bytes) -> None:
        if self._screen is not None:
            block = self._tamed.feed(block)
            self._screen.write(block if self._screen.everything else self._filter.feed(block))


def _read(pipe: IO[bytes]) -> bytes:
    # Linux answers EIO when the other end of a pseudo-terminal is closed: the end of file, in other words.
    with suppress(OSError):
        return pipe.read(4096)
    return b""


def _terminal_pair() -> tuple[int, int]:
    import pty
    import termios

    ours, childs = pty.openpty()
    with suppress(OSError, termios.error):
        # Without the real width uv would draw its bars for 80 columns or none.
        size = os.get_terminal_size(sys.stderr.fileno())
        termios.tcsetwinsize(childs, (size.lines, size.columns))
    return ours, childs


def _plain(text: str) -> str:
    text = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", text)
    return "\n".join(line.rpartition("\r")[2] for line in text.replace("\r\n", "\n").split("\n"))
