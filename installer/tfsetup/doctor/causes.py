"""`causes.yaml` to values: strict, every complaint with file, line and column.

`aliases:` maps a distribution to other names of the same thing; `patterns:` names lists of patterns that several causes
share (used as `$name`; in `also`, of which every item must occur, any pattern of a list will do); `causes:` lists
entries


    - cause: slug
      title: one line
      meaning: what it is and how it comes about
      kind: fatal | install | degraded | harmless
      signals:
        - {log: PATTERN or list, also: …, without: …, when: …, weight: WORD}
        - {preflight: KIND, image: PART, when: …, weight: WORD}
        - {check: CHECK, subject: NAME, when: …, weight: WORD}
        - {when: …, weight: WORD}
      fixes:
        - {do: TEMPLATE, for: [platforms], when: …, action: rebuild}

`when` is a mapping of facts that must all hold, or a list of such mappings of which one must. A fact is a name of
`facts.HOST_FACTS`, `package.NAME` or `capture.NAME`; its test a boolean, a text, a list of texts, a version specifier,
or (packages only) `present` or `absent`.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final, cast

from packaging.utils import canonicalize_name

from tfsetup.doctor import model
from tfsetup.doctor.facts import HOST_FACTS, PRESENCE, is_specifier
from tfsetup.doctor.marks import Marked, parse
from tfsetup.doctor.model import Cause, Clause, Condition, Fix, Knowledge, Signal, When
from tfsetup.doctor.pattern import Pattern, PatternError, compile_pattern
from tfsetup.doctor.weights import POINTS

_SLUG: Final = re.compile(r"[a-z0-9]++(?:[-.][a-z0-9]++)*+")
_SIGNAL_KEYS: Final = ("log", "also", "without", "preflight", "image", "check", "subject", "when", "weight")
# What a fix may mention besides captures: host facts, `prefix`, `pkg_NAME` for an installed version, `minor_NAME` for
# its first two numbers.
FIX_HOLE: Final = re.compile(r"\{([a-z_0-9]+)(?:\|([^{}]*))?\}")


def read_causes(text: str, file: str) -> Knowledge:
    """Return the knowledge in `text`.

    Raises:
        InvalidFileError: anything in it is not as the module's text says, with its line and column.
    """
    root = parse(text, file).entries(["aliases", "patterns", "causes"], ["causes"])
    aliases = root["aliases"].pairs() if "aliases" in root else {}
    shared = root["patterns"].pairs() if "patterns" in root else {}
    reader = _Reader({"$" + name: tuple(map(_pattern, value.items())) for name, (_, value) in shared.items()})
    causes: dict[str, Cause] = {}
    for entry in root["causes"].items():
        cause = reader.cause(entry)
        if cause.slug in causes:
            entry.fail(f"cause {cause.slug!r} is given twice")
        causes[cause.slug] = cause
    return Knowledge(
        causes=tuple(causes.values()),
        aliases={name: tuple(item.text() for item in value.items()) for name, (_, value) in aliases.items()},
    )


class _Reader:
    """Reads entries; knows the shared lists of patterns."""

    def __init__(self, shared: Mapping[str, tuple[Pattern, ...]]) -> None:
        self.shared = shared

    def cause(self, entry: Marked) -> Cause:
        keys = ("cause", "title", "meaning", "kind", "signals", "fixes")
        found = entry.entries(keys, keys)
        slug = found["cause"].text()
        if not _SLUG.fullmatch(slug):
            found["cause"].fail("a slug is lower-case words joined by hyphens")
        signals = tuple(self._signal(item) for item in found["signals"].items())
        if not any(signal.log or signal.preflight or signal.check for signal in signals):
            found["signals"].fail("needs a signal that can be seen: a log pattern, a preflight failure or a check")
        fixes = tuple(_fix(item, _names(signals)) for item in found["fixes"].items())
        if not any(_always(fix) for fix in fixes):
            found["fixes"].fail(
                "one fix must be for every platform and need no capture, so that nobody is left without one"
            )
        return Cause(
            slug=slug,
            title=found["title"].text(),
            meaning=" ".join(found["meaning"].text().split()),
            kind=cast("model.Kind", found["kind"].choice(model.KINDS)),
            signals=signals,
            fixes=fixes,
        )

    def _signal(self, entry: Marked) -> Signal:
        found = entry.entries(_SIGNAL_KEYS, ["weight"])
        sources = [key for key in ("log", "preflight", "check") if key in found]
        if len(sources) > 1:
            entry.fail(f"a signal has one source, this one has {' and '.join(sources)}")
        if not sources and "when" not in found:
            entry.fail("needs log, preflight, check or when")
        preflight = found["preflight"].choice(model.FAILURE_KINDS) if "preflight" in found else None
        check = found["check"].choice(model.CHECKS) if "check" in found else None
        return Signal(
            weight=cast("model.Weight", found["weight"].choice(tuple(POINTS))),
            log=self._patterns(found.get("log")),
            also=self._groups(found.get("also")),
            without=self._patterns(found.get("without")),
            preflight=cast("model.FailureKind | None", preflight),
            image=found["image"].text() if "image" in found else "",
            check=cast("model.Check | None", check),
            subject=found["subject"].text() if "subject" in found else "",
            when=_when(found.get("when")),
        )

    def _groups(self, entry: Marked | None) -> tuple[tuple[Pattern, ...], ...]:
        """Return one group an item: a pattern, or a shared list of which any pattern will do."""
        return tuple(self._patterns(item) for item in entry.items()) if entry is not None else ()

    def _patterns(self, entry: Marked | None) -> tuple[Pattern, ...]:
        patterns: list[Pattern] = []
        for item in entry.items() if entry is not None else ():
            text = item.text()
            if text.startswith("$") and text not in self.shared:
                item.fail(f"no list of patterns is named {text[1:]!r}")
            patterns += self.shared.get(text) or (_pattern(item),)
        return tuple(patterns)


def _pattern(entry: Marked) -> Pattern:
    try:
        return compile_pattern(entry.text())
    except PatternError as error:
        entry.fail(f"pattern: {error}")


def _when(entry: Marked | None) -> When:
    return tuple(_clause(item) for item in entry.items()) if entry is not None else ()


def _clause(entry: Marked) -> Clause:
    conditions = tuple(_condition(key, value) for key, value in entry.pairs().values())
    if not conditions:
        entry.fail("an empty condition says nothing")
    return Clause(conditions=conditions)


def _condition(key: Marked, value: Marked) -> Condition:
    name = key.text()
    scope, _, rest = name.partition(".")
    test = tuple(item.text() for item in value.items()) if value.is_list else value.flag_or_text()
    if scope == "package" and rest:
        if not (isinstance(test, str) and (test in PRESENCE or is_specifier(test))):
            value.fail("a package is compared with a version specifier, `present` or `absent`")
        return Condition(scope="package", fact=canonicalize_name(rest), test=test)
    if scope == "capture" and rest:
        return Condition(scope="capture", fact=rest, test=test)
    if name not in HOST_FACTS:
        key.fail(f"unknown fact {name!r}; known: {', '.join(HOST_FACTS)}, package.NAME, capture.NAME")
    return Condition(scope="host", fact=name, test=test)


def _fix(entry: Marked, names: frozenset[str]) -> Fix:
    found = entry.entries(("do", "for", "when", "action"), ["do"])
    do = " ".join(found["do"].text().split())
    for hole in FIX_HOLE.finditer(do):
        if (
            hole[1] not in names
            and hole[1] not in HOST_FACTS
            and hole[1] != "prefix"
            and not hole[1].startswith(("pkg_", "minor_"))
        ):
            found["do"].fail(f"{{{hole[1]}}} is captured by no signal of this cause")
    rebuild = "action" in found and found["action"].choice(["rebuild", "none"]) == "rebuild"
    if rebuild and not do.startswith("tfsetup install "):
        found["do"].fail("what --fix carries out must be a `tfsetup install` command")
    platforms = found["for"].items() if "for" in found else ()
    return Fix(
        do=do,
        platforms=tuple(cast("model.Platform", item.choice(model.PLATFORMS)) for item in platforms),
        when=_when(found.get("when")),
        action="rebuild" if rebuild else "none",
    )


def _names(signals: tuple[Signal, ...]) -> frozenset[str]:
    names = {
        "symbol",
        "library",
        "image",
        "subject",
        "detail",
        "installed",
        "required",
        "by",
        "path",
        "names",
        "keep",
        "nearest",
    }
    for signal in signals:
        for pattern in signal.log:
            names |= set(pattern.names)
    return frozenset(names)


def _always(fix: Fix) -> bool:
    holes = [hole for hole in FIX_HOLE.finditer(fix.do) if hole[1] != "prefix" and hole[2] is None]
    return not fix.platforms and not fix.when and not holes
