"""The guarded streams of a run, and what becomes of its exit status."""

from __future__ import annotations

import errno
import io
import os
import signal
import sys
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.streams import CLOSED, FULL, LEFT, Broken, broken
from tfsetup.cli.streams import Ending, Guarded, Loss, ending, handed_over, taken_over

NO_SPACE = os.strerror(errno.ENOSPC)
REFUSED = Loss(reason=NO_SPACE)
GONE = Loss(reason="Broken pipe", reader_left=True)
LOSSES = st.sampled_from([None, REFUSED, GONE, Loss(reason="it is closed")])


@given(st.sampled_from([0, 1, 2, 4, 6, 7, 130]), st.booleans(), LOSSES, LOSSES)
def test_the_status_of_work_that_changes_something_is_never_touched(
    status: int, json: bool, out: Loss | None, err: Loss | None
) -> None:
    found = ending(status, changes=True, json=json, out=out, err=err)
    assert found.status == status
    told = found.on_stderr + found.on_stdout
    assert bool(told) is ((out is not None and not out.reader_left) or (
        err is not None and not err.reader_left and not json))  # fmt: skip
    assert not (json and found.on_stdout)
    assert not told or ("the work itself is done" in told) is (status == 0)


@given(st.sampled_from([0, 4, 7, 9]), st.booleans(), LOSSES, LOSSES)
def test_an_answer_that_could_not_be_written_is_a_failure(
    status: int, json: bool, out: Loss | None, err: Loss | None
) -> None:
    found = ending(status, changes=False, json=json, out=out, err=err)
    lost = out is not None and not out.reader_left
    assert found.status == (1 if lost else status)
    assert ("Could not write the answer to stdout" in found.on_stderr) is lost
    assert not lost or f"would have ended with {status}." in found.on_stderr
    assert found.on_stdout == ""


def test_a_reader_who_left_has_seen_what_he_wanted() -> None:
    assert ending(0, changes=False, json=False, out=GONE, err=GONE) == Ending(status=0)
    assert ending(7, changes=True, json=True, out=GONE, err=None) == Ending(status=7)


def test_the_other_stream_says_what_one_did_not_take() -> None:
    assert ending(0, changes=True, json=False, out=REFUSED, err=None).on_stderr == (
        f"Note      the result could not be written to stdout: {NO_SPACE}; the work itself is done"
    )
    assert ending(6, changes=True, json=False, out=None, err=REFUSED).on_stdout == (
        f"Note      nothing more could be written to stderr: {NO_SPACE}; the exit status, 6, is that of the work"
    )


def test_a_guarded_end_writes_all_of_it_in_pieces() -> None:
    class Piecemeal(io.BytesIO):
        def write(self, block: Any) -> int:
            return super().write(bytes(block)[:3])

    raw = Piecemeal()
    guarded = Guarded(raw, "<stdout>")
    assert guarded.write(b"twelve bytes") == 12
    assert (raw.getvalue(), guarded.loss) == (b"twelve bytes", None)


def test_a_pipe_that_does_not_wait_is_waited_for(monkeypatch: pytest.MonkeyPatch) -> None:
    class Hasty(io.BytesIO):
        refusals = 2

        def write(self, block: Any) -> int | None:  # type: ignore[override]
            self.refusals -= 1
            return None if self.refusals >= 0 else super().write(block)

    waited: list[Any] = []
    monkeypatch.setattr("select.select", lambda *ends: waited.append(ends[1]))
    raw = Hasty()
    guarded = Guarded(raw, "<stdout>")
    assert guarded.write(b"words") == 5
    assert (raw.getvalue(), guarded.loss, waited) == (b"words", None, [[raw], [raw]])


@pytest.mark.parametrize(
    ("raw", "loss"),
    [
        (Broken(errno.ENOSPC), Loss(reason=NO_SPACE)),
        (Broken(errno.EDQUOT), Loss(reason=os.strerror(errno.EDQUOT))),
        (Broken(errno.EFBIG), Loss(reason=os.strerror(errno.EFBIG))),
        (Broken(errno.EIO), Loss(reason=os.strerror(errno.EIO))),
        (Broken(errno.EBADF), Loss(reason="it is closed")),
        (None, Loss(reason="it is closed")),
        (Broken(errno.EPIPE), Loss(reason=os.strerror(errno.EPIPE), reader_left=True)),
        (Broken(errno.ECONNRESET), Loss(reason=os.strerror(errno.ECONNRESET), reader_left=True)),
        (Broken(errno.EIO, terminal=True), Loss(reason=os.strerror(errno.EIO), reader_left=True)),
    ],
    ids=lambda value: f"{value.number}-{value.terminal}" if isinstance(value, Broken) else "",
)
def test_a_guarded_end_never_raises_and_keeps_the_first_failure(raw: Broken | None, loss: Loss) -> None:
    guarded = Guarded(raw, "<stdout>")
    assert [guarded.write(b"more"), guarded.write(b"and more")] == [4, 8]
    assert guarded.loss == loss
    assert raw is None or raw.tries == 1


def test_a_raw_end_that_somebody_closed_is_a_loss_too() -> None:
    raw = io.BytesIO()
    raw.close()
    guarded = Guarded(raw, "<stdout>")
    guarded.write(b"words")
    assert guarded.loss is not None
    assert not guarded.loss.reader_left


def test_what_was_taken_before_the_end_of_the_disk_is_there() -> None:
    raw = Broken(errno.ENOSPC, takes=5)
    guarded = Guarded(raw, "<stdout>")
    guarded.write(b"first words")
    assert (bytes(raw.taken), guarded.loss) == (b"first", REFUSED)


def test_nothing_that_prints_ever_sees_the_failure(monkeypatch: pytest.MonkeyPatch) -> None:
    import typer
    from rich.console import Console

    monkeypatch.setattr(sys, "stdout", broken(LEFT))
    monkeypatch.setattr(sys, "stderr", broken(FULL))
    with taken_over() as streams:
        sys.stdout.write("a line\n")
        sys.stdout.buffer.write(b"bytes")
        sys.stdout.flush()
        typer.echo("echoed")
        Console().print("[bold]rich[/bold]")
        Console(stderr=True).print("rich")
        typer.echo("echoed", err=True)
        sys.stderr.writelines(["one\n", "two\n"])
        losses = streams.out_loss, streams.err_loss
    assert losses == (Loss(reason=os.strerror(errno.EPIPE), reader_left=True), REFUSED)


def test_a_stream_that_is_not_written_to_is_not_lost(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "stdout", broken(CLOSED))
    with taken_over() as streams:
        assert streams.settle(0, changes=False, json=False) == 0


def test_a_stream_without_a_buffer_stays_one(monkeypatch: pytest.MonkeyPatch) -> None:
    written = io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(written, encoding="utf-8", write_through=True))
    with taken_over():
        sys.stdout.write("at once")
        assert written.getvalue() == b"at once"


def test_lines_are_seen_at_once_on_a_terminal(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = Broken(LEFT, takes=99)
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(io.BufferedWriter(raw), line_buffering=True))
    with taken_over():
        sys.stdout.write("a line\nand a half")
        assert bytes(raw.taken) == b"a line\nand a half"


def test_what_an_encoding_cannot_spell_is_replaced(monkeypatch: pytest.MonkeyPatch) -> None:
    out, err = io.BytesIO(), io.BytesIO()
    monkeypatch.setattr(sys, "stdout", io.TextIOWrapper(out, encoding="cp1252", errors="strict"))
    monkeypatch.setattr(sys, "stderr", io.TextIOWrapper(err, encoding="ascii", errors="strict"))
    with taken_over():
        sys.stdout.write("a → b, na\u00efve, \udce9")
        sys.stderr.write("a → b, \udce9")
    assert out.getvalue() == b"a ? b, na\xefve, ?"
    assert err.getvalue() == rb"a \u2192 b, \udce9"


def test_the_streams_of_before_are_there_afterwards(monkeypatch: pytest.MonkeyPatch) -> None:
    plain = io.StringIO()
    monkeypatch.setattr(sys, "stdout", plain)
    before = sys.stdin, sys.stdout, sys.stderr
    with taken_over() as streams:
        assert (streams.out, sys.stdout) == (None, plain)  # a stream without bytes stays what it is
        assert sys.stderr is not before[2]
    assert (sys.stdin, sys.stdout, sys.stderr) == before


def test_streams_that_were_closed_before_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("stdin", "stdout", "stderr"):
        monkeypatch.setattr(sys, name, None)
    with taken_over() as streams:
        assert (sys.stdin.read(), sys.stdin.isatty(), sys.stdout.isatty()) == ("", False, False)
        sys.stdout.write("words")
        assert streams.settle(0, changes=False, json=False) == 1
        assert streams.err_loss == Loss(reason="it is closed")
        assert streams.out is not None
        with pytest.raises(OSError, match="fileno"):
            streams.out.fileno()


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGPIPE")
def test_a_program_that_is_executed_dies_of_a_broken_pipe_as_it_is_used_to() -> None:
    before = signal.getsignal(signal.SIGPIPE)
    with handed_over():
        within = signal.getsignal(signal.SIGPIPE)
    assert (within, signal.getsignal(signal.SIGPIPE)) == (signal.SIG_DFL, before)
