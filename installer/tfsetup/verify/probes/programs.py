"""Starts one program of this environment, or imports packages one after another, without reaching for the network.

A program is its entry point: the module is imported and its function called, as the console script does it. Whatever
dies, dies here; what is said about it goes to the channel before the next step.
"""

from __future__ import annotations

import faulthandler
import importlib
import sys
import time
from typing import Any

from .channel import Channel, describe

_LOOPBACK = ("127.", "localhost", "::1")
_ASKS = ("socket.connect", "socket.getaddrinfo", "socket.gethostbyname", "socket.sendto", "socket.bind")


class NoNetworkError(OSError):
    """This check reaches for no other machine."""


def run(channel: Channel, options: dict[str, Any]) -> None:
    """Do what `options` say: `modules` to import, or a `program` (name, module, attribute) with `arguments`."""
    faulthandler.enable()
    _stay_here(channel)
    for name in options.get("modules") or ():
        _import(channel, name)
    if options.get("program"):
        _start(channel, options["program"], options.get("arguments") or [])
    channel.send("done")


def _stay_here(channel: Channel) -> None:
    """Refuse Python's own ways to other machines (3.8 and newer can be asked to); compiled code is not seen."""

    def heard(event: str, arguments: tuple[Any, ...]) -> None:
        if event in _ASKS and not _near(event, arguments):
            where = shown(event, arguments)
            channel.send("network", where=where)
            raise NoNetworkError("no network in this check: " + where)

    if hasattr(sys, "addaudithook"):
        sys.addaudithook(heard)


def _near(event: str, arguments: tuple[Any, ...]) -> bool:
    address = _address(event, arguments)
    host = address[0] if isinstance(address, tuple) and address else address
    return not isinstance(host, str) or not host or host.startswith(_LOOPBACK) or host.startswith("/")


def _address(event: str, arguments: tuple[Any, ...]) -> Any:
    place = 0 if event in {"socket.getaddrinfo", "socket.gethostbyname"} else 1
    return arguments[place] if len(arguments) > place else None


def shown(event: str, arguments: tuple[Any, ...]) -> str:
    """Return the address that was asked for, for people."""
    address = _address(event, arguments)
    return ":".join(str(part) for part in address[:2]) if isinstance(address, tuple) else str(address)


def _import(channel: Channel, name: str) -> None:
    started = time.perf_counter()
    channel.send("begin", phase=name)
    try:
        importlib.import_module(name)
    except BaseException as error:  # a module may call sys.exit() or raise anything while it is imported
        channel.send("error", phase=name, **describe(error))
    else:
        channel.send("end", phase=name, seconds=time.perf_counter() - started)


def _start(channel: Channel, program: dict[str, str], arguments: list[str]) -> None:
    channel.send("begin", phase="import")
    try:
        function: Any = importlib.import_module(program["module"])
        for part in program["attribute"].split("."):
            function = getattr(function, part)
    except BaseException as error:  # as above
        channel.send("error", phase="import", **describe(error))
        return
    channel.send("end", phase="import")
    sys.argv = [program["name"], *arguments]
    channel.send("begin", phase="call")
    try:
        function()
    except SystemExit as asked:
        channel.send("end", phase="call", status=asked.code)
    except BaseException as error:
        channel.send("error", phase="call", broken=isinstance(error, _BROKEN), **describe(error))
    else:
        channel.send("end", phase="call", status=0)


_BROKEN = (ImportError, AttributeError, NameError, SyntaxError)
"""What no argument of a program causes: something that it was written against is no longer there."""
