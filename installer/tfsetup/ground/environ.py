"""Which environment variables a child process may see, and why the others are taken away.

A variable that redirects imports or library loading makes a good environment look broken, or a broken one look good:
what is installed must stand on its own. Of uv's and pip's variables only those of `KEPT` stay: they say where to fetch
from and how; what is installed is tfsetup's decision, and a variable that a later uv adds is none of it until somebody
has looked at it. Nothing here reads the process's environment; the caller hands it in.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

SAFE_LINKS: Final = frozenset({"clone", "copy", "hardlink"})
"""Ways to put files into an environment that need uv's cache no longer once it is built."""

# name or prefix (ending in `*`) -> why a child must not see it
REMOVED: Final[Mapping[str, str]] = {
    "PYTHONPATH": "puts folders of another environment in front of this one's packages",
    "PYTHONHOME": "makes an interpreter look for its standard library elsewhere",
    "PYTHONSTARTUP": "runs a file of the user's",
    "PYTHONINSPECT": "keeps a child waiting at a prompt",
    "PYTHONWARNINGS": "an `error` there turns a harmless warning into a failed import",
    "PYTHONOPTIMIZE": "drops assertions that packages rely on",
    "PYTHONPLATLIBDIR": "moves the folder extension modules are looked for in",
    "PYTHONUSERBASE": "moves the user site folder",
    "PYTHONEXECUTABLE": "lets an interpreter take itself for another one",
    "__PYVENV_LAUNCHER__": "lets a macOS framework Python take itself for another environment's",
    "DYLD_*": "redirects dyld's search for libraries",
    "LD_PRELOAD": "loads a library into every process",
    "LD_AUDIT": "loads an auditor into every process",
    "_CE_*": "left behind by conda's activation",
    "CONDA_*": "names the active conda environment, which is not the one being worked on",
    "VIRTUAL_ENV*": "names the active virtual environment, which is not the one being worked on",
    "UV_PROJECT_ENVIRONMENT": "would send uv to a project's environment",
    "UV_PROJECT": "would send uv to another project",
    "UV_WORKING_DIR*": "would make uv work in another folder",
    "UV_PYTHON": "would replace the interpreter that was chosen",
    "UV_PYTHON_SEARCH_PATH": "would replace the interpreter that was chosen",
    "UV_SYSTEM_PYTHON": "would let uv install into the system's Python",
    "UV_BREAK_SYSTEM_PACKAGES": "would let uv change packages of the system",
    "UV_PRERELEASE*": "would let pre-releases in that nobody asked for",
    "UV_RESOLUTION": "would resolve to other versions than the newest that fit",
    "UV_FORK_STRATEGY": "would resolve to other versions than the newest that fit",
    "UV_CONSTRAINT": "would bring constraints that are not in the lock",
    "UV_BUILD_CONSTRAINT": "would bring constraints that are not in the lock",
    "UV_OVERRIDE": "would bring overrides that are not in the lock",
    "UV_EXCLUDE": "would leave out packages that the lock has",
    "UV_TORCH_BACKEND": "would take packages from an index that nobody named",
    "UV_NO_BINARY*": "would build packages from source",
    "UV_NO_BUILD*": "would forbid what the user agreed to, or build against packages that are not in the lock",
    "UV_NO_SOURCES*": "would change what a project's requirements mean",
    "UV_NO_VERIFY_HASHES": "would install files whose hash is another than the locked one",
    "UV_REQUIRE_HASHES": "would refuse to resolve, where no hash can be known yet",
    "UV_INSECURE_NO_ZIP_VALIDATION": "would unpack wheels that two readers understand differently",
    "UV_SKIP_WHEEL_FILENAME_CHECK": "would install wheels that are not what their name says",
    "UV_LEGACY_TAR_BACKEND": "would unpack archives with fewer checks",
    "UV_NO_INSTALLER_METADATA": "would leave out by whom a package was installed",
    "UV_LINK_MODE": "links into uv's cache break the environment when the cache is emptied",
    "UV_VENV_CLEAR": "would let uv empty a folder that exists",
    "UV_VENV_RELOCATABLE": "decides how an environment is built, which tfsetup does",
    "UV_VENV_SEED": "would put packages in that are not in the lock",
    "UV_PUBLISH_*": "a secret for publishing, which no child needs",
    "UV_GITHUB_TOKEN": "a secret for updating uv, which no child needs",
    "UV_INTERNAL__*": "is for uv's own tests",
    "UV_*": "is not known to be about fetching alone",
    "PIP_REQUIRE_VIRTUALENV": "would make pip refuse to work outside the active environment",
    "PIP_*": "would change what pip installs, or where",
    "TF_PLUGGABLE_DEVICE_LIBRARY_PATH": "makes TensorFlow open a plugin that is not part of the environment",
    "KERAS_BACKEND": "would compute with something other than TensorFlow",
    "ARCHPREFERENCE": "would start universal binaries as another architecture",
}


# Variables of uv and pip that stay: they say where and how to fetch, where to keep, and how to show that.
KEPT: Final = frozenset({
    "UV_DEFAULT_INDEX", "UV_INDEX", "UV_INDEX_URL", "UV_EXTRA_INDEX_URL", "UV_FIND_LINKS", "UV_INDEX_STRATEGY",
    "UV_EXCLUDE_NEWER", "UV_INSECURE_HOST", "UV_KEYRING_PROVIDER", "UV_CREDENTIALS_DIR", "UV_AUTH_TOKEN", "UV_API_KEY",
    "UV_S3_ENDPOINT_URL", "UV_GCS_ENDPOINT_URL", "UV_AZURE_ENDPOINT_URL", "UV_NATIVE_TLS", "UV_SYSTEM_CERTS",
    "UV_CONFIG_FILE", "UV_NO_CONFIG", "UV_NO_SYSTEM_CONFIG", "UV_ISOLATED", "UV_OFFLINE", "UV_CACHE_DIR", "UV_NO_CACHE",
    "UV_LOCK_TIMEOUT", "UV_REQUEST_TIMEOUT", "UV_PYTHON_DOWNLOADS", "UV_PYTHON_DOWNLOADS_JSON_URL",
    "UV_PYTHON_INSTALL_DIR", "UV_PYTHON_INSTALL_MIRROR", "UV_PYTHON_CACHE_DIR", "UV_PYTHON_PREFERENCE",
    "UV_PYTHON_BIN_DIR", "UV_PYTHON_INSTALL_BIN", "UV_PYTHON_INSTALL_REGISTRY", "UV_PYTHON_NO_REGISTRY",
    "UV_MANAGED_PYTHON", "UV_NO_MANAGED_PYTHON", "UV_ASTRAL_MIRROR_URL", "UV_LIBC", "UV_COMPILE_BYTECODE",
    "UV_COMPILE_BYTECODE_TIMEOUT", "UV_NO_PROGRESS", "UV_NO_WRAP", "UV_LOG_CONTEXT", "UV_STACK_SIZE",
    "UV_REQUIRE_METADATA_RANGE_REQUESTS", "UV_MALWARE_CHECK", "UV_MALWARE_CHECK_URL",
    "PIP_INDEX_URL", "PIP_EXTRA_INDEX_URL", "PIP_FIND_LINKS", "PIP_NO_INDEX", "PIP_TRUSTED_HOST", "PIP_CERT",
    "PIP_CLIENT_CERT", "PIP_PROXY", "PIP_TIMEOUT", "PIP_DEFAULT_TIMEOUT", "PIP_RETRIES", "PIP_CACHE_DIR",
    "PIP_CONFIG_FILE", "PIP_KEYRING_PROVIDER", "PIP_DISABLE_PIP_VERSION_CHECK", "PIP_NO_COLOR", "PIP_NO_INPUT",
    "PIP_QUIET", "PIP_PROGRESS_BAR",
})  # fmt: skip
_KEPT_FAMILY: Final = r"UV_HTTP_\w+|UV_CONCURRENT_\w+|UV_INDEX_\w+_(?:USERNAME|PASSWORD)"


def scrub(environ: Mapping[str, str]) -> tuple[dict[str, str], dict[str, str]]:
    """Return the environment for a child process, and the variables taken out with the reason for each.

    LD_LIBRARY_PATH stays: it is how many machines with a CUDA of their own name its place, so an environment that only
    works with it does work there. UV_LINK_MODE stays where an environment does not hang on uv's cache afterwards.
    """
    removed = {name: reason for name, value in environ.items() if (reason := _reason(name.upper(), value))}
    return {name: value for name, value in environ.items() if name not in removed}, removed


def _reason(name: str, value: str) -> str | None:
    if name in KEPT or re.fullmatch(_KEPT_FAMILY, name) or (name == "UV_LINK_MODE" and value in SAFE_LINKS):
        return None
    if name in REMOVED:
        return REMOVED[name]
    return next((why for key, why in REMOVED.items() if key.endswith("*") and name.startswith(key[:-1])), None)
