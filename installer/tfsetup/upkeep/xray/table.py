"""How a table of answers is written: a function says which imports it answers."""

from __future__ import annotations

from collections.abc import Callable, Iterable

from tfsetup.upkeep.xray.machine import Answer


class Table(dict[str, Answer]):
    """Answers by the name of the import, as it stands in images (with its leading underscore)."""

    def to(self, *names: str) -> Callable[[Answer], Answer]:
        """Return a decorator: the function answers these imports. Two answers to one import are a mistake."""

        def enter(answer: Answer) -> Answer:
            for name in names:
                if name in self:
                    raise ValueError(f"{name} has two answers")
                self[name] = answer
            return answer

        return enter

    def all(self, names: Iterable[str], result: int | None) -> None:
        """Answer these imports with one and the same number, whatever they are asked; None: with nothing."""
        self.to(*names)(lambda _machine: result)
