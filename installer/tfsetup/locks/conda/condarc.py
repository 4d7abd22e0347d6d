"""conda's settings as far as they concern fetching packages: where channels are, which, and where packages are kept.

Pure functions of the files' contents; `tfsetup.locks.conda.files` reads them. Keys and their meaning: conda's
documentation, "Using the .condarc conda configuration file"; `mirrored_channels`: mamba's, "Mirrors".
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from tfsetup.errors import InvalidFileError, Where
from tfsetup.ground.redaction import public

_LISTS: Final = ("channels", "default_channels", "pkgs_dirs")
_MAPS: Final = ("custom_channels", "custom_multichannels", "mirrored_channels")


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


def settings(files: Iterable[tuple[str, Any]], environ: Mapping[str, str]) -> Settings:
    """Merge condarc files, the most general first, then the CONDA_* variables of `environ`.

    `files` are (name, parsed content). Lists of a more specific file stand before those of a more general one.

    Raises:
        InvalidFileError: a file has another shape than conda's.
    """
    merged: dict[str, Any] = {}
    for name, content in files:
        _merge(merged, _checked(name, content))
    if alias := environ.get("CONDA_CHANNEL_ALIAS"):
        merged["channel_alias"] = alias
    if folders := environ.get("CONDA_PKGS_DIRS"):
        merged["pkgs_dirs"] = [*folders.split(","), *merged.get("pkgs_dirs", [])]
    return Settings(
        channels=tuple(merged.get("channels", ())),
        alias=merged.get("channel_alias"),
        defaults=tuple(merged.get("default_channels", ())),
        custom=merged.get("custom_channels", {}),
        multi={name: tuple(urls) for name, urls in merged.get("custom_multichannels", {}).items()},
        mirrors={name: tuple(urls) for name, urls in merged.get("mirrored_channels", {}).items()},
        package_folders=tuple(merged.get("pkgs_dirs", ())),
        strict=merged.get("channel_priority", "strict") not in ("disabled", False),
        offline=merged.get("offline") is True,
    )


def _checked(name: str, content: Any) -> dict[str, Any]:
    """Return the settings of one file that are used here, each of its right shape."""
    if content is None:
        return {}
    where = Where(file=name)
    if not isinstance(content, dict):
        raise InvalidFileError("A condarc is a mapping of settings; this file is not.", where=where, hint=_HINT)
    given = {key: value for key, value in content.items() if value is not None}
    for key, (shape, fits) in _SHAPES.items():
        if key in _LISTS and isinstance(given.get(key), str):
            given[key] = [given[key]]
        if key in given and not fits(given[key]):
            raise InvalidFileError(f"`{key}` must be {shape}.", where=where, hint=_HINT)
    return given


_HINT: Final = "`conda config --validate` checks it; CONDARC names another file."


def _is_text(value: Any) -> bool:
    return isinstance(value, str) and value != ""


def _is_list(value: Any) -> bool:
    return isinstance(value, list) and all(_is_text(item) for item in value)


def _is_map(value: Any, fits: Callable[[Any], bool]) -> bool:
    return isinstance(value, dict) and all(_is_text(key) and fits(inner) for key, inner in value.items())


_SHAPES: Final[Mapping[str, tuple[str, Callable[[Any], bool]]]] = {
    "channels": ("a list of text", _is_list),
    "default_channels": ("a list of text", _is_list),
    "pkgs_dirs": ("a list of text", _is_list),
    "channel_alias": ("text", _is_text),
    "custom_channels": ("a mapping of text", lambda value: _is_map(value, _is_text)),
    "custom_multichannels": ("a mapping of lists of text", lambda value: _is_map(value, _is_list)),
    "mirrored_channels": ("a mapping of lists of text", lambda value: _is_map(value, _is_list)),
}


def _merge(merged: dict[str, Any], content: dict[str, Any]) -> None:
    for key, value in content.items():
        if key in _LISTS:
            merged[key] = list(dict.fromkeys([*value, *merged.get(key, [])]))
        elif key in _MAPS:
            merged[key] = {**merged.get(key, {}), **value}
        else:
            merged[key] = value


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
