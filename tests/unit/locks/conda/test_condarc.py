"""conda's settings: merging files, finding channels, hiding what is secret."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from tfsetup.errors import InvalidFileError
from tfsetup.ground.redaction import public
from tfsetup.locks.conda.condarc import Settings, channels, mirrors, private, settings


def test_without_files_nothing_is_set() -> None:
    assert settings([], {}) == Settings()
    assert settings([("empty", None)], {}) == Settings()


def test_a_more_specific_file_wins_and_its_lists_stand_first() -> None:
    general = {"channels": ["a", "b"], "channel_alias": "https://one.example", "channel_priority": "disabled"}
    special = {"channels": ["c", "a"], "channel_alias": "https://two.example", "offline": True}
    found = settings([("general", general), ("special", special)], {})
    assert found.channels == ("c", "a", "b")
    assert found.alias == "https://two.example"
    assert found.offline
    assert not found.strict


def test_one_channel_as_text_is_a_list_of_one() -> None:
    assert settings([("f", {"channels": "one"})], {}).channels == ("one",)


def test_the_environment_comes_last() -> None:
    environ = {"CONDA_PKGS_DIRS": "/x,/y", "CONDA_CHANNEL_ALIAS": "https://env.example"}
    found = settings([("f", {"pkgs_dirs": ["/z"], "channel_alias": "https://file.example"})], environ)
    assert found.package_folders == ("/x", "/y", "/z")
    assert found.alias == "https://env.example"


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (["channels"], "a mapping"),
        ({"channels": {"a": "b"}}, "`channels` must be a list"),
        ({"pkgs_dirs": [1]}, "`pkgs_dirs` must be a list"),
        ({"custom_channels": ["a"]}, "`custom_channels` must be a mapping"),
        ({"mirrored_channels": {"a": "https://one.example"}}, "`mirrored_channels` must be a mapping of lists"),
    ],
)
def test_a_file_of_another_shape_is_named(content: Any, says: str) -> None:
    with pytest.raises(InvalidFileError, match=says) as caught:
        settings([("my/.condarc", content)], {})
    assert str(caught.value.where) == "my/.condarc"


@pytest.mark.parametrize(
    ("mine", "expected"),
    [
        (Settings(), ("conda-forge",)),
        (Settings(alias="https://mirror.example/conda/"), ("https://mirror.example/conda/conda-forge",)),
        (Settings(custom={"conda-forge": "file:///srv/"}), ("file:///srv/conda-forge",)),
        (Settings(mirrors={"conda-forge": ("https://a.example/cf/", "https://b.example/cf")}), ("https://a.example/cf",)),
        (Settings(multi={"conda-forge": ("https://a.example/x", "y")}, alias="https://z.example"),
         ("https://a.example/x", "https://z.example/y")),
    ],
    ids=["rattler's default", "alias", "custom", "mirrored", "several"],
)  # fmt: skip
def test_a_channel_is_where_the_settings_say(mine: Settings, expected: tuple[str, ...]) -> None:
    assert channels(["conda-forge"], mine) == expected


def test_a_custom_channel_may_be_the_first_part_of_a_name() -> None:
    mine = Settings(custom={"team": "https://conda.example/repo"})
    assert channels(["team/label/dev"], mine) == ("https://conda.example/repo/team/label/dev",)


def test_the_row_s_channels_come_first_unless_the_user_orders_them() -> None:
    assert channels(["conda-forge"], Settings(channels=("mine", "defaults"))) == ("conda-forge", "mine")
    assert channels(["conda-forge"], Settings(channels=("mine", "conda-forge"))) == ("mine", "conda-forge")


def test_defaults_is_not_added_by_itself() -> None:
    mine = Settings(channels=("defaults",), defaults=("https://repo.example/main",))
    assert channels(["conda-forge"], mine) == ("conda-forge",)


def test_several_http_mirrors_are_for_the_client_to_choose() -> None:
    mine = Settings(mirrors={"a": ("https://one.example/a/", "https://two.example/a"), "b": ("file:///b", "file:///c")})
    assert mirrors(mine) == {"https://one.example/a": ["https://one.example/a", "https://two.example/a"]}


@pytest.mark.parametrize(
    ("secret", "plain"),
    [
        ("https://me:word@conda.example/forge", "https://conda.example/forge"),
        ("https://conda.example/t/tk-123-abc/forge", "https://conda.example/forge"),
        ("file:///srv/channel", "file:///srv/channel"),
    ],
)
def test_secrets_do_not_go_into_a_lock_and_come_back_for_fetching(secret: str, plain: str) -> None:
    package = "/noarch/tool-1.0-h0_0.conda"
    assert public(secret + package) == plain + package
    assert private(plain + package, [secret]) == secret + package
    assert private("https://other.example/x.conda", [secret]) == "https://other.example/x.conda"


@given(
    st.dictionaries(
        st.sampled_from(["channels", "pkgs_dirs", "custom_channels", "mirrored_channels", "channel_alias", "offline"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(max_size=5),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=3), inner, max_size=3),
            max_leaves=6,
        ),
    )
)
def test_whatever_stands_in_a_condarc_is_taken_or_named(content: dict[str, Any]) -> None:
    try:
        found = settings([("f", content)], {})
    except InvalidFileError as error:
        assert error.hint  # noqa: PT017 - taken or named, both are right
    else:
        assert all(isinstance(name, str) for name in found.channels)
        assert channels(["conda-forge"], found)
