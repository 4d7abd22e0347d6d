"""The first minute: a machine on which nothing has been done, an inspected network, and the first command of README."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from support.certificates import Made, make
from support.fresh_machine import Ended, Machine, Suite, borrowed, debian
from support.inspection import Inspecting, inspecting, real_index

pytestmark = [pytest.mark.e2e, pytest.mark.network, pytest.mark.process]

NEVER = ("apt-get", "apt install", "ensurepip", "Traceback", "sudo", "python3-venv")
"""What a log of the first minute has nothing to do with."""


@pytest.fixture(scope="module")
def company(tmp_path_factory: pytest.TempPathFactory) -> Made:
    """The authority of a company, and a certificate that it made for 127.0.0.1."""
    return make(tmp_path_factory.mktemp("company") / "ca", "good")


@pytest.fixture
def proxy(company: Made, tmp_path: Path) -> Iterator[Inspecting]:
    """What the company puts before the package index."""
    with inspecting(company.context, real_index(tmp_path / "index")) as found:
        yield found


def name_the_index(machine: Machine, where: str, index: str) -> None:
    """Name the index once, as a company does."""
    match where:
        case "pip.conf":
            machine.write("/etc/pip.conf", f"[global]\nindex-url = {index}\n")
        case "uv.toml":
            text = f'[[index]]\nurl = "{index}"\ndefault = true\n'
            machine.write("/home/new/.config/uv/uv.toml", text, user="new")
        case other:
            raise AssertionError(other)


def plain(done: Ended) -> bool:
    """Return whether a log is free of what newcomers shall not have to know."""
    return not any(word in done.text for word in NEVER)


@pytest.mark.parametrize("where", ["pip.conf", "uv.toml"])
def test_the_tool_comes_up_where_there_is_only_a_python(
    where: str, company: Made, proxy: Inspecting, tmp_path: Path
) -> None:
    """No venv, no pip, no uv, no root; the authority in the system's store alone, the index in one file alone."""
    machine = borrowed(tmp_path / "machine")
    name_the_index(machine, where, proxy.index)
    machine.trust(company.trusted)
    assert machine.run("python3", "-c", "import ensurepip").code == 1
    assert machine.clone().code == 0
    done = machine.make(".tool/env/ready")
    assert (done.code, plain(done)) == (0, True), done.text
    assert any(sent.name.startswith("uv-") and sent.status == 200 for sent in proxy.sent)  # through the proxy, not past
    said = machine.run("tfsetup/.tool/env/bin/tfsetup", "--version")
    assert (said.code, said.text[:8]) == (0, "tfsetup "), said.text
    again = machine.make(".tool/env/ready")
    assert (again.code, again.text) == (0, "make: '.tool/env/ready' is up to date.\n")


def test_without_the_authority_in_the_store_it_says_so(proxy: Inspecting, tmp_path: Path) -> None:
    """That the store decides; and what somebody reads whom nobody gave the company's certificate."""
    machine = borrowed(tmp_path / "machine")
    name_the_index(machine, "pip.conf", proxy.index)
    assert machine.clone().code == 0
    done = machine.make("install")
    assert (done.code, plain(done)) == (2, True), done.text
    assert "certificate" in done.text
    assert "SSL_CERT_FILE" in done.text
    assert proxy.sent == []


@pytest.mark.exhaustive
@pytest.mark.parametrize(("suite", "where"), [("bookworm", "pip.conf"), ("trixie", "uv.toml")])
def test_a_fresh_debian_runs_it(suite: Suite, where: str, company: Made, proxy: Inspecting, tmp_path: Path) -> None:
    """`env -i HOME=… PATH=/usr/bin:/bin make install`, as an ordinary user."""
    machine = debian(suite, tmp_path / "machine")
    name_the_index(machine, where, proxy.index)
    machine.trust(company.trusted)
    assert machine.run("sh", "-c", "command -v sudo || command -v curl || python3 -m venv /tmp/a").code != 0
    assert machine.clone().code == 0
    done = machine.make("install")
    assert (done.code, plain(done)) == (0, True), done.text
    assert "\nIt runs.\n" in done.text
    assert machine.make("verify").code == 0
    second = machine.make("install")
    assert (second.code, "nothing to do" in second.text) == (0, True), second.text
