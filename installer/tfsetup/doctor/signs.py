"""The forms in which programs say *that* something failed, whatever it was. Data; `failures.py` looks for them.

Each sign is a set of words, one of which stands in such a line (found without looking at the rest of the log), and what
the line must look like: words like `error` stand in many a line that reports success. Sources: CPython's `traceback`
and `faulthandler`; absl and glog (severity letter before or behind the time); `tsl/platform/status.h`; the sentences of
dyld, glibc's ld.so and the Windows loader; shells' words for signals; what pip, uv, Poetry, PDM, conda and apt print
when they refuse.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final


@dataclass(frozen=True, slots=True)
class Sign:
    """A form of failure: one of `words` stands in the line, and the regular expression `form` is found in it."""

    words: tuple[str, ...]
    form: str


def _sign(words: str, *forms: str) -> Sign:
    """Return the sign of `words`, one a line; without a form the words themselves are one."""
    listed = tuple(word for line in words.splitlines() if (word := line.strip()))
    return Sign(listed, "|".join(forms or map(re.escape, listed)))


# What may stand before a word that begins a message: a prompt, a frame, a time, the name of a logger or program.
_BEFORE: Final = r"^(?:(?>[\s>|!#$%*+\[·-]|E\s)*+|.{0,80}?[\]|:>]\s?|[\d\s:.,/TZ+\[\]()-]{0,40}\s)"
_NAME: Final = r"(?<!except )(?<!raise )(?<![\w'\"(/\\@.])"
_NOTHING: Final = r"(?:0$|0\b(?![.:'])|\[\]|none$|false$)"

SIGNS: Final = (
    # Python
    _sign(
        "Error\nException",
        _NAME + r"(?>[A-Za-z_]\w*+\.)*+[A-Z]\w*?(?:Error|Exception|Impossible)(?:$|:(?:\s|$)| \()",
        r"\bException:",
        _NAME + r"(?:Import|Module|Attribute|Type|Value|Runtime|OS|Memory)\w*Error\b(?!:$|s\b)",
    ),
    _sign("Fatal Python error\nTraceback (most recent call last)\nMemoryError"),
    # A program's own word, at the beginning of what it says
    _sign(
        "rror:\nrror[\nRROR\nrror \nFATAL\natal\nCRITICAL\nSEVERE",
        _BEFORE
        + r"(?:(?:[Ff]atal|FATAL|Internal|Unexpected|[Bb]uild)\s)?(?:ERROR|[Ee]rror|FATAL|[Ff]atal|CRITICAL|SEVERE)"
        r"(?:\s?[:!\]>\[]|\s-|\s(?:in|while|occurred|when|loading|importing|at)\b|$)",
        r"\]\s?FATAL\b",
    ),
    # absl, glog, TensorFlow
    _sign(
        "E external\nF external\nE tensorflow\nF tensorflow\nE ./\nF ./\n: E \n: F ",
        r"(?:^|\s|:)[EF] (?:external|tensorflow|\./|[a-z_/]+\.(?:cc|h|mm|cpp):)",
    ),
    _sign(".cc:\n.h:\n.mm:\n.cpp:", r"^\W?[EF]\d{4}\s"),
    _sign("""
        UNIMPLEMENTED:
        INTERNAL:
        INVALID_ARGUMENT:
        FAILED_PRECONDITION:
        NOT_FOUND:
        UNKNOWN:
        RESOURCE_EXHAUSTED:
        ABORTED:
        UNAVAILABLE:
        DATA_LOSS:
        DEADLINE_EXCEEDED:
        PERMISSION_DENIED:
        OP_REQUIRES failed
        Check failed:
        Check failure
        CHECK failed
        failed assertion
        Assertion failed
    """),
    # dyld
    _sign("dyld", r"\bdyld(?:\[\d+\])?: "),
    _sign("""
        Library not loaded
        Symbol not found
        image not found
        no suitable image found
        wrong architecture
        incompatible architecture
        Bad CPU type
        not valid for use in process
        code signature invalid
    """),
    # glibc, musl
    _sign("""
        cannot open shared object
        undefined symbol
        symbol lookup error
        static TLS
        executable stack
        failed to map segment
        invalid ELF header
        wrong ELF class
        file too short
        symbol not found
        Exec format error
        cannot execute binary file
        Error relocating
        Error loading shared library
        ' not found (required by
    """),
    # Windows
    _sign("""
        DLL load failed
        is not a valid Win32
        [WinError
        was not found on this computer
        0xC0000
        0xc0000
        -10737
        could not be located in the dynamic link library
        fatal exception
    """),
    # How a process ended
    _sign("""
        Segmentation fault
        segmentation fault
        Abort trap
        abort trap
        Bus error
        bus error
        llegal instruction
        llegal hardware instruction
        core dumped
        SIGILL
        SIGSEGV
        SIGABRT
        SIGKILL
        SIGBUS
        segfault
        terminate called
        terminating
        libc++abi
        caught illegal operation
        uncaught target signal
        OMP: Error
        KernelRestarter
        Out of memory
        out of memory
    """),
    _sign("zsh: \nbash: ", r"(?:zsh|bash): (?:line \d+: +\d+ )?(?:abort|killed|segmentation|illegal|bus|trace trap)"),
    _sign(
        "Killed\nkilled\nAborted\naborted",
        r"(?:^|[\s:>])[Kk]illed(?:$|\s*[:;.(]|\s+python|: 9| by )",
        r"(?:^|[\s:>])[Aa]borted(?:$|\s*[.(!])",
        r"\bwas killed\b",
    ),
    _sign(
        "ernel\nession",
        r"(?i:\bkernel\b.{0,30}\b(?:died|dead|restarting|crash|appears to have))",
        r"(?i:\bdead kernel\b)",
        r"(?i:\bsession (?:crashed|aborted))",
    ),
    _sign(
        "exit code\nexit status\nExit code\nexited with\nnon-zero code\nnon-zero exit\nxited unexpectedly",
        r"(?:exit (?:code|status)|exited with(?: code| status)?|non-zero code)(?: was)?:?\s*\(?-?(?!0\b)[0-9]",
        r"non-zero exit",
        r"xited unexpectedly",
    ),
    # Installers
    _sign("""
        No matching distribution
        Could not find a version
        not find a version
        No solution found
        not a supported wheel
        requires a different Python
        ersion solving failed
        Unable to find installation candidates
        ResolvePackageNotFound
        PackagesNotFound
        nothing provides
        unmet dependencies
        Failed building wheel
        subprocess-exited-with-error
        ailed to build
        ailed to download
        Failed to install
        Unable to locate package
        externally-managed
        Could not install packages
        has no wheels with
        onflicting dependencies
        version conflict
        DO NOT MATCH
        ash mismatch
        No space left on device
        certificate verify failed
        CERTIFICATE_VERIFY_FAILED
        Read timed out
        Connection reset
        Connection refused
        ax retries exceeded
        packages were not found
        packages are not available
        does not exist (perhaps
        doesn't match any
        Cannot install
        annot be installed
        can't be installed
        is incompatible with
        Cannot uninstall
    """),
    _sign("""
        ommand not found
        not recognized as an internal
        No such file or directory
        Permission denied
        Operation not permitted
        Access is denied
        annot be loaded
        is disabled on this system
        Input/output error
        Stale file handle
    """),
    # Devices that are ignored, lists that are empty
    _sign("""
        GPU will not be used
        Skipping registering GPU
        Ignoring visible gpu
        no CUDA-capable device
        ailed call to cuInit
        CUDA_ERROR_
        CUDNN_STATUS_
        CUBLAS_STATUS_
        Cannot dlopen some GPU
        ot built with CUDA
        no supported devices
        No GPU
        no GPU
        GPU not found
        annot assign a device
        No OpKernel was registered
        couldn't communicate with the NVIDIA driver
        ould not load dynamic library
        Unable to initialize backend
        ibdevice not found
        exited with error status
        may not have completed
        did not complete
    """),
    _sign(
        "GPU\ngpu",
        r"(?i:(?:\bnum(?:ber)?(?: of)?|#|available|physical|logical|visible) *_?gpus?[^:=]{0,20}[:=] *"
        + _NOTHING
        + r")",
        r"(?i:gpus?(?: devices?)? ?(?:available|found|detected)\?? *[:=]? *" + _NOTHING + r")",
        r"physical_devices\(['\"]GPU['\"]\).{0,40}\[\]",
        r"is_gpu_available\(.{0,40}False",
        r"is_built_with_cuda\(.{0,20}False",
    ),
)
