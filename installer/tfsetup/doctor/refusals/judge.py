"""Refusals to explanations: which interpreters, on which days, would be told just this, and what keeps them from more. Pure.

A Python on a system sees a growing list of versions. Each stretch of days on which an interpreter would be shown the list of the
refusal speaks for it, as long as it is and as common as the interpreter is; a list that differs speaks the less, the
more it does. What each of them would have needed is the explanation, and its share is theirs.
"""

from __future__ import annotations

import math
import re
from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import date
from functools import lru_cache
from typing import Final, get_args

from packaging.specifiers import InvalidSpecifier, SpecifierSet
from packaging.version import Version

from tfsetup.doctor.refusals.hosts import interpreters
from tfsetup.doctor.refusals.model import Blame, Explanation, Refusal, Why
from tfsetup.doctor.refusals.words import refusals_in
from tfsetup.doctor.refusals.worlds import PYTHONS, SINCE, Interpreter, Market, Place, admits, permits
from tfsetup.ground.versions import is_version, minor
from tfsetup.matrix.file.disk import read_tables
from tfsetup.matrix.relatives import Offer, Tables

_SHARPNESS: Final = 3.0  # how much a list that differs in one version speaks less, as a power of e
_NEVER_SHOWN: Final = 2.0  # a version in the list that the interpreter is never shown
_TOO_EARLY: Final = 0.8  # one that came later than the day
_MISSING: Final = 1.0  # one that it should have been shown
_UNRECORDED: Final = 0.1  # one that nobody has recorded: a development release, or deleted since
_LEAST_DAYS: Final = 3.0
_FEW_DAYS: Final = 4.0  # so long does one ask for what is announced, and not there yet
_ENOUGH: Final = 16
_HOPELESS: Final = 2.5  # what an empty list may cost at most
_EXACT: Final = 0.35
_EXCERPT: Final = 1.5  # that a list was shortened
_OTHER_NEWEST: Final = 1.0  # a shortened list that ends elsewhere
_OTHER_OLDEST: Final = 0.5  # one that begins elsewhere
_ABANDONED: Final = 540  # days without a release after which none is waited for
# Of those whom both another Python and another processor would serve: how many need the latter.
_OF_A_MAC: Final[Mapping[Why, float]] = {"translated": 0.9, "intel-mac": 0.45}
_USUAL: Final[tuple[Place, ...]] = ("linux-x86_64", "windows-x86_64", "macos-arm64")
_SLIGHT: Final = 1e-4  # what is this much less likely than the likeliest is passed over
_FITS: Final = 1e-4  # a likeliest interpreter below this share of a day explains no list
_OUTAGE: Final = 0.003  # that no index was reached, beside what else is likely
_TROUBLE: Final = (
    "Retrying (Retry(total", "NewConnectionError", "ConnectTimeoutError", "Temporary failure in name resolution",
    "SSLError", "CERTIFICATE_VERIFY_FAILED", "ReadTimeoutError", "ProxyError", "SSL module is not available",
    "Name or service not known", "Could not fetch URL", "Connection refused", "Connection reset by peer",
    "getaddrinfo failed", "Failed to establish a new connection", "Max retries exceeded",
)  # fmt: skip
_PIP: Final = (
    re.compile(r"(?i:using) pip (?:version )?([0-9]{1,2}\.[0-9.]{1,8})"),
    re.compile(r"\bpip ([0-9]{1,2}\.[0-9.]{1,8}) from "),
    re.compile(r"new release of pip available: ([0-9]{1,2}\.[0-9.]{1,8})"),
    re.compile(r"pip(?:==| version:? )([0-9]{1,2}\.[0-9.]{1,8})"),
)
_IGNORED: Final = re.compile(r"Ignored the following versions that require a different python version: ([^E]{1,4000})")
_REQUIRES: Final = re.compile(r"Requires-Python ([<>=!~][0-9.*, <>=!~]{1,60})")
_REFUSED_WHEEL: Final = re.compile(
    r"-(?P<python>cp[23][0-9]{1,2})-[a-z0-9]{3,8}-(?P<platform>[a-z0-9_.]{3,80})\.whl'? is not a supported wheel"
)
_UNFIT: Final = 0.02  # of a Python that would not have passed over what pip says it did
# What installers say in so many words, and the reasons that this can mean.
_MEANT: Final[Mapping[Blame, frozenset[Why]]] = {
    "python": frozenset({"python"}),
    "platform": frozenset({"platform", "intel-mac", "translated", "narrow", "musl", "old-tags", "old-pip"}),
    "version": frozenset({"later", "never"}),
}
_UNKNOWN: Final[Mapping[Blame | None, Mapping[Why, float]]] = {
    "python": {"python": 1.0}, "platform": {"platform": 1.0}, "version": {"never": 0.7, "later": 0.3},
    None: {"python": 0.45, "platform": 0.35, "never": 0.1, "network": 0.1},
}  # fmt: skip
_DECISIVE: Final[Mapping[Why, tuple[str, ...]]] = {
    "python": ("python",), "platform": ("os", "arch"), "intel-mac": ("os", "arch"), "translated": ("os", "rosetta"),
    "narrow": ("bits",), "musl": ("libc",), "old-tags": ("os_version",), "old-pip": ("pip",),
}  # fmt: skip
# What is ours though nobody recorded it.
_FAMILY: Final = ("tensorflow", "tf-", "keras", "tflite", "tensorboard", "tfx", "tfds", "tfp")
# Nightly builds are deleted after some weeks; they are built for whom the releases are.
_STANDS_FOR: Final[Mapping[str, str]] = {"tf-nightly": "tensorflow", "tf-nightly-cpu": "tensorflow-cpu"}
# conda's Python for Intel Macs was built for macOS 10: how its prompts and folders show, and how much they say.
_OLD_SDK: Final[Mapping[str, float]] = {
    "SYSTEM_VERSION_COMPAT": 60.0, "x86_64-apple-darwin13": 40.0, "10.16": 20.0, "anaconda3": 3.0, "conda activate": 2.0,
}  # fmt: skip
_TAG_OF_PYTHON: Final = re.compile(r"cp([23])(\d{1,2})t?")


@dataclass(frozen=True, kw_only=True, slots=True)
class _Asked:
    """What is known of who asks: interpreters with their weights, the likeliest first."""

    likely: tuple[tuple[Interpreter, float], ...]
    facts: Mapping[str, str]
    outage: bool
    taken: str


@dataclass(frozen=True, slots=True)
class _Stretch:
    """Days on which one interpreter would be shown about the list: how many, up to when, and how well it fits."""

    weight: float
    until: str
    exact: bool


def explained(
    stream: str, facts: Mapping[str, str], guessed: frozenset[str], read: Callable[[], Tables] = read_tables
) -> tuple[Explanation, ...]:
    """Return what explains the refusals in a text, most likely first; of several refusals the last counts most.

    `read` gives the release tables; it is called when there is a refusal.

    Raises:
        InvalidFileError: the tables are missing or damaged, so the installation is.
    """
    refusals = refusals_in(stream)
    if not refusals:
        return ()
    tables = read()
    facts = {name: value for name, value in facts.items() if not _of_a_refused_wheel(stream, name, value, guessed)}
    old_sdk = next((times for word, times in _OLD_SDK.items() if word in stream), 1.0)
    heard = _heard(interpreters(facts, guessed, pip=_pip_of(stream), old_sdk=old_sdk), stream, refusals)
    asked = _Asked(
        likely=_likely(heard), facts=facts, outage=any(word in stream for word in _TROUBLE), taken=tables.taken
    )
    markets = {name: Market(tables.offers(_STANDS_FOR.get(name, name))) for name in {one.name for one in refusals}}
    return _together([one for refusal in refusals for one in _of(refusal, markets[refusal.name], asked)])


def _of_a_refused_wheel(stream: str, name: str, value: str, guessed: frozenset[str]) -> bool:
    """Return whether a fact was read out of the name of a wheel that does not fit, so that it is none."""
    if name not in {"python", "process", "arch"} or name not in guessed:
        return False
    refused = [found["python"] for found in _REFUSED_WHEEL.finditer(stream)]
    return bool(refused) and (name != "python" or f"cp{minor(value).replace('.', '')}" in refused)


def _likely(weights: Mapping[Interpreter, float]) -> tuple[tuple[Interpreter, float], ...]:
    return tuple(sorted(weights.items(), key=lambda pair: -pair[1]))


def _together(found: Sequence[Explanation]) -> tuple[Explanation, ...]:
    last = max((one.refusal.start for one in found), default=0)
    weights = {one.refusal: 1.0 if one.refusal.start == last else 0.5 for one in found}
    total = math.fsum(weights.values())
    shares: dict[tuple[Why, str], list[Explanation]] = defaultdict(list)
    for one in found:
        shares[one.why, one.refusal.name].append(one)
    merged = []
    for same in shares.values():
        best = max(same, key=lambda one: (one.share * weights[one.refusal], one.refusal.start))
        share = math.fsum(one.share * weights[one.refusal] for one in same) / total
        merged.append(
            Explanation(
                why=best.why, share=share, refusal=best.refusal, exact=any(one.exact for one in same),
                captures=best.captures, decisive=best.decisive,
            )
        )  # fmt: skip
    return tuple(sorted(merged, key=lambda one: (-one.share, one.why, one.refusal.name)))


# ------------------------------------------------------------------------------------------ who refuses


def _pip_of(stream: str) -> str:
    return next((found[1].rstrip(".") for pattern in _PIP if (found := pattern.search(stream))), "")


def _heard(likely: Mapping[Interpreter, float], stream: str, refusals: Sequence[Refusal]) -> dict[Interpreter, float]:
    """Return the weights after what installers say of themselves: a tag, and what they passed over for their Python."""
    passed = {spec for found in _IGNORED.finditer(stream) for spec in _REQUIRES.findall(found[1])}
    refused = [(found["python"], found["platform"].split(".")) for found in _REFUSED_WHEEL.finditer(stream)]
    heard = dict(likely)
    for one in heard:
        takes = (_is_python(one, python) and any(admits(one.place, tag) for tag in tags) for python, tags in refused)
        heard[one] *= _UNFIT if any(takes) else 1.0
        heard[one] *= _UNFIT ** min(2, sum(permits(spec.strip(" ,"), one.python) for spec in passed))
        for refusal in refusals:
            if refusal.tag and not _wears(one, refusal.tag):
                heard[one] *= _UNFIT
    return heard


def _wears(one: Interpreter, tag: str) -> bool:
    """Return whether an interpreter may call itself by this tag (`cp313`, `macosx_14_0_x86_64`)."""
    if _TAG_OF_PYTHON.fullmatch(tag):
        return _is_python(one, tag)
    system, _, arch = one.place.partition("-")
    if arch == "10.16" and not tag.startswith("macosx_10_"):
        return False
    names = {"windows": "win", "macos": "macosx", "linux": "linux", "musl": "musl"}
    machine = {
        "x86_64": ("x86_64", "amd64"),
        "10.16": ("x86_64",),
        "11only": ("x86_64",),
        "manylinux1": ("x86_64",),
        "i686": ("i686", "win32"),
    }
    return names[system] in tag and any(tag.endswith(end) for end in machine.get(arch, (arch,)))


def _is_python(one: Interpreter, tag: str) -> bool:
    found = _TAG_OF_PYTHON.fullmatch(tag)
    return found is not None and one.python == f"{found[1]}.{found[2]}"


# ---------------------------------------------------------------------------------- what it would be shown


def _of(refusal: Refusal, market: Market, asked: _Asked) -> list[Explanation]:
    wanted = _wanted(refusal.wanted, market.offers)
    if refusal.offered and any(_fits(refusal.wanted, text) for text in refusal.offered):
        return []  # it was there, and something else stood against it
    found = (
        _certain(refusal, market, wanted, asked)
        or _weighed(refusal, market, wanted, asked)
        or _weighed(replace(refusal, offered=None), market, wanted, asked)  # nobody would be shown such a list
        or _unrecorded(refusal)
    )
    if refusal.offered == () and found.weights:
        found = found.with_network(10.0 if asked.outage else _OUTAGE)
    total = math.fsum(found.weights.values())
    captures = _captures(refusal, market, found.one)
    return [
        Explanation(
            why=why, share=weight / total, refusal=refusal, exact=found.exact, captures=captures,
            decisive=_DECISIVE.get(why, ()),
        )
        for why, weight in found.weights.items()
        if weight > 0
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Weighed:
    """Reasons with their weights; `one`: the likeliest interpreter, `exact`: it would be shown just this list."""

    weights: Mapping[Why, float]
    one: Interpreter | None = None
    exact: bool = False

    def with_network(self, times: float) -> _Weighed:
        """Return the same with that no index was reached, `times` as likely as all else."""
        total = math.fsum(self.weights.values())
        return _Weighed(
            {**self.weights, "network": self.weights.get("network", 0.0) + total * times}, self.one, self.exact
        )


def _certain(refusal: Refusal, market: Market, wanted: Sequence[Offer], asked: _Asked) -> _Weighed | None:
    """Return what the table alone says: nothing like it was published, or not until the table was taken."""
    if refusal.name in _STANDS_FOR and "dev" in refusal.wanted:
        return _Weighed({"never": 0.9, "python": 0.1})  # nightly builds are deleted
    if wanted or not market.offers or not refusal.wanted or not _is_specifier(refusal.wanted):
        return None
    newest = max(market.offers, key=lambda offer: market.rank[offer.version])
    version = _version_in(refusal.wanted)
    alive = _day(asked.taken) - _day(newest.date) < _ABANDONED
    late = 0.3 if alive and version is not None and version > Version(newest.version) else 0.0
    return _Weighed({"never": 1.0 - late, "later": late})


def _weighed(refusal: Refusal, market: Market, wanted: Sequence[Offer], asked: _Asked) -> _Weighed | None:
    """Return what keeps each interpreter that would be told just this from what would do; None: none would be."""
    if not market.offers or (refusal.name in _STANDS_FOR and refusal.offered):
        return None
    weights: dict[Why, float] = defaultdict(float)
    best: tuple[float, Interpreter | None, bool] = (0.0, None, False)
    whys = _Whys(wanted, market, asked.facts)
    for one, prior in asked.likely:
        if prior < _SLIGHT * best[0]:
            break
        start, end = PYTHONS[one.python]
        for stretch in _stretches(refusal, market, one, wanted, (start, max(start, min(end, asked.taken)))):
            weight = prior * stretch.weight
            if weight < _SLIGHT * best[0]:
                continue
            for why, part in whys.of(one, stretch.until):
                weights[why] += weight * part
            best = max(best, (weight, one, stretch.exact), key=lambda seen: seen[0])
    allowed = _MEANT[refusal.blamed] if refusal.blamed else frozenset(get_args(Why))
    kept = {why: weight for why, weight in weights.items() if why in allowed}
    lost = bool(refusal.offered) and best[0] < _FITS * asked.likely[0][1]
    waiting = not best[2] and set(kept) == {"later"}  # only an exact list says that something was not there yet
    return _Weighed(kept, best[1], best[2]) if kept and not lost and not waiting else None


def _unrecorded(refusal: Refusal) -> _Weighed:
    """Return what is likely where no table tells: from where the version asked for lies among those offered."""
    if not refusal.name.startswith(_FAMILY):
        return _Weighed({})
    where = position({"offered": ", ".join(refusal.offered), "req": refusal.wanted} if refusal.offered else {})
    match where.get("position"):
        case "between":
            return _Weighed({"never": 0.9, "platform": 0.1})
        case "above":
            return _Weighed({"never": 0.5, "python": 0.25, "platform": 0.15, "later": 0.1})
        case "below":
            return _Weighed({"python": 0.9, "never": 0.1})
        case _:
            return _Weighed(_UNKNOWN[refusal.blamed])


def _is_specifier(text: str) -> bool:
    try:
        SpecifierSet(text)
    except InvalidSpecifier:
        return False
    return True


def _fits(wanted: str, version: str) -> bool:
    if not wanted or not _is_specifier(wanted):
        return not wanted and not Version(version).is_prerelease
    spec = SpecifierSet(wanted)
    return spec.contains(version, prereleases=spec.prereleases or False)


def _version_in(wanted: str) -> Version | None:
    found = _ASKED.search(wanted)
    text = found[1].rstrip(".*") if found else ""
    return Version(text) if is_version(text) else None


def _wanted(spec: str, offers: Sequence[Offer]) -> tuple[Offer, ...]:
    """Return the releases that would do, oldest first: final ones, unless the specifiers name another kind."""
    if not _is_specifier(spec):
        return ()
    wanted = SpecifierSet(spec)
    kept = [offer for offer in offers if wanted.contains(offer.version, prereleases=wanted.prereleases or False)]
    return tuple(sorted(kept, key=lambda offer: offer.date))


def _stretches(
    refusal: Refusal, market: Market, one: Interpreter, wanted: Sequence[Offer], met: tuple[str, str]
) -> Iterator[_Stretch]:
    """Yield the stretches of days on which an interpreter would be refused so.

    Only the days on which its Python is met count; a stretch ends where a release that would do appears anywhere, or
    one is shown.
    """
    shown = market.offered(one)
    start, end = max(met[0], refusal.since, SINCE.get(one.place, "")), min(met[1], refusal.until)
    mine = frozenset(offer.version for offer in wanted)
    listing = _Listing.of(refusal.offered, shown, market)
    span = max(1, _day(met[1]) - _day(met[0]))
    first = min((offer.date for offer in wanted), default="")
    dates = (
        {offer.date for offer in shown} if refusal.offered else {*_some(wanted), *(offer.date for offer in shown[:2])}
    )
    events = sorted({start, end, *(day for day in (*dates, first) if start < day < end)}) if start < end else []
    place, had = 0, False
    for day, following in zip(events, events[1:], strict=False):
        while place < len(shown) and shown[place].date <= day:
            had = had or shown[place].version in mine
            listing.show(shown[place].version)
            place += 1
        if had or (not refusal.offered and listing.cost > _HOPELESS):
            return
        days = float(_day(following) - _day(day))
        days = min(days, _FEW_DAYS) if following <= first else max(days, _LEAST_DAYS)
        fit = math.exp(-_SHARPNESS * min(listing.cost, listing.cost_of_excerpt))
        yield _Stretch(weight=days / span * fit, until=following, exact=bool(refusal.offered) and listing.cost < _EXACT)


class _Listing:
    """How badly the list of a refusal fits what an interpreter is shown; 0: to the letter."""

    def __init__(self, listed: frozenset[str] | None, never: float, market: Market) -> None:
        self._listed = listed
        self._rank = market.rank
        self._never = never
        known = [text for text in listed or () if text in self._rank]
        self._early = len(known)
        self._missing = 0
        self._finals = bool(known) and not any(Version(text).is_prerelease for text in known)
        ranks = sorted(self._rank[text] for text in known)
        self._ends = (ranks[0], ranks[-1]) if ranks else None
        self._seen: tuple[int, int] | None = None

    @staticmethod
    def of(offered: tuple[str, ...] | None, shown: Sequence[Offer], market: Market) -> _Listing:
        """Return how a list fits on the first day, when nothing is shown yet."""
        if offered is None:
            return _Listing(None, 0.0, market)
        listed = frozenset(str(Version(text)) for text in offered)
        there = frozenset(offer.version for offer in shown)
        strange = [text for text in listed if text not in market.rank]
        # What was deleted since was built for whom its release is.
        bases = sum((base := Version(text).base_version) in market.rank and base not in there for text in strange)
        never = [text for text in listed if text in market.rank and text not in there]
        return _Listing(
            listed - frozenset(never), _NEVER_SHOWN * len(never) + bases + _UNRECORDED * len(strange), market
        )

    def show(self, version: str) -> None:
        """One more release is shown."""
        if self._listed is None:
            return
        if version in self._listed:
            self._early -= 1
        else:
            self._missing += 1
        if not self._finals or not _is_prerelease(version):
            rank = self._rank[version]
            low, high = self._seen or (rank, rank)
            self._seen = (min(low, rank), max(high, rank))

    @property
    def cost(self) -> float:
        """The list as it is."""
        return self._never + _TOO_EARLY * self._early + _MISSING * self._missing

    @property
    def cost_of_excerpt(self) -> float:
        """The list as one that somebody has shortened."""
        if not self._ends or self._seen is None:
            return math.inf
        other = _OTHER_OLDEST * (self._ends[0] != self._seen[0]) + _OTHER_NEWEST * (self._ends[1] != self._seen[1])
        return _EXCERPT + other + self._never + _TOO_EARLY * self._early


@lru_cache(maxsize=4096)
def _is_prerelease(text: str) -> bool:
    return Version(text).is_prerelease


def _some(offers: Sequence[Offer]) -> Iterator[str]:
    """Yield the days of some of the offers, the first among them: enough to see what changes over the years."""
    step = 1 + len(offers) // _ENOUGH
    return (offer.date for offer in offers[::step])


@lru_cache(maxsize=4096)
def _day(text: str) -> int:
    return date.fromisoformat(text).toordinal()


# ------------------------------------------------------------------------------------- what they would need


class _Whys:
    """What keeps an interpreter from what would do, on a day."""

    def __init__(self, wanted: Sequence[Offer], market: Market, facts: Mapping[str, str]) -> None:
        self.wanted = tuple(wanted)
        self.market = market
        self.facts = facts
        self._known: dict[tuple[Interpreter, int], tuple[tuple[Why, float], ...]] = {}
        self._has: dict[tuple[Interpreter, int], bool] = {}

    def of(self, one: Interpreter, until: str) -> tuple[tuple[Why, float], ...]:
        """Return the reasons with their parts of one, as they are just before the day `until`."""
        if not self.wanted:
            return (("never", 1.0),)
        there = sum(offer.date < until for offer in self.wanted)
        if not there:
            return (("later", 1.0),)
        key = (one, there)
        if key not in self._known:
            self._known[key] = tuple(self._found(one, there))
        return self._known[key]

    def _served(self, python: str, place: Place, there: int) -> bool:
        """Return whether an interpreter may have one of the first `there` releases that would do."""
        key = (Interpreter(python, place), there)
        if key not in self._has:
            enough = frozenset(offer.version for offer in self.wanted[:there])
            self._has[key] = any(offer.version in enough for offer in self.market.offered(key[0]))
        return self._has[key]

    def _found(self, one: Interpreter, there: int) -> Iterator[tuple[Why, float]]:
        if (special := self._special(one, there)) is not None:
            yield special, 1.0
            return
        intel = one.place in {"macos-x86_64", "macos-10.16", "macos-11only"}
        place: Place = "macos-x86_64" if intel else one.place
        elsewhere = any(self._served(one.python, other, there) for other in _USUAL)
        other_python = any(self._served(python, place, there) for python in PYTHONS)
        platform: Why = _of_a_mac(self.facts) if intel else "platform"
        if intel and (self.facts.get("rosetta") == "true" or self._served(one.python, "macos-arm64", there)):
            part = _OF_A_MAC[platform] if other_python else 1.0
            yield platform, part
            yield "python", 1.0 - part
        elif other_python:
            yield "python", 1.0
        elif elsewhere or intel:
            yield platform, 1.0
        else:
            yield "platform", 0.6
            yield "python", 0.4

    def _special(self, one: Interpreter, there: int) -> Why | None:
        match one.place:
            case "linux-i686" | "windows-i686":
                return "narrow"
            case "musl-x86_64" | "musl-aarch64":
                return "musl"
            case "macos-10.16" | "macos-11only" if self._served(one.python, "macos-x86_64", there):
                return "old-tags" if one.place == "macos-10.16" else "old-pip"
            case "linux-manylinux1" if self._served(one.python, "linux-x86_64", there):
                return "old-pip"
            case _:
                return None


def _of_a_mac(facts: Mapping[str, str]) -> Why:
    arm = facts.get("arch") in {"arm64", "aarch64"} or facts.get("rosetta") == "true"
    return "translated" if arm else "intel-mac"


_ASKED: Final = re.compile(r"(?:===?|~=|>=|<=|<|>)([0-9][0-9A-Za-z.+*]*+)")
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9._-]*+")


def position(captures: Mapping[str, str]) -> dict[str, str]:
    """Return where the version asked for lies among those `offered` (pip's "from versions: …"), and that version.

    `above` all of them (never published, or needs another Python or platform), `below` (this Python is too new),
    `between` (never published), `listed`, or `none` when nothing was offered.
    """
    if "offered" not in captures:
        return {}
    offered = [Version(text) for text in captures["offered"].split(", ") if is_version(text)]
    asked = _ASKED.search(captures.get("req") or captures.get("rest") or captures.get("want") or "")
    wanted = {"want": asked[1].rstrip(".*")} if asked else {}
    if not offered:
        return {"position": "none", **wanted}
    if asked is None or not is_version(wanted["want"]):
        return {}
    version = Version(wanted["want"])
    if version in offered:
        return {"position": "listed", **wanted}
    where = "above" if version > max(offered) else "below" if version < min(offered) else "between"
    nearest = max((each for each in offered if each < version and not each.is_prerelease), default=min(offered))
    name = _NAME.match(captures.get("req", ""))
    return {"position": where, "nearest": str(nearest), **wanted, **({"name": name[0]} if name else {})}


def _captures(refusal: Refusal, market: Market, one: Interpreter | None) -> dict[str, str]:
    """Return what fixes may name: what was asked for, and the nearest version that the interpreter may have."""
    found = {"name": refusal.name}
    asked = _ASKED.search(refusal.wanted)
    if asked and is_version(asked[1].rstrip(".*")):
        found["want"] = asked[1].rstrip(".*")
    seen = [Version(text) for text in refusal.offered or ()]
    if not seen and one is not None:
        seen = [Version(offer.version) for offer in market.offered(one)]
    finals = [version for version in seen if not version.is_prerelease]
    if finals:
        below = [version for version in finals if "want" in found and version < Version(found["want"])]
        found["nearest"] = str(max(below or finals))
    if one is not None and minor(one.python):
        found["python_seen"] = one.python
    return found
