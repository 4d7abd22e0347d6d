"""The one client against servers that lie, trickle, never end, lead elsewhere: an error soon, and no byte more."""

from __future__ import annotations

import base64
import gzip
import ssl
import threading
import time
from pathlib import Path

import pytest
from urllib3 import HTTPSConnectionPool
from urllib3.exceptions import MaxRetryError, ProtocolError, SSLError

from support.hostile_server import Conversation, Server, hostile
from tfsetup.errors import NetworkError, TfsetupError, UsageError
from tfsetup.ground.exchange import LIMITS, Limits, Pace, at_once
from tfsetup.ground.http import Http, body_of, pause
from tfsetup.ground.ranges import LARGEST, Span
from tfsetup.ground.session import Settled, session
from tfsetup.ground.uv_settings import Choice, Said

pytestmark = pytest.mark.loopback

QUICK = Limits(connect_s=2, quiet_s=2, window_s=0.5, least=1000, total_s=3)
TAIL = Span(first=None, last=1000)
MOST = 100_000


@pytest.fixture(autouse=True)
def _no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("NO_PROXY", "*")


def http(limits: Limits = QUICK, **environ: str) -> Http:
    return Http(environ, limits=limits, retries=0)


def of_thousand(talk: Conversation) -> None:
    talk.answer("206 Partial Content", bytes(1000), Content_Range="bytes 0-999/1000")


def taken(client: Http, url: str, known: int | None = None) -> bytes:
    part, answer = client.part(url, TAIL, known)
    with answer:
        return b"".join(body_of(part, answer))


def collect(client: Http, url: str, into: list[bytes]) -> None:
    part, answer = client.part(url, TAIL)
    with answer:
        into.extend(body_of(part, answer))


# ------------------------------------------------------------------------------------------------ time and rate


def test_a_part_comes_whole() -> None:
    with hostile(of_thousand) as server:
        assert taken(http(), server.url) == bytes(1000)
        assert server.asked[0][1]["range"] == "bytes=-1000"
        assert server.asked[0][1]["accept-encoding"] == "identity"


def test_a_byte_now_and_then_in_the_body_is_too_slow() -> None:
    def act(talk: Conversation) -> None:
        talk.answer("200 OK", length=1000)
        talk.trickle(b"x", every=0.05)

    began = time.monotonic()
    with hostile(act) as server, pytest.raises(NetworkError, match=r"is too slow: [0-9]+ bytes in 1 seconds"):
        taken(http(), server.url)
    assert time.monotonic() - began < 20


def test_a_byte_now_and_then_in_the_head_is_too_slow() -> None:
    def act(talk: Conversation) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\nX-Long: ")
        talk.trickle(b"x", every=0.05)

    with hostile(act) as server, pytest.raises(NetworkError, match="is too slow"):
        http().open(server.url)


def test_the_limits_are_kept_while_a_head_is_waited_for() -> None:
    """This one gives up by itself, so that a client without limits does, too."""

    def act(talk: Conversation) -> None:
        talk.stopping.wait(3)
        of_thousand(talk)

    with hostile(act) as server, pytest.raises(NetworkError, match="is too slow"):
        http().open(server.url)


def test_a_server_that_never_answers_is_given_up() -> None:
    def act(talk: Conversation) -> None:
        talk.stopping.wait(20)

    with hostile(act) as server, pytest.raises(NetworkError, match="too slow: 0 bytes"):
        http().open(server.url)


def test_fast_enough_for_ever_is_ended_by_the_total() -> None:
    def act(talk: Conversation) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
        for _ in range(80):
            talk.stopping.wait(0.05)
            talk.send(b"x" * 1000)
        talk.socket.close()

    limits = Limits(window_s=0.2, least=500, total_s=1.0)
    with hostile(act) as server, pytest.raises(NetworkError, match="did not end within 1 seconds"):
        taken(http(limits), server.url)


def test_pace_counts_waiting_and_bytes() -> None:
    pace = Pace(Limits(window_s=60, least=60_000, total_s=1000))
    assert [pace.count(30, 30_000) for _ in range(4)] == [None] * 4
    assert pace.count(1, 0) is None
    assert pace.count(60, 10) == "is too slow: 30,010 bytes in 91 seconds"
    assert Pace(Limits(total_s=10, window_s=60)).count(11, 10**9) == "did not end within 10 seconds"


def test_the_limits_of_every_run_are_bounded() -> None:
    assert LIMITS.quiet_s <= LIMITS.window_s <= 60
    assert LIMITS.least >= 60_000
    assert LIMITS.total_s <= 3600


def test_a_slow_reader_is_not_the_server_s_fault() -> None:
    with hostile(of_thousand) as server:
        part, answer = http().part(server.url, TAIL)
        time.sleep(0.8)
        assert b"".join(body_of(part, answer)) == bytes(1000)


# ------------------------------------------------------------------------------------------------ size


@pytest.mark.parametrize("stated", [True, False], ids=["a length", "no length"])
def test_an_endless_part_ends_at_the_length_asked_for(stated: bool) -> None:
    flooded: list[int] = []

    def act(talk: Conversation) -> None:
        talk.answer("206 Partial Content", length=2**40 if stated else -1, Content_Range="bytes 0-999/1000")
        flooded.append(talk.flood(bytes(65536)))

    came: list[bytes] = []
    with hostile(act) as server, pytest.raises(NetworkError, match=r"Content-Length|more than the 1,000 bytes"):
        collect(http(), server.url, came)
    assert sum(map(len, came)) <= 1000
    assert sum(flooded) < 64 << 20


def test_an_endless_page_ends_at_its_largest_size() -> None:
    def act(talk: Conversation) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
        talk.flood(bytes(65536))

    with hostile(act) as server, pytest.raises(NetworkError, match="sent more than the 100,000 bytes"):
        http().read(server.url, most=MOST)


def test_a_page_that_says_it_is_too_large_is_not_read() -> None:
    with (
        hostile(lambda talk: talk.answer("200 OK", length=MOST + 1)) as server,
        pytest.raises(NetworkError, match="has 100,001 bytes, more than the 100,000"),
    ):
        http().read(server.url, most=MOST)


def test_a_small_page_that_unpacks_into_a_huge_one() -> None:
    body = gzip.compress(bytes(50_000_000))
    with (
        hostile(lambda talk: talk.answer("200 OK", body, Content_Encoding="gzip")) as server,
        pytest.raises(NetworkError, match="larger than 100,000 bytes"),
    ):
        http().read(server.url, most=MOST)


def test_a_packed_page() -> None:
    body = gzip.compress(b"page" * 1000)
    with hostile(lambda talk: talk.answer("200 OK", body, Content_Encoding="gzip")) as server:
        found = http().read(server.url, most=MOST)
    assert (found.body, found.received) == (b"page" * 1000, len(body))


def test_bytes_behind_the_length_are_not_part_of_the_answer() -> None:
    def act(talk: Conversation) -> None:
        talk.answer("200 OK", b"right" + b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nwrong", length=5)

    with hostile(act) as server:
        client = http()
        assert [client.read(server.url, most=MOST).body for _ in range(3)] == [b"right"] * 3


def test_a_whole_file_without_a_length_has_a_largest_size(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("tfsetup.ground.http.LARGEST", 5000)

    def act(talk: Conversation) -> None:
        talk.send(b"HTTP/1.1 200 OK\r\n\r\n")
        talk.flood(bytes(65536))

    with hostile(act) as server, pytest.raises(NetworkError, match="sent more than the 5,000 bytes"):
        taken(http(), server.url)
    assert LARGEST <= 4 << 30


@pytest.mark.parametrize(
    "said",
    [
        {"Content_Range": f"bytes 0-999/{2**62}"},
        {"Content_Range": f"bytes {2**62 - 1000}-{2**62 - 1}/{2**62}"},
        {"Content_Range": "bytes -5-999/1000"},
        {"Content_Range": "bytes zero-999/1000"},
        {"Content_Range": "bytes 400-1399/1500"},
        {"Content_Range": "bytes 0-999/1000", "Content_Encoding": "gzip"},
        {"Content_Range": "bytes 0-999/2000"},
        {},
    ],
)
def test_a_part_that_lies_about_itself(said: dict[str, str]) -> None:
    known = 1000 if said.get("Content_Range", "").endswith("/2000") else None
    with (
        hostile(lambda talk: talk.answer("206 Partial Content", bytes(1000), said=said)) as server,
        pytest.raises(NetworkError, match=r"was answered, but the answer .+\.") as caught,
    ):
        taken(http(), server.url, known)
    assert caught.value.code.exit_status == 5
    assert caught.value.hint


def test_less_than_was_promised() -> None:
    def act(talk: Conversation) -> None:
        talk.answer("206 Partial Content", bytes(400), length=1000, Content_Range="bytes 0-999/1000")
        talk.socket.close()

    with hostile(act) as server, pytest.raises(NetworkError, match="could not be read"):
        taken(http(), server.url)


def test_less_than_the_range_where_no_length_is_given() -> None:
    def act(talk: Conversation) -> None:
        talk.answer("206 Partial Content", bytes(400), length=-1, Content_Range="bytes 0-999/1000")
        talk.socket.close()

    with hostile(act) as server, pytest.raises(NetworkError, match="ended in the middle"):
        taken(http(), server.url)


@pytest.mark.parametrize(
    "answer",
    [
        b"\x00\xff\xfe nonsense\r\n\r\n",
        b"HTTP/1.1 banana\r\n\r\n",
        b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\nContent-Length: 7\r\n\r\nabcdefg",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nZZ\r\nabc\r\n",
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n-5\r\nabc\r\n0\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n" + b"X: y\r\n" * 500 + b"\r\n",
        b"HTTP/1.1 200 OK\r\nX: " + b"y" * 100_000 + b"\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: http://[broken/\r\n\r\n",
        b"HTTP/1.1 302 Found\r\nLocation: /again\r\nContent-Length: 0\r\n\r\n",
        b"",
    ],
)
def test_what_is_no_http_is_a_network_error(answer: bytes) -> None:
    def act(talk: Conversation) -> None:
        talk.send(answer)
        if not answer.startswith(b"HTTP/1.1 302 Found\r\nLocation: /again"):
            talk.socket.close()

    with hostile(act) as server, pytest.raises(NetworkError):
        http().read(server.url, most=MOST)


# ------------------------------------------------------------------------------------------------ asking again


def test_what_failed_for_a_moment_is_asked_again_and_its_endless_words_are_not_read() -> None:
    def act(talk: Conversation) -> None:
        if len(server.asked) > 1:
            talk.answer("200 OK", b"here")
        else:
            talk.send(b"HTTP/1.1 503 Later\r\nRetry-After: 0\r\n\r\n")
            talk.flood(bytes(65536))

    with hostile(act) as server:
        assert Http({}, limits=Limits(window_s=5), retries=1).read(server.url, most=MOST).body == b"here"


def test_the_words_of_a_refusal_are_not_waited_for() -> None:
    def act(talk: Conversation) -> None:
        if len(server.asked) > 1:
            talk.answer("200 OK", b"here")
        else:
            talk.send(b"HTTP/1.1 503 Later\r\nRetry-After: 0\r\n\r\n")
            talk.trickle(b"x", every=0.05)

    with hostile(act) as server:
        assert Http({}, limits=Limits(total_s=3), retries=1).read(server.url, most=MOST).body == b"here"


@pytest.mark.parametrize(
    ("attempt", "wish", "seconds"),
    [(0, "", 0.5), (2, "", 2.0), (0, "7", 7.0), (0, "86400", 20.0), (0, "-1", 0.5), (0, "x", 0.5)],
)
def test_a_server_s_wish_to_wait_holds_within_reason(attempt: int, wish: str, seconds: float) -> None:
    assert pause(attempt, wish) == seconds


# ------------------------------------------------------------------------------------------------ redirects, secrets


def leads(to: str, body: bytes = b"") -> bytes:
    return f"HTTP/1.1 302 Found\r\nLocation: {to}\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body


def test_every_hop_is_judged_before_it_is_asked() -> None:
    """The third one's server would answer, too, but plain http to a name is not believed."""

    def act(talk: Conversation) -> None:
        port = talk.socket.getsockname()[1]
        talk.send(leads({"/first": "/second", "/second": f"http://this.localhost:{port}/third"}[talk.path]))

    with hostile(act) as server:
        with pytest.raises(UsageError, match=r"/third is neither https nor on this machine"):
            Http({}).open(f"{server.url}/first")
        assert [path for path, _ in server.asked] == ["/first", "/second"]


def test_the_first_address_is_judged_too() -> None:
    with pytest.raises(UsageError, match=r"http://this\.localhost:9/x is neither https nor on this machine"):
        http().open("http://this.localhost:9/x")


@pytest.mark.parametrize("to", ["http://elsewhere.example/x", "HTTP://elsewhere.example/x", "//elsewhere.example/x"])
def test_plain_http_on_another_machine_is_refused(to: str) -> None:
    with hostile(lambda talk: talk.send(leads(to))) as server, pytest.raises(UsageError) as caught:
        http().open(server.url)
    assert caught.value.code.exit_status == 2
    assert "UV_INSECURE_HOST=elsewhere.example" in caught.value.hint


@pytest.mark.parametrize("to", ["file:///etc/passwd", "ftp://elsewhere.example/x", "gopher://x"])
def test_a_redirect_out_of_the_web_is_refused(to: str) -> None:
    with hostile(lambda talk: talk.send(leads(to))) as server, pytest.raises(NetworkError, match="only addresses of"):
        http().open(server.url)


def test_the_endless_body_of_a_redirect_is_not_read() -> None:
    def act(talk: Conversation) -> None:
        if talk.path == "/end":
            talk.answer("200 OK", b"here")
        else:
            talk.send(b"HTTP/1.1 302 Found\r\nLocation: /end\r\n\r\n")
            talk.flood(bytes(65536))

    with hostile(act) as server:
        assert http().read(server.url, most=MOST).body == b"here"


def test_a_password_stays_with_its_host() -> None:
    with hostile(lambda talk: talk.answer("200 OK", b"x")) as other:
        other_url = other.url.replace("127.0.0.1", "localhost")

        def act(talk: Conversation) -> None:
            talk.send(leads("/here" if talk.path == "/start" else f"{other_url}/there"))

        with hostile(act) as server:
            http().read(server.url.replace("//", "//user:secret@") + "/start", most=MOST)
    assert [headers.get("authorization", "")[:5] for _, headers in server.asked] == ["Basic", "Basic"]
    assert ["authorization" in headers for _, headers in other.asked] == [False]


def test_netrc_is_asked(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login me password secret\n")
    (tmp_path / "netrc").chmod(0o600)
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with hostile(lambda talk: talk.answer("200 OK", b"x")) as server:
        http().read(server.url, most=MOST)
    assert server.asked[0][1]["authorization"].startswith("Basic ")


@pytest.mark.parametrize(
    "act",
    [
        lambda talk: talk.answer("404 Not here"),
        lambda talk: talk.answer("206 Partial", b"x", Content_Range="nonsense"),
        lambda talk: talk.answer("200 OK", length=2**50),
        lambda talk: talk.send(leads("http://user:secret@elsewhere.example/x?token=secret")),
        lambda talk: talk.send(b"nonsense\r\n\r\n"),
        lambda talk: talk.socket.close(),
    ],
)
def test_no_message_holds_a_secret_of_the_address(act: object) -> None:
    with hostile(act) as server, pytest.raises(TfsetupError) as caught:  # type: ignore[arg-type]
        taken(http(), server.url.replace("//", "//user:secret@") + "/x?token=secret")
    assert "secret" not in f"{caught.value.message} {caught.value.hint}"


def test_nobody_there_is_said_without_secrets() -> None:
    with pytest.raises(
        NetworkError, match=r"http://\*\*\*@127.0.0.1:9/x\?\*\*\* could not be read: Connection refused\."
    ) as caught:
        http().open("http://user:secret@127.0.0.1:9/x?token=secret")
    assert "secret" not in caught.value.message


def test_the_name_of_the_tool_is_told() -> None:
    with hostile(lambda talk: talk.answer("200 OK", b"x")) as server:
        http().read(server.url, most=MOST)
    assert server.asked[0][1]["user-agent"].startswith("tfsetup/")


def test_a_connection_is_used_again() -> None:
    talks: set[int] = set()

    def act(talk: Conversation) -> None:
        talks.add(id(talk.socket))
        of_thousand(talk)

    with hostile(act) as server:
        client = http()
        for _ in range(5):
            taken(client, server.url)
    assert len(talks) == 1


# ------------------------------------------------------------------------------------------------ many at once


def test_no_thread_keeps_an_interrupted_process_alive() -> None:
    def act(talk: Conversation) -> None:
        kept.extend(one.daemon for one in threading.enumerate() if one.name == "tfsetup-http")
        of_thousand(talk)

    kept: list[bool] = []
    with hostile(act) as server:
        taken(http(), server.url)
    assert kept == [True]
    assert at_once(lambda _: threading.current_thread().daemon, range(4), threads=2) == [True] * 4


def test_results_come_in_the_order_of_the_items() -> None:
    def work(number: int) -> int:
        time.sleep(0.02 * (5 - number))
        return number * number

    assert at_once(work, range(5), threads=3) == [0, 1, 4, 9, 16]
    assert at_once(work, [], threads=3) == []


def test_the_first_failure_waits_for_nobody() -> None:
    stuck = threading.Event()
    begun: list[int] = []
    ended: list[int] = []

    def work(number: int) -> None:
        begun.append(number)
        if number == 1:
            raise ValueError(number)
        stuck.wait(3)
        ended.append(number)

    with pytest.raises(ValueError, match="1"):
        at_once(work, range(6), threads=2)
    assert ended == []
    stuck.set()
    assert len(begun) <= 4


# ------------------------------------------------------------------------------------------------ whose password


def asked_with(server: Server, choice: Choice, path: str = "/files/x", **environ: str) -> list[str]:
    """Return the Authorization of every request that reading a file takes."""
    Http(environ, choice=choice, limits=QUICK, retries=0).read(server.url + path, most=MOST)
    return [headers.get("authorization", "") for _, headers in server.asked]


def index_at(server: Server, user: str = "me:w%C3%B6rd@", name: str = "") -> Choice:
    url = server.url.replace("://", f"://{user}") + "/simple"
    return Choice(extra=(Said(url=url, where="here", name=name),))


OURS = "Basic " + base64.b64encode("me:w\u00f6rd".encode()).decode()


def test_files_are_asked_with_the_password_of_the_index_that_leads_to_them() -> None:
    with hostile(lambda talk: talk.answer("200 OK", b"here")) as server:
        assert asked_with(server, index_at(server)) == [OURS]


def test_a_password_of_variables_is_that_of_the_index_with_the_name() -> None:
    said = {"UV_INDEX_MINE_USERNAME": "me", "UV_INDEX_MINE_PASSWORD": "w\u00f6rd"}
    with hostile(lambda talk: talk.answer("200 OK", b"here")) as server:
        assert asked_with(server, index_at(server, "", "mine"), **said) == [OURS]


def test_another_machine_is_not_told_the_password() -> None:
    with (
        hostile(lambda talk: talk.answer("200 OK", b"here")) as other,
        hostile(lambda talk: talk.send(leads(f"{other.url}/y"))) as server,
    ):
        assert asked_with(server, index_at(server)) == [OURS]
        assert [headers.get("authorization") for _, headers in other.asked] == [None]


def test_a_hop_back_to_the_index_is_asked_with_its_password() -> None:
    with hostile(lambda talk: talk.answer("200 OK", b"here")) as server:
        with hostile(lambda talk: talk.send(leads(f"{server.url}/y"))) as other:
            Http({}, choice=index_at(server), limits=QUICK, retries=0).read(f"{other.url}/x", most=MOST)
        assert [headers.get("authorization") for _, headers in other.asked] == [None]
        assert [headers.get("authorization") for _, headers in server.asked] == [OURS]


@pytest.mark.parametrize(
    ("user", "expected"), [("me:w%C3%B6rd@", OURS), ("", "Basic bmV0OnJj"), ("other@", "Basic bmV0OnJj")]
)
def test_netrc_is_weaker_than_a_password_and_stronger_than_none(
    user: str, expected: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "netrc").write_text("machine 127.0.0.1 login net password rc\n")
    monkeypatch.setenv("NETRC", str(tmp_path / "netrc"))
    with hostile(lambda talk: talk.answer("200 OK", b"here")) as server:
        assert asked_with(server, index_at(server, user)) == [expected]


def test_the_address_s_own_password_is_the_strongest() -> None:
    with hostile(lambda talk: talk.answer("200 OK", b"here")) as server:
        Http({}, choice=index_at(server), limits=QUICK, retries=0).read(
            server.url.replace("://", "://a:b@") + "/x", most=MOST
        )
        assert server.asked[0][1]["authorization"] == "Basic YTpi"


# ------------------------------------------------------------------------------------------------ which proxy


@pytest.mark.parametrize(
    "variables", [{"HTTP_PROXY": "{proxy}"}, {"HTTP_PROXY": "{proxy}", "NO_PROXY": "elsewhere.test"}]
)
def test_a_proxy_of_a_settings_file_is_asked_with_its_password(
    variables: dict[str, str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    with hostile(lambda talk: talk.answer("200 OK", b"by the proxy")) as proxy:
        told = {name: text.format(proxy=proxy.url.replace("//", "//who:is@")) for name, text in variables.items()}
        choice = Choice(trusted=frozenset({"index.test"}), variables=told)
        answer = Http({}, choice=choice, limits=QUICK, retries=0).read("http://index.test/x", most=MOST)
        assert answer.body == b"by the proxy"
        ((path, headers),) = proxy.asked
    assert path == "http://index.test/x"
    assert headers["proxy-authorization"] == "Basic d2hvOmlz"


def test_a_settings_file_says_for_which_hosts_there_is_no_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    told = {"HTTP_PROXY": "http://127.0.0.1:9", "NO_PROXY": "127.0.0.1"}
    with hostile(lambda talk: talk.answer("200 OK", b"here")) as server:
        found = Http({}, choice=Choice(variables=told), limits=QUICK, retries=0).read(server.url, most=MOST)
        assert found.body == b"here"


def test_a_proxy_that_speaks_something_else_is_told_as_one(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("NO_PROXY")
    monkeypatch.delenv("no_proxy", raising=False)
    choice = Choice(variables={"HTTPS_PROXY": "socks5h://who:word@127.0.0.1:9"})
    with pytest.raises(NetworkError, match="SOCKS") as caught:
        Http({}, choice=choice, limits=QUICK, retries=0).read("https://index.test/x", most=MOST)
    assert "HTTPS_PROXY" in caught.value.hint
    assert "word" not in caught.value.message + caught.value.hint


def test_a_certificate_is_not_asked_for_again() -> None:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    adapter = session(context, Settled(judge=lambda _url: None), 3).get_adapter("https://index.test/")
    retries, pool = getattr(adapter, "max_retries"), HTTPSConnectionPool("index.test")  # noqa: B009 - of this adapter only
    with pytest.raises(MaxRetryError, match="certificate"):
        retries.increment("GET", "/x", error=SSLError("certificate verify failed"), _pool=pool)
    for error in (SSLError("EOF occurred in violation of protocol"), ProtocolError("Connection aborted.")):
        assert retries.increment("GET", "/x", error=error, _pool=pool).total == 2
