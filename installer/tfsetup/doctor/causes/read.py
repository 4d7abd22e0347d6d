"""The files of causes to values: strict, every complaint with file, line and column. Pure.

`aliases:` maps a distribution to other names of the same thing; `patterns:` names patterns and lists of them (used as
`$name` wherever a pattern may stand, in any file; in `also`, of which every item must occur, any pattern of a list will
do), and no pattern is written twice but those of `prose`; `causes:` lists entries

    - cause: slug
      title: one line
      meaning: what it is and how it comes about
      kind: fatal | install | degraded | harmless
      signals:
        - {log: PATTERN or list, also: …, without: …, when: …, weight: WORD}
        - {prose: [group, …], without: …, when: …, weight: WORD}
        - {claim: {complaint: …, subject: …, than: …}, without: …, when: …, weight: WORD}
        - {preflight: KIND, image: PART, when: …, weight: WORD}
        - {check: CHECK, subject: NAME, when: …, weight: WORD}
        - {refusal: REASON or list, subject: NAME, when: …, weight: WORD}
        - {when: …, weight: WORD}
      fixes:
        - {do: TEMPLATE, for: [platforms], when: …}
        - {rebuild: {tensorflow: SPEC, accelerator: …, backend: …, python: X.Y}, remark: TEMPLATE, for: …, when: …}
        - {cure: HAZARD, by: variables | program | requirements, remark: …, for: …, when: …}

`signals:` lists more of them for causes of any file, which are added to their own:

    - {cause: slug, signals: […]}

The holes of a template have types (`holes.py`): text that anybody may have written never stands in one as it is.
`rebuild` is what `--fix` can carry out itself, a `tfsetup install` with these options. Any text may refer to a fact of
the matrix or the index snapshot (`references.py`), so that none is repeated.

`when` is a mapping of facts that must all hold, or a list of such mappings of which one must. A fact is a name of
`facts.HOST_FACTS`, `package.NAME`, `capture.NAME`, `check.NAME` (what an inspection or a list of packages shows) or
`hazard.ID` (a known defect of the matrix that what is installed has, uncured); its test a boolean, a text, a list of
texts, a version specifier, or (packages only) `present` or `absent`. `prose` is what people write in their own words:
one pattern of each group must stand somewhere in the text; these patterns are written in small letters and match any.
`claim` is what sentences say (`claims.py`): a complaint, or one of a list, about a subject, compared with something.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from typing import Final, cast, get_args

from packaging.utils import canonicalize_name

from tfsetup.doctor import model
from tfsetup.doctor.causes.marks import NOTHING, Marked, Refer, parse
from tfsetup.doctor.facts import HOST_FACTS, PRESENCE, is_specifier
from tfsetup.doctor.holes import HOLE, PATH, TYPES
from tfsetup.doctor.model import Cause, Condition, Fix, Knowledge, Rebuild, Signal, Wanted, When
from tfsetup.doctor.pattern import PatternError, compile_pattern
from tfsetup.doctor.refusals.model import Why
from tfsetup.errors import Where
from tfsetup.ground.versions import is_version
from tfsetup.loader.model import ClashKind
from tfsetup.loader.model import Kind as LoadFailureKind
from tfsetup.matrix.model import Accelerator, Backend

_SLUG: Final = re.compile(r"[a-z0-9]++(?>[-.][a-z0-9]++)*+")
_CAUSE_KEYS: Final = ("cause", "title", "meaning", "kind", "signals", "fixes")
_SOURCES: Final = ("log", "prose", "claim", "preflight", "check", "refusal")
_SIGNAL_KEYS: Final = (*_SOURCES, "also", "without", "image", "subject", "when", "weight")
_PREFLIGHT: Final = (*get_args(LoadFailureKind), *get_args(ClashKind))
# The ways to write a fix, and the keys that go with each.
_FIX_KEYS: Final[Mapping[str, tuple[str, ...]]] = {"do": (), "rebuild": ("remark",), "cure": ("by", "remark")}
# What inspections and preflight say, besides what patterns capture; `pkg_NAME` is an installed version.
_TOLD: Final = frozenset(("subject", "installed", "required", "names", "keep", "kept", "nearest", "name", "want"))
# Paths that the doctor looks at itself.
_LOOKED: Final = frozenset(("prefix", "path"))
# The options of a rebuild, and what each may be.
_OPTIONS: Final[Mapping[str, Callable[[str], bool]]] = {
    "tensorflow": lambda text: is_version(text) or is_specifier(text),
    "accelerator": lambda text: text in get_args(Accelerator),
    "backend": lambda text: text in get_args(Backend),
    "python": lambda text: re.fullmatch(r"3\.[0-9]{1,2}", text) is not None,
}


def read_causes(files: Mapping[str, str], refer: Refer | None = None, *, tidy: bool = True) -> Knowledge:
    """Return the knowledge in the texts of `files`, by their names; `refer` tells what a reference stands for.

    `tidy`: no pattern may be written twice.

    Raises:
        InvalidFileError: anything in one is not as the module's text says, with its line and column.
    """
    roots = [
        parse(text, file, refer).entries(("aliases", "patterns", "causes", "signals"))
        for file, text in sorted(files.items())
    ]
    reader = _Reader(_merged(roots, "patterns"), tidy=tidy)
    causes: dict[str, Cause] = {}
    for entry in (entry for root in roots if "causes" in root for entry in root["causes"].items()):
        cause = reader.cause(entry)
        if cause.slug in causes:
            entry.fail(f"cause {cause.slug!r} is given twice")
        causes[cause.slug] = cause
    for entry in (entry for root in roots if "signals" in root for entry in root["signals"].items()):
        cause = reader.more(entry, causes)
        causes[cause.slug] = cause
    aliases = _merged(roots, "aliases").items()
    return Knowledge(
        causes=tuple(causes[slug] for slug in sorted(causes)),
        aliases={name: tuple(item.text() for item in value.items()) for name, value in aliases},
    )


def _merged(roots: list[dict[str, Marked]], what: str) -> dict[str, Marked]:
    """Return what the files have under `what`, by name: each name in one of them."""
    found: dict[str, Marked] = {}
    for key, value in (pair for root in roots if what in root for pair in root[what].pairs().values()):
        if key.text() in found:
            key.fail(f"{key.text()!r} is given twice")
        found[key.text()] = value
    return found


class _Reader:
    """Reads entries; knows the named patterns, and where each pattern is written."""

    def __init__(self, named: Mapping[str, Marked], *, tidy: bool) -> None:
        self.named = named
        self.tidy = tidy
        self.written: dict[str, Where] = {}
        for entry in named.values():
            self._patterns(entry)

    def cause(self, entry: Marked) -> Cause:
        found = entry.entries(_CAUSE_KEYS, _CAUSE_KEYS)
        slug = found["cause"].text()
        if not _SLUG.fullmatch(slug):
            found["cause"].fail("a slug is lower-case words joined by hyphens")
        signals = tuple(self._signal(item) for item in found["signals"].items())
        if not any(one.source for one in signals):
            found["signals"].fail(
                "needs a signal that can be seen: a log pattern, a preflight failure, a check, a refusal"
            )
        names = _TOLD.union(*(compile_pattern(pattern).names for signal in signals for pattern in signal.log))
        fixes = tuple(_fix(item, names) for item in found["fixes"].items())
        if not any(_always(fix) for fix in fixes):
            found["fixes"].fail(
                "one fix must be for every platform and need no capture, so that nobody is left without one"
            )
        return Cause(
            slug=slug,
            title=found["title"].text(),
            meaning=_one_line(found["meaning"]),
            kind=found["kind"].choice(get_args(model.Kind)),
            signals=signals,
            fixes=fixes,
        )

    def more(self, entry: Marked, causes: Mapping[str, Cause]) -> Cause:
        """Return a cause with signals that stand in another file than itself."""
        found = entry.entries(("cause", "signals"), ("cause", "signals"))
        cause = causes.get(found["cause"].text())
        if cause is None:
            found["cause"].fail(f"no cause is called {found['cause'].text()!r}")
        more = tuple(self._signal(item) for item in found["signals"].items())
        return replace(cause, signals=(*cause.signals, *more))

    def _signal(self, entry: Marked) -> Signal:
        found = entry.entries(_SIGNAL_KEYS, ["weight"])
        sources = [key for key in _SOURCES if key in found]
        if len(sources) > 1:
            entry.fail(f"a signal has one source, this one has {' and '.join(sources)}")
        if not sources and "when" not in found:
            entry.fail("needs log, prose, claim, preflight, check, refusal or when")
        return Signal(
            weight=found["weight"].choice(get_args(model.Weight)),
            log=self._patterns(found.get("log", NOTHING)),
            prose=self._groups(found.get("prose", NOTHING), small=True),
            claim=_claim(found["claim"]) if "claim" in found else None,
            also=self._groups(found.get("also", NOTHING)),
            without=self._patterns(found.get("without", NOTHING), small="prose" in found or "claim" in found),
            preflight=found["preflight"].choice(_PREFLIGHT) if "preflight" in found else None,
            image=found["image"].text() if "image" in found else "",
            check=found["check"].choice(get_args(model.Check)) if "check" in found else None,
            refusal=tuple(item.choice(get_args(Why)) for item in found.get("refusal", NOTHING).items()),
            subject=found["subject"].text() if "subject" in found else "",
            when=_when(found.get("when", NOTHING)),
        )

    def _groups(self, entry: Marked, *, small: bool = False) -> tuple[tuple[str, ...], ...]:
        """Return one group an item: a pattern, or a named list of which any pattern will do."""
        return tuple(self._patterns(item, small=small) for item in entry.items())

    def _patterns(self, entry: Marked, *, small: bool = False) -> tuple[str, ...]:
        """Return the patterns of a list. In `small` letters: a pattern of prose with others would never match."""
        found = tuple(self._flat(entry, (), said=small))
        if capitals := [pattern for pattern in found if small and pattern != pattern.lower()]:
            entry.fail(f"prose is matched in small letters, and {capitals[0]!r} has others")
        return found

    def _flat(self, entry: Marked, inside: tuple[str, ...], *, said: bool = False) -> Iterator[str]:
        for item in entry.items():
            text = item.text()
            if not text.startswith("$"):
                yield self._pattern(item, text, said=said)
                continue
            name = text.removeprefix("$")
            if name not in self.named:
                item.fail(f"no patterns are named {name!r}")
            if name in inside:
                item.fail(f"the patterns {name!r} are part of themselves")
            yield from self._flat(self.named[name], (*inside, name))

    def _pattern(self, item: Marked, text: str, *, said: bool) -> str:
        # What programs print stands once. What people say are everyday words, `not found` and `crash`.
        first = item.node.where if said else self.written.setdefault(text, item.node.where)
        if first != item.node.where and self.tidy:
            item.fail(f"this pattern stands at {first} already: give it a name there, and use that")
        try:
            compile_pattern(text)
        except PatternError as error:
            item.fail(f"pattern: {error}")
        return text


def _claim(entry: Marked) -> Wanted:
    found = entry.entries(("complaint", "subject", "than"), ("complaint",))
    return Wanted(
        complaints=tuple(item.choice(get_args(model.Complaint)) for item in found["complaint"].items()),
        subjects=tuple(item.choice(get_args(model.Subject)) for item in found.get("subject", NOTHING).items()),
        than=tuple(item.choice(get_args(model.Against)) for item in found.get("than", NOTHING).items()),
    )


def _one_line(entry: Marked) -> str:
    return " ".join(entry.text().split())


def _when(entry: Marked) -> When:
    clauses = [(item, item.pairs().values()) for item in entry.items()]
    if empty := [item for item, pairs in clauses if not pairs]:
        empty[0].fail("an empty condition says nothing")
    return tuple(tuple(_condition(key, value) for key, value in pairs) for _, pairs in clauses)


def _condition(key: Marked, value: Marked) -> Condition:
    name = key.text()
    scope, _, rest = name.partition(".")
    flag, many = isinstance(value.node.value, bool), value.node.kind == "sequence"
    test = value.node.value if flag else tuple(item.text() for item in value.items()) if many else value.text()
    if scope == "package" and rest:
        if not (isinstance(test, str) and (test in PRESENCE or is_specifier(test))):
            value.fail("a package is compared with a version specifier, `present` or `absent`")
        return Condition(scope="package", fact=canonicalize_name(rest), test=test)
    if scope == "check" and rest:
        if rest not in get_args(model.Check) or not flag:
            value.fail("an inspection has shown a check of its own, `true`, or it has not, `false`")
        return Condition(scope="check", fact=rest, test=test)
    if scope in {"capture", "hazard"} and rest:
        return Condition(scope=cast("model.Scope", scope), fact=rest, test=test)
    if name not in HOST_FACTS:
        key.fail(f"unknown fact {name!r}; known: {', '.join(HOST_FACTS)}, package.NAME, capture.NAME")
    return Condition(scope="host", fact=name, test=test)


def _fix(entry: Marked, names: frozenset[str]) -> Fix:
    ways = [way for way in _FIX_KEYS if way in entry.pairs()]
    if len(ways) != 1:
        entry.fail(f"a fix is written with one of {', '.join(_FIX_KEYS)}")
    [way] = ways
    found = entry.entries((way, *_FIX_KEYS[way], "for", "when"), (way, "by") if way == "cure" else (way,))
    words = found.get("do") or found.get("remark")
    said = _one_line(words) if words is not None else ""
    for hole in HOLE.finditer(said):
        _typed(words or entry, hole, names)
    return Fix(
        do=f" # {said}" if way == "rebuild" and said else said,
        cure=(found["cure"].text(), found["by"].choice(get_args(model.CurePart))) if way == "cure" else None,
        platforms=tuple(item.choice(get_args(model.Platform)) for item in found.get("for", NOTHING).items()),
        when=_when(found.get("when", NOTHING)),
        rebuild=_rebuild(found["rebuild"]) if way == "rebuild" else None,
    )


def _rebuild(entry: Marked) -> Rebuild:
    found = entry.entries(tuple(_OPTIONS))
    for name, value in found.items():
        if not _OPTIONS[name](value.text()):
            value.fail(f"{value.text()!r} is no value of --{name}")
    return Rebuild(**{name: value.text() for name, value in found.items()})  # type: ignore[arg-type]  # judged above


def _typed(entry: Marked, hole: re.Match[str], names: frozenset[str]) -> None:
    """Complain about a hole that text of a stranger could fill as it is, or that nothing ever fills."""
    name, kind = hole[1], hole[2]
    if kind not in TYPES:
        entry.fail(f"{{{name}}} needs a type, as in {{{name}:version}}; there are {', '.join(TYPES)}")
    known = name in _LOOKED if kind == PATH else name in names or name.startswith("pkg_")
    if not known:
        whence = "is no path the doctor looks at" if kind == PATH else "is captured by no signal of this cause"
        entry.fail(f"{{{name}}} {whence}")


def _always(fix: Fix) -> bool:
    holes = [hole for hole in HOLE.finditer(fix.do) if hole[1] != "prefix" and hole[3] is None]
    return not fix.platforms and not fix.when and not holes
