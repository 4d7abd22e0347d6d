"""Plugins in a machine, one after the other: TensorFlow's framework library beside them is loaded once.

Its initializers take a second and a half, a plugin's own next to nothing. What one plugin does is undone before the
next one is put in its place, and each finds the machine as if it were the first.
"""

from __future__ import annotations

from collections.abc import Mapping

from tfsetup.upkeep.xray.images import NOTHING, Image
from tfsetup.upkeep.xray.machine import Answer, Machine, Past


class Stage:
    """Where plugins are put. `answers`: to imports; `environment`: the variables that all code sees."""

    def __init__(
        self, framework: Image, answers: Mapping[str, Answer], environment: Mapping[str, str] | None = None
    ) -> None:
        """Start with nothing loaded."""
        self._framework, self._answers = framework, answers
        self.environment = dict(environment or {})
        self._ready: tuple[Machine, Past] | None = None

    def put(self, plugin: Image) -> Machine:
        """Return a machine with a plugin in it, as it is when all initializers have run; it is the one until the next.

        The framework is there where the plugin takes anything from it.

        Raises:
            Fault: an initializer cannot be run.
            UsageError: the emulator is not installed.
        """
        if not _takes(plugin, self._framework, self._answers):
            machine = self._empty()
            machine.load(plugin)
        elif _takes(self._framework, plugin, self._answers):
            machine = self._empty()
            machine.load(plugin, self._framework)
            _initialize(machine, 1)
        else:
            machine, past = self._ready = self._ready or self._with_framework()
            machine.back_to(past)
            machine.exchange(plugin)
        machine.asked.clear()
        _initialize(machine, 0)
        return machine

    def _empty(self) -> Machine:
        return Machine(self._answers, self.environment)

    def _with_framework(self) -> tuple[Machine, Past]:
        machine = self._empty()
        machine.load(NOTHING, self._framework)
        _initialize(machine, 1)
        return machine, machine.past()


def _takes(one: Image, other: Image, answers: Mapping[str, Answer]) -> bool:
    """Tell whether an image takes anything of another one."""
    return bool((one.imports - one.exports.keys() - answers.keys()) & other.exports.keys())


def _initialize(machine: Machine, number: int) -> None:
    for initializer in machine.initializers(number):
        machine.call(initializer)
