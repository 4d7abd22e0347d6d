"""Judging what wheels recorded of 16,000 paths: all together, against path by path."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping

from tfsetup.loader.files.records import objections, one_by_one

SITE = "lib/python3.12/site-packages"
PATHS = 16_575
_ROUNDS = 7


def main() -> None:
    """Measure and print."""
    line = "{folder}/python/framework/part_{n}/module_{n}.py,sha256=3q2-7wAAAADerb7vAAAAAN6tvu8AAAAA3q2-7wAAAAA,{n}\n"
    lines = [line.format(folder=f"package_{n % 40}", n=n) for n in range(PATHS)]
    scripts = "".join(f"../../../bin/script-{n},,\n" for n in range(40))
    records = {f"package_{n}-1.dist-info": "".join(lines[n::40]) for n in range(40)} | {"x-1.dist-info": scripts}
    ours, each = (min(_took(judge, records) for _ in range(_ROUNDS)) for judge in (objections, one_by_one))
    print(f"\nRecorded paths, {PATHS}, CPU")
    print(f"  all together {ours:.0f} ms, path by path {each:.0f} ms: {ours / each:.2f} x")


def _took(judge: Callable[[Mapping[str, str], str], object], records: Mapping[str, str]) -> float:
    began = time.process_time()
    judge(records, SITE)
    return (time.process_time() - began) * 1e3


if __name__ == "__main__":
    main()
