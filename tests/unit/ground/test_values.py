"""A value is the frozen dataclass it stands for, whatever is asked of it; only its functions are not written before."""

from __future__ import annotations

import copy
import inspect
import pickle
from collections.abc import Callable, Mapping
from dataclasses import FrozenInstanceError, asdict, astuple, dataclass, field, fields, is_dataclass, replace
from types import FunctionType
from typing import Any, Generic, TypeVar

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.examples import examples
from tfsetup.ground import values
from tfsetup.ground.values import value

T_co = TypeVar("T_co", covariant=True)


def thing(make: Callable[[type], type]) -> Any:
    """Return a class of one kind or the other."""

    @make
    class Thing:
        """A thing."""

        name: str
        size: int = 0
        parts: tuple[str, ...] = ()
        more: Mapping[str, int] = field(default_factory=dict)
        note: str = field(default="", compare=False, repr=False)

        @property
        def long(self) -> str:
            return f"{self.name} of {self.size}"

    return Thing


OURS, THEIRS = thing(value), thing(dataclass(frozen=True, kw_only=True, slots=True))
CONTENT = st.fixed_dictionaries(
    {"name": st.sampled_from(["a", "b", ""])},
    optional={
        "size": st.sampled_from([0, 1, True]),
        "parts": st.lists(st.sampled_from("xy"), max_size=2).map(tuple),
        "more": st.dictionaries(st.sampled_from("kl"), st.integers(0, 1), max_size=2),
        "note": st.sampled_from(["", "n"]),
    },
)


@examples(3)
@given(one=CONTENT, other=CONTENT)
def test_it_compares_shows_and_takes_apart_as_a_dataclass_does(one: dict[str, Any], other: dict[str, Any]) -> None:
    ours, theirs = (OURS(**one), OURS(**other)), (THEIRS(**one), THEIRS(**other))
    assert (ours[0] == ours[1]) is (theirs[0] == theirs[1])
    assert (ours[0] != ours[1]) is (theirs[0] != theirs[1])
    assert repr(ours[0]) == repr(theirs[0])
    assert asdict(ours[0]) == asdict(theirs[0])
    assert astuple(ours[0]) == astuple(theirs[0])
    assert asdict(replace(ours[0], **other)) == asdict(replace(theirs[0], **other))
    assert ours[0].long == theirs[0].long


@value
class Small:
    """A value that pickle finds."""

    name: str
    size: int = 1


@value
class Nothing:
    """A value without a field."""


def _pickled(made: object) -> object:
    return pickle.loads(pickle.dumps(made))  # noqa: S301 - our own


@pytest.mark.parametrize("made", [Small(name="a"), Small(name="a", size=2), Nothing()])
@pytest.mark.parametrize("again", [copy.copy, copy.deepcopy, _pickled])
def test_a_copy_is_equal_and_as_frozen(made: Any, again: Callable[[Any], Any]) -> None:
    found = again(made)
    assert found == made
    assert hash(found) == hash(made)
    with pytest.raises(FrozenInstanceError):
        found.name = "b"


def test_the_class_is_a_dataclass_with_the_same_fields_and_the_same_signature() -> None:
    assert is_dataclass(thing(value))
    ours, theirs = ([(f.name, f.type, f.default, f.kw_only) for f in fields(kind)] for kind in (OURS, THEIRS))
    assert ours == theirs
    assert str(inspect.signature(OURS)) == str(inspect.signature(THEIRS))
    assert OURS.__slots__ == THEIRS.__slots__
    assert OURS.__dataclass_params__.frozen
    assert OURS.__match_args__ == ()
    assert not hasattr(OURS(name="a"), "__dict__")


@pytest.mark.parametrize(
    "wrong",
    [
        lambda kind: kind(),
        lambda kind: kind("a"),
        lambda kind: kind(name="a", colour="red"),
        lambda kind: setattr(kind(name="a"), "name", "b"),
        lambda kind: delattr(kind(name="a"), "name"),
        lambda kind: hash(kind(name="a", more={})),
        lambda kind: replace(kind(name="a"), colour="red"),
        lambda kind: kind(name="a") < kind(name="b"),
    ],
)
def test_what_a_dataclass_refuses_it_refuses_in_the_same_words(wrong: Callable[[type], object]) -> None:
    with pytest.raises(Exception, match=r".") as theirs:
        wrong(THEIRS)
    with pytest.raises(type(theirs.value)) as ours:
        wrong(OURS)
    assert str(ours.value) == str(theirs.value)


def test_nothing_can_be_hung_on_it() -> None:
    with pytest.raises(FrozenInstanceError, match="cannot assign to field 'colour'"):
        OURS(name="a").colour = "red"


def test_each_gets_a_default_of_its_own() -> None:
    assert OURS(name="a").more is not OURS(name="a").more


def test_another_class_of_the_same_fields_is_another_value() -> None:
    other = thing(value)
    assert other(name="a") != OURS(name="a")
    assert OURS(name="a") != "a"


def test_what_a_class_has_itself_stays() -> None:
    @value
    class Own:
        name: str

        def __post_init__(self) -> None:
            if not self.name:
                raise ValueError("no name")

        def __repr__(self) -> str:
            return f"<{self.name}>"

        def __eq__(self, other: object) -> bool:
            return isinstance(other, Own)

        def __hash__(self) -> int:
            return 7

    assert repr(Own(name="a")) == "<a>"
    assert Own(name="a") == Own(name="b")
    assert hash(Own(name="a")) == 7
    with pytest.raises(ValueError, match="no name"):
        Own(name="")


@pytest.mark.parametrize("make", [value, dataclass(frozen=True, kw_only=True, slots=True)])
def test_fields_that_nobody_hands_over(make: Callable[[type], type]) -> None:
    @make
    class Named:
        name: str
        short: str = field(init=False)
        kind: str = field(init=False, default="k")
        parts: list[str] = field(init=False, default_factory=list)

        def __post_init__(self) -> None:
            object.__setattr__(self, "short", self.name[:1])

    kind: Any = Named
    made = kind(name="abc")
    assert (made.short, made.kind, made.parts) == ("a", "k", [])
    assert list(inspect.signature(kind).parameters) == ["name"]
    assert made == kind(name="abc")
    with pytest.raises(TypeError, match="unexpected keyword argument 'short'"):
        kind(name="abc", short="b")


def test_a_value_may_be_generic_but_has_no_heirs() -> None:
    @value
    class Fact(Generic[T_co]):
        value: T_co | None
        source: str = "s"

    assert Fact[int](value=1) == Fact(value=1, source="s")
    with pytest.raises(TypeError, match="frozen"):

        @value
        class Sure(Fact[int]):
            sure: bool = True


def test_what_is_decoded_is_what_is_made() -> None:
    decoded = msgspec.json.decode(b'[{"name": "a", "size": 2}, {"name": "b"}]', type=list[Small])
    assert decoded == [Small(name="a", size=2), Small(name="b")]
    with pytest.raises(msgspec.ValidationError, match="missing required field `name`"):
        msgspec.json.decode(b"{}", type=Small)


def thing_without_a_need() -> Any:
    @value
    class Free:
        size: int = 0

    return Free


def test_a_constructor_is_written_when_it_is_first_asked_for_and_once(monkeypatch: pytest.MonkeyPatch) -> None:
    written: list[str] = []
    write = values._written

    def seen(made: type) -> FunctionType:
        written.append(made.__name__)
        return write(made)

    monkeypatch.setattr(values, "_written", seen)
    kind = thing(value)
    repr(msgspec.json.decode(b"{}", type=thing_without_a_need()))
    assert written == []
    kind(name="a")
    kind(name="b")
    inspect.signature(kind)
    assert written == ["Thing"]
