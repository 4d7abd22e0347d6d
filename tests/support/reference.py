"""The pages of docs/reference, rendered from what they describe: `make reference` writes them, a test compares them."""

from __future__ import annotations

import sys
from collections.abc import Iterator, Mapping
from functools import cache
from pathlib import Path
from typing import Any, Final

from support import reference_alternatives, reference_checks, reference_chips
from support.pages import table
from support.reference_kernels import kernels
from tfsetup.cli.app import app, load_command
from tfsetup.cli.commands import COMMANDS
from tfsetup.errors import Code
from tfsetup.ground.environ import KEPT, REMOVED
from tfsetup.matrix.file.disk import read_alternatives, read_chips, read_matrix, read_openings
from tfsetup.report.schemas import ANSWERS, FILES, schema_of

FOLDER: Final = Path(__file__).parents[2] / "docs" / "reference"
_MADE: Final = "<!-- Written by `make reference`; a test compares it with what it describes. -->\n"

OWN: Final = {
    "TFSETUP_CACHE_DIR": """the folder of what may be deleted at any time (`tfsetup cache`): digests of wheels, proofs,
        remembered index pages; uv's cache where `UV_CACHE_DIR` is not set. An absolute path. Default: the system's
        place for caches.""",
    "TFSETUP_STATE_DIR": """the folder of what should last: the history of verifications. An absolute path. Default: the
        system's place for state. (`TFSETUP_STATE`, its first name, still holds.)""",
    "NO_COLOR": "set to anything: no colour (as `--no-color`).",
}
"""What tfsetup itself is told by variables."""

TAKEN: Final = {
    "where to fetch": """`UV_DEFAULT_INDEX`, `UV_INDEX`, `UV_INDEX_URL`, `UV_EXTRA_INDEX_URL`, `UV_FIND_LINKS`,
        `UV_CONFIG_FILE`, `UV_NO_CONFIG`, `UV_INDEX_NAME_USERNAME`, `UV_INDEX_NAME_PASSWORD`, `PIP_INDEX_URL`,
        `PIP_EXTRA_INDEX_URL`, `PIP_CONFIG_FILE`, `PIP_NO_INDEX`, and `NETRC`: as uv and pip take them, their settings
        files too; what is used, and who said so, is told where it is not the default. pip's files name an index only
        where no setting of uv's does, and additional ones in folders of this machine are left out.""",
    "whom to trust": """`SSL_CERT_FILE` and `SSL_CERT_DIR` first, then `REQUESTS_CA_BUNDLE`, `CURL_CA_BUNDLE`, then
        `PIP_CERT` and `cert` of pip's settings: for every client, uv and rattler included. With none of them the
        system's store holds. `UV_INSECURE_HOST` and `PIP_TRUSTED_HOST` name hosts that may be met without https.""",
    "proxies": """`HTTPS_PROXY`, `HTTP_PROXY`, `ALL_PROXY`, `NO_PROXY`, also as `https-proxy` and so on in uv.toml; else
        `PIP_PROXY`, and `proxy` of pip's settings. For every client.""",
    "the active environment": "`VIRTUAL_ENV`, `CONDA_PREFIX`: what `tfsetup doctor` looks at when nothing is named.",
    "conda": """`CONDARC`, `CONDA_PKGS_DIRS`, `CONDA_CHANNEL_ALIAS`, `CONDA_EXE`, `RATTLER_CACHE_DIR`: as conda and
        rattler take them.""",
    "the shell": """`NU_VERSION`, `PSModulePath`, `SHELL`, `PROMPT`: in whose words `tfsetup install` says how its
        environment is activated.""",
    "the loader": "`LD_LIBRARY_PATH`: a part of the prediction for this machine, as the loader would use it.",
}
"""Variables of other programs that tfsetup heeds, by what they are about."""

SYSTEM: Final = frozenset({
    "APPDATA", "LOCALAPPDATA", "PATH", "PROCESSOR_ARCHITECTURE", "XDG_CACHE_HOME", "XDG_CONFIG_DIRS", "XDG_CONFIG_HOME",
    "XDG_STATE_HOME", "XDG_DATA_HOME", "HOME", "UV_CACHE_DIR", "UV_PYTHON_INSTALL_DIR",
})  # fmt: skip
"""The system's and uv's own words for where things are."""


PAGES: Final = (
    "commands.md", "exit-codes.md", "environment.md", "json.md", "files.md", "chips.md", "kernels.md", "checks.md",
    "alternatives.md",
)  # fmt: skip
"""The pages, by their files' names."""


@cache
def page(name: str) -> str:
    """Return the text of a page."""
    made = {
        "commands.md": _commands,
        "exit-codes.md": _exit_codes,
        "environment.md": _environment,
        "json.md": _json,
        "files.md": _files,
        "chips.md": _chips,
        "kernels.md": kernels,
        "checks.md": _checks,
        "alternatives.md": _alternatives,
    }
    return _MADE + "\n".join(made[name]())


def main() -> None:
    """Write the pages."""
    FOLDER.mkdir(exist_ok=True, parents=True)
    for name in PAGES:
        (FOLDER / name).write_text(page(name), encoding="utf-8")
        sys.stdout.write(f"docs/reference/{name}\n")


# -------------------------------------------------------------------------------------------------------- commands


def _commands() -> Iterator[str]:
    yield "# Commands\n"
    yield "`tfsetup [GLOBAL OPTIONS] COMMAND [OPTIONS]`. With `--json` a command prints exactly one JSON document on"
    yield "stdout; progress goes to stderr. How it ended is the [exit status](exit-codes.md).\n"
    import typer.main

    yield "## Global options\n"
    yield from _options(typer.main.get_command(app))
    for name in COMMANDS:
        command = load_command(name)
        parts: Mapping[str, Any] = getattr(command, "commands", {})
        if not parts:
            yield from _command(f"tfsetup {name}", command)
        for part, of_it in parts.items():
            yield from _command(f"tfsetup {name} {part}", of_it)


def _command(name: str, command: Any) -> Iterator[str]:
    words = [_word(one) for one in command.params if one.param_type_name == "argument"]
    yield f"## `{' '.join([name, *words])}`\n"
    yield f"{(command.help or '').strip()}\n"
    yield from _options(command)


def _word(argument: Any) -> str:
    return str(argument.make_metavar(None) if not argument.metavar else argument.metavar)


def _options(command: Any) -> Iterator[str]:
    rows = [(_spelling(one), _help(one)) for one in command.params if one.help and not getattr(one, "hidden", False)]
    if rows:
        yield from table(("option", "what it does"), rows)


def _spelling(option: Any) -> str:
    if option.param_type_name == "argument":
        return f"`{_word(option)}`"
    names = ", ".join([*option.opts, *option.secondary_opts])
    choices = getattr(option.type, "choices", None)
    value = option.metavar or ("|".join(map(str, choices)) if choices else option.type.name.upper())
    many = "…" if option.multiple else ""
    return f"`{names}`" if option.is_flag else f"`{names} {value}`{many}"


def _help(option: Any) -> str:
    default = option.default
    shown = default not in (None, False, (), []) and not callable(default) and getattr(option, "show_default", True)
    return f"{option.help} Default: `{getattr(default, 'value', default)}`." if shown else str(option.help)


# ------------------------------------------------------------------------------------------- exit codes, variables


def _exit_codes() -> Iterator[str]:
    yield "# Exit codes\n"
    yield "`code` is `error.code` of the JSON envelope, where a command could not do its work (`status: error`). A"
    yield "command that did its work and whose answer is no has `status: failed` and no error.\n"
    rows = [
        ("0", "", "done; the answer is yes"),
        *((str(one.exit_status), f"`{one.slug}`", one.meaning) for one in Code),
    ]
    yield from table(("exit status", "code", "meaning"), rows)


def _environment() -> Iterator[str]:
    yield "# Environment variables\n"
    yield "## tfsetup's own\n"
    yield from table(("variable", "meaning"), [(f"`{name}`", meaning) for name, meaning in OWN.items()])
    yield "## Heeded\n"
    yield from table(("about", "variables"), list(TAKEN.items()))
    yield "## What a child process sees\n"
    yield "What is installed must stand on its own: programs that tfsetup starts (uv, interpreters, the verification)"
    yield "do not see the variables of this list. Of uv's and pip's own only those further below stay.\n"
    yield from table(("variable", "because it"), [(f"`{name}`", why) for name, why in REMOVED.items()])
    yield "Kept, because they say where and how to fetch, where to keep, and how to show that:"
    yield ", ".join(f"`{name}`" for name in sorted(KEPT)) + ", `UV_HTTP_*`, `UV_CONCURRENT_*`,"
    yield "`UV_INDEX_<NAME>_USERNAME`, `UV_INDEX_<NAME>_PASSWORD`.\n"


# ------------------------------------------------------------------------------------------------------------ JSON


def _json() -> Iterator[str]:
    yield "# JSON\n"
    yield "Every command with `--json` prints one document, an [`Envelope`](#envelope). What stands in `data` and"
    yield "`findings` is below, by command; then every type, key by key. A later version may add keys: pass over those"
    yield "you do not know. `tfsetup schema COMMAND` prints the same as a JSON schema.\n"
    types: dict[str, Mapping[str, Any]] = {}
    rows = []
    for name in ANSWERS:
        document = schema_of(name)
        _add(types, document["$defs"])
        answered = document["else"]["properties"]
        rows.append((f"`{name}`", _type(answered["data"]), _type(answered["findings"])))
    yield from table(("command", "`data`", "`findings`"), rows)
    yield from _types(types)


def _files() -> Iterator[str]:
    yield "# Files\n"
    yield 'The JSON files that `tfsetup` reads or writes. In a host file a key that is left out means "could not tell",'
    yield 'which is not the same as an empty list: "looked, and there is none". `tfsetup host --json > host.json`'
    yield "writes one.\n"
    types: dict[str, Mapping[str, Any]] = {}
    rows = []
    for name in FILES:
        document = schema_of(name)
        _add(types, document["$defs"])
        rows.append((f"`{name}`", _type(document)))
    yield from table(("file", "type"), rows)
    yield from _types(types)


def _chips() -> Iterator[str]:
    chips = read_chips()
    yield reference_chips.introduction(chips)
    yield from table(reference_chips.APPLE, tuple(reference_chips.apple(chips)))
    yield reference_chips.CPU
    yield from table(reference_chips.CPU_HEAD, tuple(reference_chips.cpus(chips)))
    yield reference_chips.NVIDIA
    yield from table(reference_chips.NVIDIA_HEAD, tuple(reference_chips.nvidia(chips)))


def _alternatives() -> Iterator[str]:
    known, opened = read_alternatives(), read_openings()
    yield reference_alternatives.introduction(known, read_matrix())
    yield from table(reference_alternatives.HEAD, tuple(reference_alternatives.releases(known)))
    yield reference_alternatives.OPENINGS
    yield from table(reference_alternatives.OPENINGS_HEAD, tuple(reference_alternatives.openings(known, opened)))
    yield reference_alternatives.KNOWN
    for one in known.alternatives:
        yield from reference_alternatives.facts(one)
    yield reference_alternatives.LEFT_OUT
    yield from map(reference_alternatives.left_out, known.left_out)
    yield ""


def _checks() -> Iterator[str]:
    yield reference_checks.introduction() + "\n"
    for heading, rows in reference_checks.tables():
        yield f"## {heading}\n"
        yield from table(reference_checks.HEAD, rows)
    yield reference_checks.beside() + "\n"


def _add(types: dict[str, Mapping[str, Any]], more: Mapping[str, Mapping[str, Any]]) -> None:
    """Add definitions by name; one name must not mean two types, or a link would lead to the wrong one.

    One type can stand in two places of which one leaves out what could not be told: its keys are optional then.
    """
    for name, definition in more.items():
        known = types.setdefault(name, definition)
        if known["properties"] != definition["properties"]:
            raise ValueError(f"two types are called {name}")
        required = [key for key in known.get("required", ()) if key in definition.get("required", ())]
        types[name] = {**definition, "required": required}


def _types(types: Mapping[str, Mapping[str, Any]]) -> Iterator[str]:
    for name, definition in sorted(types.items()):
        yield f"## {name}\n"
        yield " ".join(str(definition.get("description", "")).split("\n\n")[0].split()) + "\n"
        required = definition.get("required", ())
        rows = [
            (f"`{key}`" + ("" if key in required else " (optional)"), _type(field), str(field.get("description", "")))
            for key, field in definition.get("properties", {}).items()
        ]
        if rows:
            yield from table(("key", "type", "meaning"), rows)


def _type(schema: Mapping[str, Any]) -> str:
    """Say a JSON schema in few words, with links to the types it refers to."""
    found = "anything"
    match schema:
        case {"$ref": str(where)}:
            name = where.rpartition("/")[2]
            found = f"[{name}](#{name.lower()})"
        case {"anyOf": list(parts)}:
            found = " or ".join(_type(part) for part in parts)
        case {"enum": list(values)}:
            found = ", ".join(f"`{value}`" for value in values)
        case {"items": items}:
            found = f"list of {_type(items)}"
        case {"maxItems": 0}:
            found = "empty"
        case {"type": "object", "additionalProperties": dict(values)}:
            found = f"object of {_type(values)}"
        case {"type": str(name)}:
            found = {"integer": "whole number", "boolean": "true or false"}.get(name, name)
    return found


if __name__ == "__main__":
    main()
