"""Switches of TensorFlow that may make it faster on a machine, as data: `environments/switches.json`. Pure.

None of them is good everywhere, which is why `verify --tune` measures them and nothing else decides.
"""

from __future__ import annotations

from typing import Final, Literal

from tfsetup.ground.values import value

SWITCHES: Final = "switches.json"
Kind = Literal["CPU", "GPU"]


@value
class Switch:
    """One thing to try. `device`: what it is about, and is measured on. `what` it does goes after "uses".

    It is a `variable` with `values` to try in this order (`threads`: they follow from the machine), or a `variant`,
    which a user's own `program` must ask for. `shown_by`: the fact of the build that follows the variable, where there
    is one. `needs`: what the device must have. `costs`: what it takes away besides digits. `source`: where its makers
    describe it.
    """

    id: str
    device: Kind
    what: str
    source: str
    variable: str = ""
    values: tuple[str, ...] = ()
    threads: Literal["intra", "inter"] | None = None
    variant: str = ""
    program: str = ""
    costs: str = ""
    shown_by: Literal["onednn"] | None = None
    needs: Literal["compiler"] | None = None


@value
class Switches:
    """All that are known, in the order in which they are tried."""

    schema: int
    switches: tuple[Switch, ...]
