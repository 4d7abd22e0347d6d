"""Who missed a symbol, and whose it is: by that look-alikes are told apart that print the same sentence. Pure.

`undefined symbol: …` and `Symbol not found: …` come with the file that asked and, on macOS, with the one that should
have had it. TensorFlow's own file missing a symbol of TensorFlow has met another TensorFlow; an extension was built for
another one; a file that misses a symbol of the system is too new for it. Symbols are read by the Itanium C++ ABI
(section 5.1, <https://itanium-cxx-abi.github.io/cxx-abi/abi.html#mangling>): the outermost namespace says whose it is.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

# The first that a path shows; TensorFlow's own last, as its name stands in those of its relatives.
_ASKERS: Final = (
    ("metal", ("libmetal_plugin",)),
    ("directml", ("tfdml", "directml")),
    ("plugin", ("tensorflow-plugins", "libitex", "intel_extension_for_tensorflow")),
    ("text", ("tensorflow_text", "_sentence_breaking_ops", "_text_similarity_metric_ops")),
    ("torch", ("/torch", "libtorch", "libc10")),
    ("jax", ("jaxlib", "jax_plugins")),
    ("cuda", (
        "libcublas", "libcudnn", "libcusparse", "libcusolver", "libcufft", "libnccl", "libcudart", "libnvjitlink",
    )),
    ("extension", (
        "tensorflow_addons", "decision_forests", "tensorflow_io", "tensorflow-io", "horovod", "tensorflow_quantum",
        "recommenders_addons", "tensorflow_compression", "tensorflow_gnn", "tfx_bsl", "struct2tensor", "compute_engine",
        "deepmd", "dali_tf", "reverb", "data_validation", "tensorflow_ranking",
    )),
    ("tensorflow", (
        "/tensorflow/", "/tensorflow_core/", "libtensorflow_framework", "libtensorflow_cc", "libtensorflow.",
        "_pywrap_",
    )),
    ("extension", ("ops.so", "op.so", "_op_", "_ops_", "custom_op", "_tf.so")),
    ("protobuf", ("/google/protobuf/", "/google/_upb/", "libprotobuf")),
)  # fmt: skip
# Outermost namespaces, then what names without one begin with.
_SPACES: Final = {
    "tensorflow": "tensorflow", "tsl": "tensorflow", "xla": "tensorflow", "stream_executor": "tensorflow",
    "toco": "tensorflow", "Eigen": "tensorflow", "llvm": "tensorflow", "mlir": "tensorflow", "tflite": "tensorflow",
    "absl": "absl", "google": "protobuf", "torch": "torch", "c10": "torch", "at": "torch",
}  # fmt: skip
_BEGINNINGS: Final = (
    ("python", ("Py",)),
    ("tensorflow", ("TF_", "TFE_", "TSL_", "SP_", "TP_", "tf_")),
    ("cuda", (
        "cublas", "cudnn", "cuda", "cusparse", "cusolver", "cufft", "curand", "nccl", "nvJitLink", "nvrtc", "cupti",
    )),
    ("openmp", ("GOMP_", "omp_", "kmpc_")),
    ("system", ("OBJC_CLASS_$", "Sec", "kSec", "CF", "kCF", "NS", "os_", "objc_", "dispatch_", "MTL", "kMTL")),
)  # fmt: skip
_MANGLED: Final = re.compile(
    r"_{1,3}Z(?:T[A-Za-z]|GV)?(?P<nested>N?)[rVK]{0,3}(?P<std>St3__1|St)?(?:(?P<length>[0-9]{1,3})(?P<rest>[A-Za-z_]\w*))?"
)
_SYSTEM: Final = ("/usr/lib/", "usr/lib/", "/System/", "System/")


def told_by(captures: Mapping[str, str]) -> dict[str, str]:
    """Return `asker`, `owner` and `expected_in` of what a pattern captured of a missing symbol; {}: it is none.

    `asker` is whose file `referenced` (or `library`) is, `owner` whose the `symbol` is, `expected_in` whose file should
    have had it: a name of the tables above, `system`, `other`, or `unknown` where nothing is said. An `owner` may be
    `libstdc++` or `libc++` too.
    """
    if "symbol" not in captures:
        return {}
    expected = captures.get("expected", "")
    return {
        "asker": _whose(captures.get("referenced") or captures.get("library") or ""),
        "owner": _owner(captures["symbol"]),
        "expected_in": "system" if expected.startswith(_SYSTEM) else _whose(expected),
    }


def _whose(path: str) -> str:
    if not any(mark in path for mark in ("/", "\\", ".so", ".dylib", ".pyd")):
        return "unknown"  # the name of an exception, say
    # An environment may be called `tensorflow`: what stands before its packages says nothing.
    _, packages, inside = path.lower().replace("\\", "/").rpartition("-packages/")
    named = f"/{inside}" if packages else f"/{inside.rpartition('/')[2]}"
    return next((name for name, words in _ASKERS if any(word in named for word in words)), "other")


def _owner(symbol: str) -> str:
    mangled = _MANGLED.match(symbol)
    if mangled is None:
        bare = symbol.lstrip("_")
        return next((name for name, words in _BEGINNINGS if bare.startswith(words)), "other")
    if mangled["std"]:
        return "libc++" if mangled["std"] == "St3__1" else "libstdc++"
    if mangled["length"] is None:
        return "other"
    name = mangled["rest"][: int(mangled["length"])]
    if not mangled["nested"]:
        return "tensorflow" if name.startswith("tf_") or "10tensorflow" in symbol else "other"
    return _SPACES.get(name, "tensorflow" if "10tensorflow" in symbol else "other")
