"""conda's settings as far as they concern fetching packages: where channels are, which, and where packages are kept.

Pure functions of the files' contents; `tfsetup.locks.conda.files` reads them. Keys and their meaning: conda's
documentation, "Using the .condarc conda configuration file"; `mirrored_channels`: mamba's, "Mirrors".
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, fields
from typing import Annotated, Final

from msgspec import Meta, ValidationError, convert

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.redaction import public


@dataclass(frozen=True, kw_only=True, slots=True)
class Settings:
    """The merged settings. `alias` is None where rattler's own default holds; `offline` is conda's."""

    channels: tuple[str, ...] = ()
    alias: str | None = None
    defaults: tuple[str, ...] = ()
    custom: Mapping[str, str] = field(default_factory=dict)
    multi: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    mirrors: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    package_folders: tuple[str, ...] = ()
    strict: bool = True
    offline: bool = False


def settings(files: Iterable[tuple[str, object]], environ: Mapping[str, str]) -> Settings:
    """Merge condarc files, the most general first, then the CONDA_* variables of `environ`.

    `files` are (name, parsed content). Lists of a more specific file stand before those of a more general one.

    Raises:
        InvalidFileError: a file has another shape than conda's.
    """
    given = [_checked(name, content) for name, content in files]
    nearest = given[::-1]
    folders = environ.get("CONDA_PKGS_DIRS")
    aliases = (environ.get("CONDA_CHANNEL_ALIAS"), *(one.channel_alias for one in nearest))
    priority = next((one.channel_priority for one in nearest if one.channel_priority is not None), "strict")
    return Settings(
        channels=_listed(one.channels for one in nearest),
        alias=next(filter(None, aliases), None),
        defaults=_listed(one.default_channels for one in nearest),
        custom={name: url for one in given for name, url in one.custom_channels.items()},
        multi={name: tuple(urls) for one in given for name, urls in one.custom_multichannels.items()},
        mirrors={name: tuple(urls) for one in given for name, urls in one.mirrored_channels.items()},
        package_folders=(*(folders.split(",") if folders else ()), *_listed(one.pkgs_dirs for one in nearest)),
        strict=priority not in ("disabled", False),
        offline=next((one.offline for one in nearest if one.offline is not None), None) is True,
    )


def _listed(lists: Iterable[list[str]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(item for one in lists for item in one))


def _checked(name: str, content: object) -> _Condarc:
    """Return the settings of one file that are used here, each of its right shape."""
    where = Where(file=name)
    if not isinstance(content, dict | None):
        raise InvalidFileError("A condarc is a mapping of settings; this file is not.", where=where, hint=_HINT)
    given = {key.name: content[key.name] for key in fields(_Condarc) if content and content.get(key.name) is not None}
    given |= {key: [given[key]] for key in _LISTS if isinstance(given.get(key), str)}
    try:
        return convert(given, _Condarc)
    except ValidationError as problem:
        key = str(problem).rpartition("$.")[2].partition("[")[0].strip("`")
        raise InvalidFileError(f"`{key}` must be {_SHAPES[key]}.", where=where, hint=_HINT) from None


_HINT: Final = "`conda config --validate` checks it; CONDARC names another file."
_LISTS: Final = ("channels", "default_channels", "pkgs_dirs")
_SHAPES: Final = {
    **dict.fromkeys(_LISTS, "a list of text"),
    "channel_alias": "text",
    "custom_channels": "a mapping of text",
    "custom_multichannels": "a mapping of lists of text",
    "mirrored_channels": "a mapping of lists of text",
}
_Text = Annotated[str, Meta(min_length=1)]


@dataclass(frozen=True, kw_only=True, slots=True)
class _Condarc:
    """What is used here of one file, under conda's names, in the order in which problems are told."""

    channels: list[_Text] = field(default_factory=list)
    default_channels: list[_Text] = field(default_factory=list)
    pkgs_dirs: list[_Text] = field(default_factory=list)
    channel_alias: _Text | None = None
    custom_channels: dict[_Text, _Text] = field(default_factory=dict)
    custom_multichannels: dict[_Text, list[_Text]] = field(default_factory=dict)
    mirrored_channels: dict[_Text, list[_Text]] = field(default_factory=dict)
    channel_priority: object = None
    offline: object = None


def channels(wanted: Sequence[str], mine: Settings) -> tuple[str, ...]:
    """Return the channels to solve with, best first, as URLs or as names that rattler knows.

    `wanted` are the row's, by name. They come first, because with strict priority the first channel that has a package
    is the only one asked for it; when the user lists them all, the user's own order holds. `defaults` is not added by
    itself: conda writes it into every condarc, and its packages do not mix with a community channel's.
    """
    names = [name for name in mine.channels if name not in {"defaults", "nodefaults"}]
    order = names if set(wanted) <= set(names) else [*wanted, *(name for name in names if name not in wanted)]
    return tuple(dict.fromkeys(url for name in order for url in _addresses(name, mine)))


def _addresses(name: str, mine: Settings) -> Iterator[str]:
    if "://" in name:
        yield name.rstrip("/")
    elif name in mine.multi:
        for inner in mine.multi[name]:
            yield from _addresses(inner, mine)
    elif mine.mirrors.get(name):
        yield mine.mirrors[name][0].rstrip("/")
    elif (custom := _custom(name, mine)) is not None:
        yield custom
    else:
        yield f"{mine.alias.rstrip('/')}/{name}" if mine.alias else name


def _custom(name: str, mine: Settings) -> str | None:
    """Return the address of a custom channel: its entry is the folder that holds the channel (conda's rule)."""
    parts = name.split("/")
    for length in range(len(parts), 0, -1):
        base = mine.custom.get("/".join(parts[:length]))
        if base is not None:
            return f"{base.rstrip('/')}/{name}"
    return None


def mirrors(mine: Settings) -> dict[str, list[str]]:
    """Return for each mirrored channel's first address all of them, for what goes over http."""
    found = {name: [url.rstrip("/") for url in urls] for name, urls in mine.mirrors.items()}
    return {urls[0]: urls for urls in found.values() if len(urls) > 1 and all(u.startswith("http") for u in urls)}


def private(url: str, known: Iterable[str]) -> str:
    """Return a package's URL with the credentials that the user's own channel addresses (`known`) carry."""
    for channel in known:
        plain = public(channel)
        if plain != channel and url.startswith(plain.rstrip("/") + "/"):
            return channel.rstrip("/") + url[len(plain.rstrip("/")) :]
    return url
