"""The next steps that several failures have in common, each in one place."""

from __future__ import annotations

INDEX = "PIP_INDEX_URL, pip.conf, UV_DEFAULT_INDEX or uv.toml"
CERTIFICATE = (
    "A network that inspects TLS shows its own. Add its authority to the system's store, or let SSL_CERT_FILE name a "
    "file (PEM) with it."
)
CLOCK = "Check the clock (date); if it is right, the certificate must be renewed where that server is."
ADDRESS = f"Check the address of the index ({INDEX}): somebody else answers there."
REACH = (
    "Check the connection; where a proxy is needed, name it: HTTPS_PROXY=http://user:password@host:port; where there "
    f"is an index of your own: {INDEX}."
)
PROXY_LOGIN = "Write them into its address: HTTPS_PROXY=http://user:password@host:port (special characters as %40)."
LOGIN = (
    "Write them into the address of the index (PIP_INDEX_URL=https://user:password@host/simple), or into ~/.netrc: "
    "machine HOST login USER password PASSWORD"
)
ANOTHER_FILE = f"Something on the way changes files, or the index has others of this name. Use another index: {INDEX}."
ANOTHER_INDEX = f"Use an index that has it, PyPI or a full mirror of it: {INDEX}."
AGAIN = f"Run make again, or use another index or mirror: {INDEX}."
WRITE = "Make room there, or take the folder over: it must be yours."
PYTHON = (
    "Install a Python of that range (macOS: brew install python@3.13 · Debian, Ubuntu: apt-get install python3 · any: "
    "https://www.python.org/downloads) and run make again; or let UV_PYTHON_INSTALL_MIRROR name a mirror of "
    "https://github.com/astral-sh/python-build-standalone/releases/download"
)
UV = "install uv by hand (https://docs.astral.sh/uv) so that it is on PATH, and run make again."
