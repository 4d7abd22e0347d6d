"""The verification as text: what was loaded, a row for each measurement, the BLAS under NumPy, findings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from textwrap import wrap

from msgspec import UNSET
from rich import box
from rich.console import Group, RenderableType
from rich.table import Table
from rich.text import Text

from tfsetup.ground.units import seconds
from tfsetup.report.doctor import doctor_text
from tfsetup.report.text import printable
from tfsetup.report.tune import tuning_parts
from tfsetup.report.verify_document import VerifyDocument
from tfsetup.verify import peaks
from tfsetup.verify.answers import kernels_lacking
from tfsetup.verify.history import History
from tfsetup.verify.model import Blas, Device, Examination, Failure, Finding, Matmul, Verification

STYLES = {"ok": "green", "slow": "yellow", "skipped": "dim", "error": "bold red", "warning": "yellow", "note": "cyan"}
BAR_CELLS = 10
LOG_LINES = 12  # faulthandler prints the innermost frames first
EIGHTHS = " ▏▎▍▌▋▊▉█"


def verify_view(found: Verification, *, ascii_only: bool = False) -> RenderableType:
    """Return `verify_parts` as one renderable, for those who print it inside something else."""
    parts = verify_parts(found, found.findings, ascii_only=ascii_only)
    return Group(*(Text(part) if isinstance(part, str) else part for part in parts))


def verify_parts(
    found: Examination, findings: Sequence[Finding], *, history: History | None = None, ascii_only: bool = False
) -> Iterator[RenderableType]:
    """Return everything a person should see of a verification; `history` only where it was asked for."""
    yield from headlines(found)
    if found.devices:
        yield device_table(found, ascii_only=ascii_only)
    yield from reason_lines(found)
    yield from peak_lines(found)
    yield from check_lines(found)
    yield from break_even_lines(found)
    yield from library_lines(found)
    yield from runtime_lines(found)
    if history is not None:
        yield from history_lines(history)
    for finding in findings:
        yield from (Text(line, style=style) for line, style in finding_lines(finding))
    yield from failure_lines(found.failure)
    yield verdict(found)


def document_parts(
    data: VerifyDocument, findings: Sequence[Finding], *, ascii_only: bool = False
) -> Iterator[RenderableType]:
    """Return what `tfsetup verify` shows: the verification, its history where asked for, and the doctor's word."""
    yield from verify_parts(data, findings, history=data.history if data.compare else None, ascii_only=ascii_only)
    if data.doctor:
        yield doctor_text(data.doctor)
    if data.tuning is not UNSET and data.tune is not UNSET:
        yield from tuning_parts(data.tuning, data.tune)


def headlines(found: Examination) -> Iterator[str]:
    """Which TensorFlow on which Python, and where its import spent the time."""
    loaded = found.tensorflow
    python = f"Python {found.python} ({found.arch})" if found.python else printable(found.interpreter)
    if loaded.version is None:
        yield f"TensorFlow did not load · {python}"
        return
    yield printable(f"TensorFlow {loaded.version} ({loaded.git_version}) · {python} · {found.prefix}")
    phases = sorted(found.import_phases.items(), key=lambda item: -item[1])
    largest = ", ".join(f"{name} {seconds(spent)}" for name, spent in phases[:4] if name != "(others)")
    yield printable(f"imported in {seconds(found.import_s or 0.0)} ({largest}); verified in {seconds(found.seconds)}")


def device_table(found: Examination, *, ascii_only: bool = False) -> RenderableType:
    """Return a row for each size and type on each device; bars compare GFLOP/s within the table."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False, safe_box=ascii_only)
    for title in ("device", "matmul", "dtype"):
        table.add_column(title)
    for title in ("median", "GFLOP/s"):
        table.add_column(title, justify="right")
    table.add_column("", min_width=BAR_CELLS)
    table.add_column("error", justify="right")
    table.add_column("status")
    top = max((item.gflops or 0.0 for device in found.devices for item in device.matmul), default=0.0)
    for device in found.devices:
        for row, style in device_rows(device, top, ascii_only=ascii_only):
            table.add_row(*map(printable, row), style=style)
    return table


def reason_lines(found: Examination) -> Iterator[Text]:
    """What each device is called by its driver, and why one was left out; why one is bad is told by its finding."""
    for device in found.devices:
        if device.description:
            yield Text(printable(f"{device.name} is {device.description}"))
        if device.status == "skipped":
            yield Text(printable(f"{device.name} skipped: {device.reason}"), style=STYLES["skipped"])


def peak_lines(found: Examination) -> Iterator[str]:
    """How each GPU stands to what its chip could do at best; the cores' peak has its own line."""
    for device in found.devices:
        words = peaks.told(device) if device.type == "GPU" else ""
        if words:
            yield f"{device.name}: {words}"


def device_rows(device: Device, top: float, *, ascii_only: bool) -> Iterator[tuple[list[str], str | None]]:
    """Return the cells of one device's rows and their style; the verdict stands in the first row, its reason below."""
    status = device.status
    style = STYLES.get(status, "bold red")
    if not device.matmul:
        yield [device.name, "", "", "", "", "", "", status], style
    for index, item in enumerate(device.matmul):
        first = index == 0
        cells = [device.name if first else "", f"{item.n}", item.dtype, *_numbers(item, top, ascii_only)]
        yield [*cells, status if first else ""], style if status != "ok" else None


def _numbers(item: Matmul, top: float, ascii_only: bool) -> list[str]:
    if item.median_s is None or item.gflops is None:
        return ["-", "-", "", "no kernel"]
    error = "NaN, inf" if item.max_rel_error is None else f"{item.max_rel_error:.0e}"
    share = item.gflops / top if top else 0.0
    return [duration(item.median_s), f"{item.gflops:.1f}", bar(share, ascii_only=ascii_only), error]


def duration(value: float) -> str:
    """Return a short duration with three digits: `2.65 ms`, `184 ms`, `1.42 s`."""
    return f"{value:.3g} s" if value >= 1 else f"{value * 1000:.3g} ms"


def bar(share: float, *, ascii_only: bool = False) -> str:
    """Return a bar that fills `share` (0 to 1) of BAR_CELLS."""
    eighths = round(max(0.0, min(1.0, share)) * BAR_CELLS * 8)
    if ascii_only:
        return "#" * round(eighths / 8)
    return (EIGHTHS[8] * (eighths // 8) + EIGHTHS[eighths % 8]).strip()


def library_lines(found: Examination) -> Iterator[str]:
    """Which BLAS NumPy and SciPy call, and which distributions the mapped native libraries came from."""
    for user, item in (("NumPy", found.blas), ("SciPy", found.blas.scipy)):
        if item is not UNSET and item.library:
            yield printable(_blas_line(user, item))
    images = found.native_runtime
    if images:
        owners = Counter(image.wheel or "the system" for image in images)
        arches = ", ".join(sorted({image.arch for image in images}))
        names = ", ".join(f"{count} of {owner}" for owner, count in owners.most_common(4))
        yield printable(f"native runtime: {len(images)} libraries mapped, all {arches}: {names}")


def runtime_lines(found: Examination) -> Iterator[str]:
    """What of the CPU is used, which kernels are in use, and how much of the log was noise."""
    kernels = (("oneDNN", found.onednn), ("XNNPACK (TensorFlow Lite)", found.xnnpack))
    states = [f"{name} {'on' if used else 'off'}" for name, used in kernels if used is not None]
    if found.ceiling_gflops is not None:
        peak = f"{found.ceiling_gflops:.0f} GFLOP/s in float32"
        yield f"the cores' peak: about {peak} (cores x nominal clock x vector width)"
    if found.cpu_features_unused:
        states.append(f"built without {' '.join(found.cpu_features_unused)} (used where kernels choose at run time)")
    if states:
        yield f"kernels: {', '.join(states)}"
    kinds = Counter(message.kind for message in found.messages)
    if kinds:
        yield f"log: {', '.join(f'{count} {_KINDS[kind]}' for kind, count in kinds.items())}"
    for message in found.messages:
        if message.kind == "unknown":
            yield printable(f"  {message.line}")
    if found.environment:
        settings = ", ".join(f"{name}={value}" for name, value in found.environment.items())
        yield printable(f"settings in force: {settings}")


_KINDS = {"harmless": "harmless", "matters": "that matter", "unknown": "not known to be harmless"}


def check_lines(found: Examination) -> Iterator[str]:
    """The correctness checks beyond the matmul: how many came to what on each device, and what is not right by name."""
    for device in found.devices:
        counts = Counter(check.status for check in device.checks)
        bad = [check for check in device.checks if check.status not in {"ok", "skipped"}]
        words = [f"{counts.pop(status)} {status}" for status in ("ok",) if counts[status]]
        words += [f"{count} {status}" for status, count in counts.items()]
        if words:
            yield printable(f"{device.name}: of {len(device.checks)} checks {', '.join(words)}")
        for check in bad:
            yield from folded(f"{check.name} {check.status}: {check.message}" if check.message else check.name)
        lacking = sorted({name for check in device.checks for name in kernels_lacking(check.message)})
        if lacking:
            yield from folded(f"without a kernel, so on the CPU: {', '.join(lacking)}")


def break_even_lines(found: Examination) -> Iterator[str]:
    """Which models are faster on the CPU."""
    for one in found.break_even:
        yield printable(one.says)


def folded(line: str) -> Iterator[str]:
    """Return a line that belongs to the one above it, in pieces that 80 columns hold."""
    yield from wrap(printable(line), 78, initial_indent="  ", subsequent_indent="    ", break_on_hyphens=False)


def history_lines(history: History) -> Iterator[str]:
    """How each device moved since the run compared with."""
    then = history.compared_with
    if then is None:
        yield "nothing earlier to compare with: this was the first verification of this environment"
        return
    yield printable(f"against {then.when[:16].replace('T', ' ')} UTC, tensorflow {then.tensorflow}:")
    for change in history.changes:
        numbers = f"{change.then_gflops:.1f} → {change.now_gflops:.1f} GFLOP/s ({change.ratio:.2f}x)"
        lasting = "  slower than ever before" if change.lasting else ""
        yield printable(f"  {change.device} {change.dtype} {change.n}: {numbers}{lasting}")


def failure_lines(failure: Failure | None) -> Iterator[str]:
    """The end of the log, where it is the only witness: after a crash, a hang, an unexplained end."""
    if failure is None or failure.kind not in {"crash", "hang", "died", "killed"} or not failure.stderr_tail:
        return
    yield "the last it wrote:"
    for line in failure.stderr_tail.splitlines()[:LOG_LINES]:
        yield printable(f"  | {line}")


def verdict(found: Examination) -> Text:
    """The answer in one line."""
    if found.ok:
        return Text("It runs.", style="bold green")
    return Text("It does not run as it should.", style="bold red")


def _blas_line(user: str, item: Blas) -> str:
    details = [item.version, item.core, f"{item.threads} threads" if item.threads else None]
    line = f"{user} calls {item.library} ({', '.join(part for part in details if part)})".replace(" ()", "")
    if not item.gflops:
        return line
    share = (
        f", {100 * item.share_of_peak:.0f} % of the {item.peak_gflops:.0f} of the matrix units"
        if item.share_of_peak
        else ""
    )
    return f"{line}: {item.gflops:.1f} GFLOP/s at {item.n}{share}"


def finding_lines(finding: Finding) -> Iterator[tuple[str, str]]:
    """Return a finding as `(line, style)`: what, the number behind it, what to do."""
    yield printable(f"{finding.severity}: {finding.title}"), STYLES[finding.severity]
    for line in finding.detail.splitlines()[:6]:
        yield printable(f"  {line}"), ""
    for step in finding.fix:
        yield printable(f"  fix: {step}"), ""
