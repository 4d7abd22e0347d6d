"""Fuzzing of all readers of text, for as long as one wants.

    python tests/e2e/fuzz_readers.py [--seconds N] [--seed N]        mutations of good and bad files, without guidance
    python tests/e2e/fuzz_readers.py --coverage [libFuzzer options]  guided by coverage, with Atheris

`--only NAME` (several times) chooses readers; otherwise each gets the same share.

Any input must end in a result or in a documented error, within ten seconds. What does not is printed, saved as
`crash-READER-N` in the working directory, and the exit code is 1.
"""

from __future__ import annotations

import argparse
import contextlib
import random
import sys
import time
import traceback
from collections import Counter
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path[:0] = [str(ROOT / "installer"), str(ROOT / "tests")]
LIMIT = 10.0


def plain(seconds: float, seed: int, only: list[str]) -> int:
    """Mutate for some seconds, every reader for the same time; return how many inputs crashed."""
    from support.reader_fuzz import READERS, feed, mutate, seeds

    readers = only or list(READERS)

    dice = random.Random(seed)  # noqa: S311 - repeatable, not secret
    known, counts, crashes = seeds(), Counter[str](), 0
    for name in readers:
        pool = list(known[name])
        until = time.monotonic() + seconds / len(readers)
        while time.monotonic() < until:
            text = mutate(dice.choice(pool), dice.choice(pool), dice)
            began = time.monotonic()
            try:
                taken = feed(name, text)
            except Exception:  # noqa: BLE001 - that is what is looked for
                taken, crashes = False, crashes + 1
                traceback.print_exc(limit=-4)
                Path(f"crash-{name}-{crashes}").write_text(text, encoding="utf-8")
            if (took := time.monotonic() - began) > LIMIT:
                crashes += 1
                sys.stderr.write(f"{name}: {took:.0f} s\n")
                Path(f"crash-{name}-{crashes}").write_text(text, encoding="utf-8")
            counts[name] += 1
            counts[f"{name} taken"] += taken
            if taken and len(text) < 20_000 and len(pool) < 400:
                pool.append(text)  # further from the seeds with each round
        sys.stdout.write(f"{name:<14}{counts[name]:>8} inputs, {counts[f'{name} taken']:>7} taken\n")
        sys.stdout.flush()
    sys.stdout.write(f"all           {sum(counts[name] for name in readers):>8} inputs, {crashes} crashes\n")
    return crashes


def guided(options: list[str], only: list[str]) -> None:
    """Let libFuzzer find inputs: the first byte chooses the reader, the rest is the text."""
    import atheris  # not a dependency: installed by hand where one wants to fuzz

    with atheris.instrument_imports(include=["tfsetup"]):
        from support.reader_fuzz import READERS, feed, seeds

    names = only or list(READERS)

    def one_input(data: bytes) -> None:
        if data:
            feed(names[data[0] % len(names)], data[1:].decode("utf-8", "replace"))

    folders = [Path(option) for option in options if not option.startswith("-")]
    for folder in folders[:1]:
        folder.mkdir(exist_ok=True)
        for number, name in enumerate(names):
            for which, text in enumerate(seeds()[name]):
                with contextlib.suppress(FileExistsError), (folder / f"{name}-{which}").open("xb") as file:
                    file.write(bytes([number]) + text.encode("utf-8", "replace"))
    atheris.Setup([sys.argv[0], *options], one_input)
    atheris.Fuzz()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(allow_abbrev=False)
    parser.add_argument("--seconds", type=float, default=180)
    parser.add_argument("--seed", type=int, default=0)
    parser.add_argument("--only", action="append", default=[])
    parser.add_argument("--coverage", action="store_true")
    chosen, others = parser.parse_known_args()
    if chosen.coverage:
        guided(others, chosen.only)
    sys.exit(plain(chosen.seconds, chosen.seed, chosen.only) > 0)
