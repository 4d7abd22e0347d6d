"""Start the probe: `PYTHON .../probes/__main__.py '{"mode": "quick"}'`, findings on what was standard output.

Nothing of this folder may stay on `sys.path`: a `channel` or `blas` of ours would shadow a module of the environment,
which must be seen as a user's own script sees it. So the folder is loaded under a name of its own.
"""

from __future__ import annotations

import importlib
import importlib.util
import json
import os
import sys

PACKAGE = "tfsetup_probe"
CHECKS = "tfsetup_checks"
OWN = ("programs", "operations", "tune")  # modes that have a module of their own


def load_package(here: str, name: str) -> None:
    """Make the folder `here` importable under `name`, and only so."""
    sys.path[:] = [entry for entry in sys.path if os.path.realpath(entry or ".") != os.path.realpath(here)]
    start = os.path.join(here, "__init__.py")  # noqa: PTH118 - pathlib would count as import time of the environment
    spec = importlib.util.spec_from_file_location(name, start, submodule_search_locations=[here])
    if spec is None or spec.loader is None:
        raise SystemExit("the probe's own folder cannot be read: " + here)
    module = importlib.util.module_from_spec(spec)
    sys.modules[name] = module
    spec.loader.exec_module(module)


def main() -> int:
    """Run the session with the options of the command line."""
    here = os.path.dirname(os.path.abspath(__file__))  # noqa: PTH100, PTH120 - as above
    load_package(here, PACKAGE)
    load_package(os.path.join(os.path.dirname(here), "checks"), CHECKS)  # noqa: PTH118, PTH120 - as above
    channel = importlib.import_module(PACKAGE + ".channel").take_standard_output()
    options = json.loads(sys.argv[1]) if len(sys.argv) > 1 else {}
    mode = options.get("mode")
    course = importlib.import_module(PACKAGE + "." + (mode if mode in OWN else "session"))
    course.run(channel, options)
    return 0


if __name__ == "__main__":
    sys.exit(main())
