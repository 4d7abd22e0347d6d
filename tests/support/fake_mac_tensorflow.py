"""A TensorFlow for macOS in miniature: the same files by the same names, a few symbols each."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from support.macho import Offered, Plan, Wanted, build

FRAMEWORK = "tensorflow/libtensorflow_framework.2.dylib"
RUNTIME = "tensorflow/python/_pywrap_tensorflow_internal.so"
GUARD = "tensorflow/python/platform/_pywrap_cpu_feature_guard.so"
TF2 = "tensorflow/python/platform/_pywrap_tf2.so"
PLUGIN = "tensorflow-plugins/libmetal_plugin.dylib"
SYSTEM = ("/usr/lib/libSystem.B.dylib", "normal")


def plans(*, runtime_name: str = "@rpath/_pywrap_tensorflow_internal.so") -> dict[str, Plan]:
    """Return the images of a TensorFlow; `runtime_name` is the runtime's install name."""
    runtime = ("@rpath/_pywrap_tensorflow_internal.so", "normal")
    own = "@rpath/_pywrap_tensorflow_internal.so"
    return {
        FRAMEWORK: Plan(
            name=FRAMEWORK,
            install_name="@rpath/libtensorflow_framework.2.dylib",
            dylibs=[SYSTEM],
            exports=[Offered(symbol="_TF_NewStatus"), Offered(symbol="_TF_Flat")],
        ),
        RUNTIME: Plan(
            name=RUNTIME,
            install_name=runtime_name,
            dylibs=[SYSTEM, ("@rpath/libtensorflow_framework.2.dylib", "normal")],
            rpaths=["@loader_path/.."],
            exports=[
                Offered(symbol="_PyInit__pywrap_tensorflow_internal"),
                Offered(symbol="_TF_NewStatus", ordinal=2),
                Offered(symbol="_TF_Old"),
            ],
        ),
        GUARD: Plan(
            name=GUARD,
            dylibs=[SYSTEM, runtime] if runtime_name == own else [SYSTEM],
            rpaths=["@loader_path/.."],
            imports=[Wanted(symbol="_PyModule_Create2", ordinal=-2)],
            exports=[Offered(symbol="_PyInit__pywrap_cpu_feature_guard")],
        ),
        TF2: Plan(name=TF2, dylibs=[SYSTEM], exports=[Offered(symbol="_PyInit__pywrap_tf2")]),
    }


def plugin(*wanted: str, entry: str = "_SE_InitPlugin") -> Plan:
    """Return a plugin that imports `wanted` from the runtime and one function from wherever it is."""
    return Plan(
        name=PLUGIN,
        install_name="bazel-out/bin/libmetal_plugin.dylib",
        dylibs=[SYSTEM, ("@rpath/_pywrap_tensorflow_internal.so", "normal")],
        rpaths=["@loader_path/../nowhere"],
        imports=[*(Wanted(symbol=name, ordinal=2) for name in wanted), Wanted(symbol="_TF_Flat", ordinal=-2)],
        exports=[Offered(symbol=entry)],
    )


def tensorflow_files(images: Mapping[str, Plan] | None = None, **changes: str) -> dict[str, bytes | str]:
    """Return the files of a TensorFlow wheel."""
    found = plans(**changes) if images is None else images
    return {"tensorflow/__init__.py": "", **{path: build(plan) for path, plan in found.items()}}


def for_arch(images: Mapping[str, Plan], arch: str) -> dict[str, Plan]:
    """Return the same images for another architecture."""
    return {path: replace(plan, arch=arch) for path, plan in images.items()}
