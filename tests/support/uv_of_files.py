"""A uv that makes an environment of a few files, and tells what it was called with. Run by an interpreter with -I.

`LOG` is a line for each call, `LOG.environ` the variables of the last one. While there is a file `LOG.slow`, installing
takes until it is gone. FAILS_OF_TEST is what it says where it is to fail.
"""

import os
import sys
import time
from pathlib import Path

LOG = Path(os.environ.get("LOG_OF_TEST", os.devnull))


def main(words: list[str]) -> int:
    """Do as uv does."""
    if words == ["--version"]:
        sys.stdout.write("uv 0.99.0\n")
        return 0
    with LOG.open("a", encoding="utf-8") as file:
        file.write(" ".join(words[: 1 if words[0] == "venv" else 2]) + "\n")
    LOG.with_name("log.environ").write_text("\n".join(f"{k}={v}" for k, v in os.environ.items()), encoding="utf-8")
    if os.environ.get("FAILS_OF_TEST"):
        sys.stderr.write(os.environ["FAILS_OF_TEST"])
        return 2
    if words[0] == "venv":
        made = Path(words[-1])
        (made / "bin").mkdir(parents=True)
        (made / "lib" / "python3.13" / "site-packages").mkdir(parents=True)
        (made / "pyvenv.cfg").write_text("home = /usr/bin\nversion_info = 3.13.5\n", encoding="utf-8")
        (made / "bin" / "python").symlink_to(os.environ["PYTHON_OF_TEST"])
        return 0
    while words[1] == "sync" and LOG.with_name("log.slow").exists():
        time.sleep(0.05)
    if words[1] == "install":
        folder = Path(words[words.index("--python") + 1]).absolute().parents[1]
        site = folder / "lib" / "python3.13" / "site-packages"
        (site / "_tfsetup.pth").write_text(f"{Path.cwd() / 'installer'}\n", encoding="utf-8")
        start = f"#!/bin/sh\n'''exec' \"{folder}/bin/python\" \"$0\" \"$@\"\n' '''\n"
        program = folder / "bin" / "tfsetup"
        program.write_text(f'{start}import sys\nprint("tfsetup", *sys.argv[1:])\n', encoding="utf-8")
        program.chmod(0o755)
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
