"""Both forms of a lock: the exact bytes, and that reading gives back what was written."""

from __future__ import annotations

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.locks import HOST, origin, package, sha
from tfsetup.errors import InvalidFileError
from tfsetup.locks.cure import cure_wheel
from tfsetup.locks.model import Form, Lock, LockedFile, LockedPackage, Origin, file_name
from tfsetup.locks.venv.portable import read_portable
from tfsetup.locks.venv.pylock import read_pylock
from tfsetup.locks.venv.write import environment, write_lock

PACKAGES = (
    package("beta", "2.0", "cp312-cp312-macosx_14_0_arm64", "cp312-cp312-macosx_11_0_arm64"),
    package("alpha", "1.0"),
)


def read(lock: Lock, sdists: tuple[str, ...] = ()) -> Lock:
    reader = read_pylock if lock.form == "pylock" else read_portable
    return reader(lock.text, file="lock", sdists=sdists)


def test_the_form_with_addresses() -> None:
    lock = write_lock(PACKAGES, origin(), "pylock")
    a, b, c = (
        "alpha-1.0-py3-none-any.whl",
        "beta-2.0-cp312-cp312-macosx_11_0_arm64.whl",
        "beta-2.0-cp312-cp312-macosx_14_0_arm64.whl",
    )
    assert lock.origin is not None
    assert lock.text == (
        'lock-version = "1.0"\n'
        "environments = [\"sys_platform == 'darwin' and platform_machine == 'arm64'\"]\n"
        'requires-python = "==3.12.*"\n'
        'created-by = "tfsetup lock"\n'
        "\n"
        "[[packages]]\n"
        'name = "alpha"\n'
        'version = "1.0"\n'
        "wheels = [\n"
        f'    {{ url = "{HOST}/{a}", size = 10, hashes = {{ sha256 = "{sha(a)}" }} }},\n'
        "]\n"
        "\n"
        "[[packages]]\n"
        'name = "beta"\n'
        'version = "2.0"\n'
        "wheels = [\n"
        f'    {{ url = "{HOST}/{b}", size = 10, hashes = {{ sha256 = "{sha(b)}" }} }},\n'
        f'    {{ url = "{HOST}/{c}", size = 10, hashes = {{ sha256 = "{sha(c)}" }} }},\n'
        "]\n"
        "\n"
        "[tool.tfsetup]\n"
        'row = "macos-arm64-metal"\n'
        'platform = "aarch64-apple-darwin"\n'
        'python = "3.12"\n'
        'macos = "14.0"\n'
        'requirements = ["alpha==1.0"]\n'
        f'digest = "{lock.origin.digest}"\n'
        "schema = 1\n"
        'rules.versions = "0000000000000000"\n'
        f'sums.alpha = "{lock.origin.sums["alpha"]}"\n'
        f'sums.beta = "{lock.origin.sums["beta"]}"\n'
    )


def test_the_portable_form_names_no_address() -> None:
    lock = write_lock(PACKAGES, origin(), "portable")
    assert lock.origin is not None
    assert lock.text == (
        "# Written by `tfsetup lock`; write it anew rather than editing it. No address stands in it, so that it works "
        "with\n"
        "# any index or mirror: `tfsetup install` takes it, and so does `pip install --require-hashes --no-deps -r`.\n"
        '#: row = "macos-arm64-metal"\n'
        '#: platform = "aarch64-apple-darwin"\n'
        '#: python = "3.12"\n'
        '#: macos = "14.0"\n'
        '#: requirements = ["alpha==1.0"]\n'
        f'#: digest = "{lock.origin.digest}"\n'
        "#: schema = 1\n"
        '#: rules.versions = "0000000000000000"\n'
        "\n"
        "# alpha-1.0-py3-none-any.whl 10\n"
        "alpha==1.0 \\\n"
        f"    --hash=sha256:{sha('alpha-1.0-py3-none-any.whl')}\n"
        "\n"
        "# beta-2.0-cp312-cp312-macosx_11_0_arm64.whl 10\n"
        "# beta-2.0-cp312-cp312-macosx_14_0_arm64.whl 10\n"
        "beta==2.0 \\\n"
        f"    --hash=sha256:{sha('beta-2.0-cp312-cp312-macosx_11_0_arm64.whl')} \\\n"
        f"    --hash=sha256:{sha('beta-2.0-cp312-cp312-macosx_14_0_arm64.whl')}\n"
        "\n"
        f'#: sums.alpha = "{lock.origin.sums["alpha"]}"\n'
        f'#: sums.beta = "{lock.origin.sums["beta"]}"\n'
    )
    assert "://" not in lock.text


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_the_order_in_which_packages_come_changes_nothing(form: Form) -> None:
    turned = tuple(replace(each, wheels=each.wheels[::-1]) for each in PACKAGES[::-1])
    assert write_lock(turned, origin(), form).text == write_lock(PACKAGES, origin(), form).text


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_a_changed_version_is_a_short_diff(form: Form) -> None:
    before = write_lock(PACKAGES, origin(), form).text.splitlines()
    after = write_lock((PACKAGES[0], package("alpha", "1.1")), origin(), form).text.splitlines()
    changed = [line for line in after if line not in before]
    assert len(changed) <= 4
    assert all("beta" not in line for line in changed)


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_an_installation_s_own_lock_has_no_note(form: Form) -> None:
    lock = write_lock(PACKAGES, None, form)
    assert lock.origin is None
    assert "row" not in lock.text
    assert read(lock) == lock


@pytest.mark.parametrize(
    ("platform", "expected"),
    [
        ("aarch64-apple-darwin", "sys_platform == 'darwin' and platform_machine == 'arm64'"),
        ("x86_64-apple-darwin", "sys_platform == 'darwin' and platform_machine == 'x86_64'"),
        ("x86_64-manylinux_2_28", "sys_platform == 'linux' and platform_machine == 'x86_64'"),
        ("aarch64-manylinux_2_28", "sys_platform == 'linux' and platform_machine == 'aarch64'"),
        ("x86_64-pc-windows-msvc", "sys_platform == 'win32' and platform_machine == 'AMD64'"),
    ],
)
def test_a_lock_names_its_environment(platform: str, expected: str) -> None:
    from packaging.markers import Marker

    assert environment(origin(platform=platform)) == expected
    assert str(Marker(expected))


def test_names_of_files() -> None:
    assert file_name("pylock", "linux-x86_64-cpu") == "pylock.linux-x86_64-cpu.toml"
    assert file_name("portable", "linux-x86_64-cpu-py311") == "requirements.linux-x86_64-cpu-py311.txt"


def test_a_source_distribution_is_written_where_the_row_allows_it() -> None:
    source = LockedFile(filename="old-1.0.tar.gz", size=5, sha256=sha("old"), url=f"{HOST}/old-1.0.tar.gz")
    old = LockedPackage(name="old", version="1.0", wheels=(), sdist=source)
    noted = origin(sdists=("old",))
    for form in ("pylock", "portable"):
        lock = write_lock((old,), noted, form)
        assert read(lock).packages == lock.packages
        assert read(lock).packages[0].sdist is not None


def test_a_file_whose_address_does_not_end_in_its_name_keeps_it() -> None:
    odd = LockedFile(filename="alpha-1.0-py3-none-any.whl", size=1, sha256=sha("x"), url=f"{HOST}/get?file=17")
    lock = write_lock((LockedPackage(name="alpha", version="1.0", wheels=(odd,)),), None, "pylock")
    assert 'name = "alpha-1.0-py3-none-any.whl", url = "https://files.example/get?file=17"' in lock.text
    assert read(lock).packages[0].wheels == (odd,)


NAMES = st.from_regex(r"[a-z0-9]{1,6}(-[a-z0-9]{1,4}){0,2}", fullmatch=True)
VERSIONS = st.from_regex(r"(0|[1-9][0-9]{0,2})(\.(0|[1-9][0-9]{0,2})){1,3}(rc[1-9]|\.post[1-9])?", fullmatch=True)
TAGS = st.sampled_from(
    ["py3-none-any", "cp312-cp312-macosx_11_0_arm64", "cp312-cp312-macosx_14_0_arm64", "cp312-abi3-win_amd64"]
)
MARKERS = st.sampled_from([None, 'python_version < "3.13"', 'sys_platform == "darwin"'])


@st.composite
def packages(draw: st.DrawFn) -> tuple[LockedPackage, ...]:
    names = draw(st.lists(NAMES, unique=True, min_size=1, max_size=5))
    return tuple(
        package(name, draw(VERSIONS), *draw(st.lists(TAGS, min_size=1, max_size=3, unique=True)), marker=draw(MARKERS))
        for name in names
    )


@st.composite
def origins(draw: st.DrawFn) -> Origin:
    text = st.text(max_size=12).filter(lambda value: "\r" not in value and value.isprintable())
    return origin(
        row=draw(NAMES),
        team=tuple(draw(st.lists(text, max_size=3))),
        tensorflow=draw(st.none() | VERSIONS),
        pre=draw(st.booleans()),
        rules=draw(st.dictionaries(NAMES, NAMES, max_size=3)),
    )


@given(packages(), origins() | st.none(), st.sampled_from(["pylock", "portable"]))
def test_what_is_written_is_what_is_read(found: tuple[LockedPackage, ...], noted: Origin | None, form: Form) -> None:
    lock = write_lock(found, noted, form)
    again = read(lock)
    assert again.packages == lock.packages
    assert [(p.name, p.version, p.marker) for p in again.packages] == sorted(
        ((p.name, p.version, p.marker) for p in found), key=lambda each: each[0]
    )
    if noted is not None:
        assert again.origin is not None
        assert again.origin.digest == lock.origin.digest  # type: ignore[union-attr]
        assert (again.origin.team, again.origin.tensorflow) == (noted.team, noted.tensorflow)


@given(packages(), st.data())
def test_any_edit_of_a_version_or_a_hash_is_found(found: tuple[LockedPackage, ...], data: st.DataObject) -> None:
    from tfsetup.errors import InvalidFileError

    form: Form = data.draw(st.sampled_from(["pylock", "portable"]))
    lock = write_lock(found, origin(), form)
    chosen = data.draw(st.sampled_from(lock.packages))
    forged = lock.text.replace(chosen.files[0].sha256, sha("forged"))
    with pytest.raises(InvalidFileError, match="is not what tfsetup wrote"):
        read(replace(lock, text=forged))


ONE = {"TURN_OFF_REMAPPER": "1"}


def test_the_portable_form_carries_no_cure_and_says_what_to_add() -> None:
    lock = write_lock([*PACKAGES, cure_wheel(ONE).package], origin(cures=ONE), "portable")
    assert "tfsetup-cures" not in lock.text
    assert [one.name for one in lock.packages] == ["alpha", "beta"]
    assert lock.text.splitlines()[2:6] == [
        "# Known defects of what is locked make results wrong, unless every process sees what follows. `tfsetup",
        "# install` sees to that; after any other installation, add it to where processes get their environment:",
        "#   export TURN_OFF_REMAPPER=1",
        '#: row = "macos-arm64-metal"',
    ]
    assert read(lock) == lock


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_what_cures_is_in_the_note_and_an_edit_of_it_is_found(form: Form) -> None:
    lock = write_lock(PACKAGES, origin(cures=ONE), form)
    again = read(lock)
    assert again.origin is not None
    assert (again.origin.cures, again.origin.without_cures) == (ONE, False)
    for changed in (
        lock.text.replace('REMAPPER = "1"', 'REMAPPER = "0"'),
        "".join(line for line in lock.text.splitlines(keepends=True) if "cures." not in line),
    ):
        with pytest.raises(InvalidFileError, match="not what tfsetup wrote"):
            read(replace(lock, text=changed))


@pytest.mark.parametrize("form", ["pylock", "portable"])
def test_that_the_cures_were_left_out_is_in_the_note(form: Form) -> None:
    lock = write_lock(PACKAGES, origin(without_cures=True), form)
    assert "without_cures = true\n" in lock.text
    again = read(lock)
    assert again.origin is not None
    assert again.origin.without_cures


def test_a_note_without_anything_to_cure_is_as_it_was_before_there_were_cures() -> None:
    sealed = write_lock(PACKAGES, origin(), "pylock").origin
    assert sealed is not None
    assert sealed.digest == "bde59ca0626c9d83e74f971ae35f33df4ef0d746fa17f630708f741f9665f2c3"
