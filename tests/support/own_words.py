"""What tfsetup itself can say of a failure, as texts for the doctor, each with the causes that it may be called.

dyld's words are made by the functions that word them; those of the other loaders are put together where they are found,
so they are written out, and `test_doctor_own_words.py` holds that none of the loaders' texts is left out.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import NamedTuple

from tfsetup.loader.dyld import words
from tfsetup.loader.dyld.words import Mac, Named
from tfsetup.loader.model import Mode

SITE = "/opt/ml/env/lib/python3.11/site-packages"
INTERNAL = f"{SITE}/tensorflow/python/_pywrap_tensorflow_internal.so"
TEXT_OPS = f"{SITE}/tensorflow_text/python/ops/_sentence_breaking_ops.so"
ADDONS = f"{SITE}/tensorflow_addons/custom_ops/image/_resampler_ops.so"
METAL = f"{SITE}/tensorflow-plugins/libmetal_plugin.dylib"
FRAMEWORK = f"{SITE}/tensorflow/libtensorflow_framework.2.dylib"
GROWN = "_ZN10tensorflow8OpKernel11TraceStringERKNS_15OpKernelContextEb"

DAMAGED = "incomplete-install-missing-native-lib"
FOREIGN = "foreign-tensorflow-library"
PLUGIN = "metal-plugin-abi-mismatch"
BINARY = "foreign-binary-in-any-wheel"

RELEASES = ((10, 13), (10, 15), (11, 0), (12, 0), (12, 6), (13, 0), (14, 0), (14, 4), (15, 0), (15, 4), (26, 0))


class Saying(NamedTuple):
    """A text, and what it may be called."""

    text: str
    causes: frozenset[str]


def say(text: str, *causes: str) -> Saying:
    """Return a text as Python passes it on."""
    return Saying(text, frozenset(causes))


def of_dyld() -> Iterator[Saying]:
    """Yield what dyld says of each macOS, on both kinds of Mac."""
    for version, architecture in product(RELEASES, ("arm64", "x86_64")):
        if version >= (11, 0) or architecture == "x86_64":
            yield from _of_mac(Mac(version=version, architecture="arm64" if architecture == "arm64" else "x86_64"))


def _of_mac(mac: Mac) -> Iterator[Saying]:
    uuid = "3C5A1E7B-6B1E-3F0C-8E6E-0D2B7C9A4F11"
    internal = Named(path=INTERNAL, uuid=uuid, minos=(12, 0, 0))
    newer = Named(path=INTERNAL, uuid=uuid, minos=(26, 0, 0) if mac.version < (26, 0) else (27, 0, 0))
    plugin, texts = Named(path=METAL, uuid=uuid), Named(path=TEXT_OPS, uuid=uuid)
    system = words.system_library("/usr/lib/libc++.1.dylib")

    def opened(path: str, reason: str) -> str:
        return f"ImportError: {words.dlopen_failed(mac, path, Mode(), reason)}"

    def absent(path: str) -> str:
        return words.tried(mac, [(path, words.missing(mac, path, disk_only=False))])

    name = "@rpath/libtensorflow_framework.2.dylib"
    yield say(opened(INTERNAL, words.library_not_loaded(mac, name, internal, absent(FRAMEWORK))), DAMAGED)
    swift = "/usr/lib/swift/libswiftOdd.dylib"
    yield say(opened(INTERNAL, words.library_not_loaded(mac, swift, newer, absent(swift))), DAMAGED,
              "macos-missing-dylib", "macos-too-old")  # fmt: skip
    omp = "/opt/homebrew/opt/libomp/lib/libomp.dylib"
    booster = Named(path=f"{SITE}/tensorflow/lib/libxgb.dylib", uuid=uuid)
    yield say(opened(booster.path, words.library_not_loaded(mac, omp, booster, absent(omp))), "macos-missing-dylib")
    for present in (True, False):
        if reason := words.no_rpaths(mac, present=present):
            yield say(opened(METAL, words.library_not_loaded(mac, name, plugin, reason)), PLUGIN, DAMAGED)
    verbose = "__ZNSt3__122__libcpp_verbose_abortEPKcz"
    old = words.symbol_not_found(mac, verbose, newer, system)
    if mac.old or mac.version >= (13, 0):
        yield say(opened(INTERNAL, old), "macos-too-old")
    lacks = words.symbol_not_found(mac, f"_{GROWN}", plugin, Named(path=INTERNAL, uuid=uuid))
    yield say(opened(METAL, lacks), PLUGIN)
    yield say(opened(METAL, words.flat_not_found(mac, "_TF_AssignUpdateVariable", plugin)), PLUGIN)
    yield say(opened(TEXT_OPS, words.flat_not_found(mac, f"_{GROWN}", texts)), "tf-text-abi-mismatch")
    yield say(opened(TEXT_OPS, words.weak_def_not_found(mac, f"_{GROWN}", texts)), "tf-text-abi-mismatch")
    yield say(opened(INTERNAL, words.reexport_out_of_range(9, internal, "_odd")), DAMAGED)
    yield say(opened(INTERNAL, words.unknown_ordinal(9, internal, "_odd")), DAMAGED)
    other = "x86_64" if mac.architecture == "arm64" else "arm64"
    for fat in (True, False):
        reason = words.tried(mac, [(INTERNAL, words.wrong_architecture(mac, [other], fat=fat))])
        yield say(opened(INTERNAL, reason), "macos-wrong-arch-binary")
    reason = words.tried(mac, [(INTERNAL, words.wrong_platform(mac, INTERNAL, "iOS-simulator"))])
    yield say(opened(INTERNAL, reason), "macos-wrong-arch-binary", BINARY)
    for text in (words.signature_damaged(mac, internal, 0, 4096, 300), words.unsigned(mac, internal)):
        yield say(opened(INTERNAL, words.tried(mac, [(INTERNAL, text)])), "macos-code-signature")
    yield say(f"{INTERNAL}\n  | {words.KILLED}", "macos-code-signature")


def of_glibc() -> Iterator[Saying]:
    """Yield what ld.so says, for an old and a new glibc."""
    yield say(
        _import("libcudart.so.12: cannot open shared object file: No such file or directory"), "cuda-libs-missing"
    )
    yield say(_import("libcudnn.so.9: cannot open shared object file"), "cuda-libs-missing")
    lost = "libtensorflow_framework.so.2: cannot open shared object file: No such file or directory"
    yield say(_import(lost), DAMAGED)
    yield say(_import(f"{INTERNAL}: wrong ELF class: ELFCLASS64"), "python-32bit", DAMAGED, "wheel-tag-mismatch")
    yield say(_import(f"{INTERNAL}: wrong ELF class: ELFCLASS32"), "python-32bit", DAMAGED, "wheel-tag-mismatch")
    for text in _REFUSED:
        yield say(_import(f"{INTERNAL}: {text}"), DAMAGED, BINARY)
    yield say(_import(f"{INTERNAL}: the process is killed while loading it: it ends after 77 bytes"), DAMAGED)
    for text in _MISALIGNED:
        yield say(_import(f"{INTERNAL}: {text}"), "page-size-mismatch")
    stack = "cannot enable executable stack as shared object requires: Invalid argument"
    yield say(_import(f"{INTERNAL}: {stack}"), "exec-stack-refused")
    yield say(_import(f"/lib64/libc.so.6: version `GLIBC_2.27' not found (required by {INTERNAL})"), "glibc-too-old")
    for version in ("GLIBCXX_3.4.29", "CXXABI_1.3.11"):
        text = f"/usr/lib64/libstdc++.so.6: version `{version}' not found (required by {INTERNAL})"
        yield say(_import(text), "libstdcxx-too-old")
    for comma in ("", ","):
        text = f"symbol fmod{comma} version GLIBC_2.38 not defined in file libm.so.6 with link time reference"
        yield say(_import(f"{INTERNAL}: {text}"), "glibc-too-old")
    yield say(_import(f"{TEXT_OPS}: undefined symbol: {GROWN}"), "tf-text-abi-mismatch")
    yield say(_import(f"{ADDONS}: undefined symbol: {GROWN}"), "custom-op-abi-mismatch")
    yield say(_import(f"{INTERNAL}: undefined symbol: {GROWN}"), FOREIGN, DAMAGED)
    yield say(_import(f"{INTERNAL}: undefined symbol: {GROWN}, version TF_2.9"), FOREIGN, DAMAGED)
    for name, function, assertion in _INCONSISTENT:
        text = f"Inconsistency detected by ld.so: {name}: {function}: Assertion `{assertion}' failed!"
        yield say(text, DAMAGED, FOREIGN, "glibc-too-old")
    yield say(_import(f"{INTERNAL}: CPU ISA level is lower than required"), "cpu-no-avx")
    tls = f"{SITE}/scikit_learn.libs/libgomp-d22c30c5.so.1.0.0: cannot allocate memory in static TLS block"
    yield say(_import(tls), "aarch64-static-tls")


_REFUSED = (
    "object file has no loadable segments", "object file has no dynamic section", "cannot dynamically load executable",
    "cannot dynamically load position-independent executable", "shared object cannot be dlopen()ed",
    "cannot read file data: Is a directory", "cannot read file data (it ends after 0 bytes)", "file too short",
    "invalid ELF header", "ELF file version does not match current one", "only ET_DYN and ET_EXEC can be loaded",
    "ELF file data encoding not little-endian", "ELF file version ident does not match current one",
    "ELF file OS ABI invalid", "ELF file ABI version invalid", "internal error", "nonzero padding in e_ident",
    "ELF file's phentsize not the expected size", "unsupported version 7 of Verneed record",
    "DT_RELR without GLIBC_ABI_DT_RELR dependency",
)  # fmt: skip
_MISALIGNED = (
    "ELF load command alignment not page-aligned", "ELF load command address/offset not properly aligned",
    "ELF load command address/offset not page-aligned",
)  # fmt: skip
_INCONSISTENT = (
    ("dl-version.c", "_dl_check_map_versions", "needed != NULL"),
    ("dl-lookup.c", "check_match", "version->filename == NULL || ! _dl_name_match_p (version->filename, map)"),
)


def of_musl() -> Iterator[Saying]:
    """Yield what musl's loader says."""
    start = "Error loading shared library"
    for reason in ("No such file or directory", "Exec format error"):
        yield say(_import(f"{start} ld-linux-x86-64.so.2: {reason} (needed by {INTERNAL})"), "no-wheel-musl")
    yield say(_import(f"Error relocating {INTERNAL}: __memcpy_chk: symbol not found"), "no-wheel-musl")
    killed = f"{INTERNAL}: the process is killed while loading it: it ends after 12 bytes"
    yield say(_import(killed), DAMAGED)


def of_windows() -> Iterator[Saying]:
    """Yield what Windows says, as Python, TensorFlow and ctypes put it."""
    module = "C:\\env\\Lib\\site-packages\\tensorflow\\python\\_pywrap_tensorflow_internal.pyd"
    importing = "ImportError: DLL load failed while importing _pywrap_tensorflow_internal:"
    runtime = ("msvc-runtime-missing-or-old", "cpu-no-avx", DAMAGED)
    yield say(f"{importing} The specified module could not be found.", *runtime)
    yield say(f"{importing} The specified procedure could not be found.", *runtime)
    yield say(f"{importing} %1 is not a valid Win32 application.", "python-32bit", DAMAGED, "wheel-tag-mismatch")
    yield say(f"{importing} Access is denied.", "files-not-readable")
    yield say(f"{importing} The operating system cannot run %1.", DAMAGED)
    hint = "Try using the full path with constructor syntax."
    text = f"FileNotFoundError: Could not find module '{module}' (or one of its dependencies). {hint}"
    yield say(text, *runtime, "extension-not-for-windows")
    for error, words_of, causes in _WINDOWS:
        yield say(f"OSError: [WinError {error}] {words_of}", *causes, *(runtime if error in {126, 127} else ()))
    ops = "C:\\env\\Lib\\site-packages\\tensorflow_text\\python\\ops\\_sentence_breaking_ops.dll not found"
    yield say(f"tensorflow.python.framework.errors_impl.NotFoundError: {ops}", "extension-not-for-windows",
              "tf-text-abi-mismatch", "tf-text-no-wheel", DAMAGED)  # fmt: skip
    dlls = (
        "Could not find the DLL(s) 'msvcp140.dll or msvcp140_1.dll'. TensorFlow requires that these DLLs be installed"
    )
    yield say(f"ImportError: {dlls} in a directory that is named in your %PATH% environment variable.", runtime[0])


_WINDOWS: tuple[tuple[int, str, tuple[str, ...]], ...] = (
    (5, "Access is denied.", ("files-not-readable",)),
    (126, "The specified module could not be found.", ()),
    (127, "The specified procedure could not be found.", ()),
    (193, "%1 is not a valid Win32 application.", ("python-32bit", DAMAGED, "wheel-tag-mismatch")),
)


def of_python() -> Iterator[Saying]:
    """Yield what Python says before or after the loader has its turn, and what pip says of a wheel."""
    yield say("ModuleNotFoundError: No module named 'tensorflow'", "wrong-python-environment")
    internal = "tensorflow.python._pywrap_tensorflow_internal"
    native = (DAMAGED, "wheel-tag-mismatch", "wrong-python-environment")
    yield say(f"ModuleNotFoundError: No module named '{internal}'", *native)
    init = f"{SITE}/tensorflow/python/__init__.py"
    for whose in ("partially initialized module 'tensorflow.python' (most likely due to a circular import)",
                  "'tensorflow.python'"):  # fmt: skip
        yield say(f"ImportError: cannot import name '_pywrap_tensorflow_internal' from {whose} ({init})", *native,
                  "two-tensorflow-distributions", "local-file-shadows-module")  # fmt: skip
    export = "dynamic module does not define module export function (PyInit__pywrap_tensorflow_internal)"
    yield say(f"ImportError: {export}", *native)
    wheel = "tensorflow-2.16.1-cp39-cp39-macosx_12_0_arm64.whl"
    yield say(f"ERROR: {wheel} is not a supported wheel on this platform.", "wheel-tag-mismatch", "macos-platform-tag",
              "pip-too-old", "no-wheel-for-platform", "x86-python-on-apple-silicon")  # fmt: skip
    for why in (".dist-info directory not found", "multiple .dist-info directories found: a.dist-info, b.dist-info",
                "there is no RECORD in tensorflow-2.16.1.dist-info",
                ".dist-info directory 'x.dist-info' does not start with 'tensorflow'"):  # fmt: skip
        yield say(f"ERROR: tensorflow has an invalid wheel, {why}", "download-hash-mismatch", DAMAGED)


def _import(text: str) -> str:
    return f"ImportError: {text}"


def of_loaders() -> list[Saying]:
    """Return all that the loaders say, each text once."""
    found = [*of_dyld(), *of_glibc(), *of_musl(), *of_windows(), *of_python()]
    return list({saying.text: saying for saying in found}.values())
