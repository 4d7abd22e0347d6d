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
        - {prose: [group, …], without: …, when: …, weight: WORD}
        - {preflight: KIND, image: PART, when: …, weight: WORD}
        - {check: CHECK, subject: NAME, when: …, weight: WORD}
        - {when: …, weight: WORD}
      fixes:
        - {do: TEMPLATE, for: [platforms], when: …, action: rebuild}
        - {cure: HAZARD, by: variables | program | requirements, remark: …, for: …, when: …}

The holes of a fix have types (`holes.py`): text that anybody may have written never stands in one as it is. A fix with
`action: rebuild` is `tfsetup install --prefix {prefix:path}` and options of ours, which `--fix` carries out itself.

`when` is a mapping of facts that must all hold, or a list of such mappings of which one must. A fact is a name of
`facts.HOST_FACTS`, `package.NAME`, `capture.NAME` or `hazard.ID` (a known defect of the matrix that what is installed
has, uncured); its test a boolean, a text, a list of texts, a version specifier, or (packages only) `present` or
`absent`. `prose` is what people write in their own words: one pattern of each group must stand somewhere in the text;
these patterns are written in small letters and match any.
"""

from __future__ import annotations

import re
import shlex
from collections.abc import Callable, Mapping
from typing import Final, cast, get_args

from packaging.utils import canonicalize_name

from tfsetup.doctor import model
from tfsetup.doctor.facts import HOST_FACTS, PRESENCE, is_specifier
from tfsetup.doctor.holes import HOLE, PATH, TYPES
from tfsetup.doctor.marks import Marked, parse
from tfsetup.doctor.model import Cause, Clause, Condition, Fix, Knowledge, Signal, When
from tfsetup.doctor.pattern import Pattern, PatternError, compile_pattern
from tfsetup.doctor.weights import POINTS
from tfsetup.ground.versions import is_version
from tfsetup.loader.model import Kind as LoadFailureKind
from tfsetup.matrix.model import Accelerator, Ask, Backend

_SLUG: Final = re.compile(r"[a-z0-9]++(?>[-.][a-z0-9]++)*+")
_SIGNAL_KEYS: Final = ("log", "prose", "also", "without", "preflight", "image", "check", "subject", "when", "weight")
# What inspections and preflight say, besides what patterns capture; `pkg_NAME` is an installed version.
_TOLD: Final = frozenset(("subject", "installed", "required", "names", "keep", "kept", "nearest", "name", "want"))
# Paths that the doctor looks at itself.
_LOOKED: Final = frozenset(("prefix", "path"))
_INSTALL: Final = "tfsetup install --prefix {prefix:path}"
# The options of a rebuild, and what each may be.
_OPTIONS: Final[Mapping[str, Callable[[str], bool]]] = {
    "tensorflow": lambda text: is_version(text) or is_specifier(text),
    "accelerator": lambda text: text in get_args(Accelerator),
    "python": lambda text: re.fullmatch(r"3\.[0-9]{1,2}", text) is not None,
    "backend": lambda text: text in get_args(Backend),
}


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
        if not any(signal.log or signal.prose or signal.preflight or signal.check for signal in signals):
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
        sources = [key for key in ("log", "prose", "preflight", "check") if key in found]
        if len(sources) > 1:
            entry.fail(f"a signal has one source, this one has {' and '.join(sources)}")
        if not sources and "when" not in found:
            entry.fail("needs log, prose, preflight, check or when")
        preflight = found["preflight"].choice(model.FAILURE_KINDS) if "preflight" in found else None
        check = found["check"].choice(model.CHECKS) if "check" in found else None
        return Signal(
            weight=cast("model.Weight", found["weight"].choice(tuple(POINTS))),
            log=self._patterns(found.get("log")),
            prose=self._prose(found.get("prose")),
            also=self._groups(found.get("also")),
            without=self._without(found),
            preflight=cast("LoadFailureKind | None", preflight),
            image=found["image"].text() if "image" in found else "",
            check=cast("model.Check | None", check),
            subject=found["subject"].text() if "subject" in found else "",
            when=_when(found.get("when")),
        )

    def _groups(self, entry: Marked | None) -> tuple[tuple[Pattern, ...], ...]:
        """Return one group an item: a pattern, or a shared list of which any pattern will do."""
        return tuple(self._patterns(item) for item in entry.items()) if entry is not None else ()

    def _prose(self, entry: Marked | None) -> tuple[tuple[Pattern, ...], ...]:
        return tuple(_small(item, self._patterns(item)) for item in entry.items()) if entry is not None else ()

    def _without(self, found: Mapping[str, Marked]) -> tuple[Pattern, ...]:
        patterns = self._patterns(found.get("without"))
        return _small(found["without"], patterns) if patterns and "prose" in found else patterns

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
    if scope == "hazard" and rest:
        return Condition(scope="hazard", fact=rest, test=test)
    if name not in HOST_FACTS:
        key.fail(f"unknown fact {name!r}; known: {', '.join(HOST_FACTS)}, package.NAME, capture.NAME")
    return Condition(scope="host", fact=name, test=test)


def _small(entry: Marked, patterns: tuple[Pattern, ...]) -> tuple[Pattern, ...]:
    """Complain about a capital letter in a pattern of prose: it would never match."""
    capital = next((pattern.source for pattern in patterns if pattern.source != pattern.source.lower()), None)
    if capital is not None:
        entry.fail(f"prose is matched in small letters, and {capital!r} has others")
    return patterns


def _fix(entry: Marked, names: frozenset[str]) -> Fix:
    if "cure" in entry.pairs():
        return _cure(entry)
    found = entry.entries(("do", "for", "when", "action"), ["do"])
    do = " ".join(found["do"].text().split())
    for hole in HOLE.finditer(do):
        _typed(found["do"], hole, names)
    rebuild = "action" in found and found["action"].choice(["rebuild", "none"]) == "rebuild"
    platforms = found["for"].items() if "for" in found else ()
    return Fix(
        do=do,
        platforms=tuple(cast("model.Platform", item.choice(model.PLATFORMS)) for item in platforms),
        when=_when(found.get("when")),
        rebuild=_rebuild(found["do"], do) if rebuild else None,
    )


def _cure(entry: Marked) -> Fix:
    """Return a fix whose words are those of a known defect's cure."""
    found = entry.entries(("cure", "by", "remark", "for", "when"), ["cure", "by"])
    platforms = found["for"].items() if "for" in found else ()
    return Fix(
        do=found["remark"].text() if "remark" in found else "",
        cure=(found["cure"].text(), cast("model.CurePart", found["by"].choice(model.CURE_PARTS))),
        platforms=tuple(cast("model.Platform", item.choice(model.PLATFORMS)) for item in platforms),
        when=_when(found.get("when")),
    )


def _typed(entry: Marked, hole: re.Match[str], names: frozenset[str]) -> None:
    """Complain about a hole that text of a stranger could fill as it is, or that nothing ever fills."""
    name, kind = hole[1], hole[2]
    if kind not in TYPES:
        entry.fail(f"{{{name}}} needs a type, as in {{{name}:version}}; there are {', '.join(TYPES)}")
    known = name in _LOOKED if kind == PATH else name in names or name.startswith("pkg_")
    if not known:
        whence = "is no path the doctor looks at" if kind == PATH else "is captured by no signal of this cause"
        entry.fail(f"{{{name}}} {whence}")


def _rebuild(entry: Marked, do: str) -> Ask:
    """Return the options of a `tfsetup install` command that is ours from end to end."""
    command = do.partition(" # ")[0]
    if not command.startswith(_INSTALL):
        entry.fail(f"what --fix carries out must be a `{_INSTALL}` command")
    words = shlex.split(command.removeprefix(_INSTALL))
    options = {name.removeprefix("--"): value for name, value in zip(words[::2], words[1::2], strict=False)}
    right = all(word.startswith("--") for word in words[::2]) and 2 * len(options) == len(words)
    if not right or not all(name in _OPTIONS and _OPTIONS[name](value) for name, value in options.items()):
        entry.fail(f"what --fix carries out takes {', '.join(f'--{name}' for name in _OPTIONS)} and values for them")
    return Ask(**options)  # type: ignore[arg-type]  # judged one by one above


def _names(signals: tuple[Signal, ...]) -> frozenset[str]:
    captured = (pattern.names for signal in signals for pattern in signal.log)
    return _TOLD.union(*captured)


def _always(fix: Fix) -> bool:
    holes = [hole for hole in HOLE.finditer(fix.do) if hole[1] != "prefix" and hole[3] is None]
    return not fix.platforms and not fix.when and not holes
