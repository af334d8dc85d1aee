"""The guarded client against real servers."""

import asyncio
import ssl
import subprocess
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from services.notifier.outgoing.addresses import Guard, networks
from services.notifier.outgoing.client import LARGEST_ANSWER, Client, NoAnswerError
from services.notifier.outgoing.names import Lookup, Names
from tests.integration.receivers import Manner, receiver

HERE = Guard(networks("127.0.0.1"))


@asynccontextmanager
async def client(
    guard: Guard = HERE, look_up: Lookup | None = None, tls: ssl.SSLContext | None = None
) -> AsyncIterator[Client]:
    made = Client(guard, look_up=look_up, tls=tls)
    try:
        yield made
    finally:
        await made.close()


def certificate(folder: Path) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """The contexts of a server called `hook.example` and of a client that trusts it."""
    key, cert = folder / "key.pem", folder / "cert.pem"
    command = ["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes"]
    names = ["-days", "2", "-subj", "/CN=hook.example", "-addext", "subjectAltName=DNS:hook.example"]
    subprocess.run([*command, *names, "-keyout", key, "-out", cert], check=True, capture_output=True)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.load_cert_chain(cert, key)
    return server, ssl.create_default_context(cafile=str(cert))


async def test_an_answer_comes_back_whatever_it_says() -> None:
    """Status, headers and body; the request has what HTTP wants of it, and its connection is used again."""
    async with receiver((418, {"X-Pot": "tea"})) as server, client() as http:
        answer = await http.request("POST", server.url(path="/a?b=%20c"), headers={"X-One": "1"}, body=b"hello")
        assert (answer.status, answer.headers["x-pot"], answer.body) == (418, "tea", b"said 418")
        await http.request("POST", server.url(), body=b"again")
        assert server.connections == 1
    post = server.posts[0]
    assert (post.line, post.body) == ("POST /a?b=%20c HTTP/1.1", b"hello")
    assert (post.headers["host"], post.headers["x-one"]) == (f"127.0.0.1:{server.port}", "1")


async def test_redirects_are_answers_and_are_not_followed() -> None:
    """Not even to where it came from."""
    async with receiver() as server, client() as http:
        server.say((302, {"Location": server.url(path="/elsewhere")}), 200)
        assert (await http.request("POST", server.url(), body=b"x")).status == 302
    assert len(server.posts) == 1


@pytest.mark.parametrize("manner", [Manner.BREAK, Manner.GARBAGE])
async def test_what_is_no_answer_is_an_error(manner: Manner) -> None:
    """Always the same one."""
    async with receiver(manner) as server, client() as http:
        with pytest.raises(NoAnswerError):
            await http.request("POST", server.url(), body=b"x")


async def test_nobody_there_is_an_error() -> None:
    """Neither at the port nor under the name."""
    async with receiver() as server:
        url = server.url()
    async with client() as http:
        with pytest.raises(NoAnswerError):
            await http.request("POST", url, body=b"x")
        with pytest.raises(NoAnswerError, match="not known"):
            await http.request("POST", "https://nobody.invalid/", body=b"x")


async def test_a_receiver_that_hangs_is_left_in_time() -> None:
    """The time-out is over everything."""
    async with receiver(Manner.HANG) as server, client() as http:
        with pytest.raises(NoAnswerError, match=r"within 0\.2 seconds"):
            await http.request("POST", server.url(), body=b"x", seconds=0.2)


async def test_an_endless_answer_is_cut_off() -> None:
    """What has come by then is given back, and no more is read."""
    async with receiver(Manner.ENDLESS) as server, client() as http:
        answer = await http.request("POST", server.url(), body=b"x")
    assert (answer.status, len(answer.body)) == (200, LARGEST_ANSWER)


async def test_a_torn_body_takes_nothing_from_the_status() -> None:
    """The receiver has said what it thinks."""
    async with receiver(Manner.TORN) as server, client() as http:
        assert (await http.request("POST", server.url(), body=b"x")).status == 200


@pytest.mark.parametrize("host", ["127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1"])
async def test_nothing_inside_is_called_however_it_is_written(host: str) -> None:
    """What counts is the address that is connected to."""
    async with receiver() as server, client(Guard()) as http:
        for scheme in ("http", "https"):
            with pytest.raises(NoAnswerError):
                await http.request("POST", f"{scheme}://{host}:{server.port}/", body=b"x", seconds=5)
        assert server.connections == 0


async def test_a_name_that_means_another_address_now_is_not_called() -> None:
    """DNS rebinding: whatever a name meant before, the address of this very connection is checked."""
    answers = [["127.0.0.1"], ["127.0.0.2"], ["169.254.169.254"], ["10.0.0.1", "::ffff:127.0.0.1"]]

    async def rebinding(_host: str, _port: int) -> list[str]:
        return answers.pop(0)

    async with receiver((200, {"Connection": "close"}), 200) as server, client(look_up=rebinding) as http:
        url = server.url("changing.example")
        assert (await http.request("POST", url, body=b"x")).status == 200
        for _ in range(3):
            with pytest.raises(NoAnswerError, match="may be called"):
                await http.request("POST", url, body=b"x")
        assert len(server.posts) == 1


async def test_of_several_addresses_those_that_may_be_called_are_tried_in_turn() -> None:
    """One that does not answer stops nobody."""

    async def several(_host: str, _port: int) -> list[str]:
        return ["10.0.0.1", "127.0.0.3", "127.0.0.1"]

    async with receiver() as server, client(Guard(networks("127.0.0.0/8")), several) as http:
        assert (await http.request("POST", server.url("several.example"), body=b"x")).status == 204


async def test_plain_http_goes_to_named_networks_only() -> None:
    """What is posted concerns people."""
    asked = []

    async def public(_host: str, port: int) -> list[str]:
        asked.append(port)
        return ["93.184.215.14"]

    async with client(look_up=public) as http:
        with pytest.raises(NoAnswerError, match="may be called"):
            await http.request("POST", "http://public.example/", body=b"x")
    assert asked == [80]


async def test_certificates_are_checked_against_the_name(tmp_path: Path) -> None:
    """Though it is the address that is connected to."""
    server_tls, client_tls = await asyncio.to_thread(certificate, tmp_path)

    async def here(_host: str, _port: int) -> list[str]:
        return ["127.0.0.1"]

    async with receiver(tls=server_tls) as server, client(look_up=here, tls=client_tls) as http:
        assert (await http.request("POST", server.url("hook.example"), body=b"x")).status == 204
        with pytest.raises(NoAnswerError, match="certificate"):
            await http.request("POST", server.url("other.example"), body=b"x")
        with pytest.raises(NoAnswerError):
            await http.request("POST", f"http://hook.example:{server.port}/", body=b"x")
    async with receiver(tls=server_tls) as server, client(look_up=here) as http:
        with pytest.raises(NoAnswerError, match="certificate"):
            await http.request("POST", server.url("hook.example"), body=b"x")


async def test_names_are_looked_up_by_the_system() -> None:
    """Each once at a time; one that is none is an error of its own."""
    names = Names()
    try:
        both = await asyncio.gather(names("localhost", 1), names("localhost", 1))
        assert both[0] == both[1]
        assert "127.0.0.1" in both[0]
        with pytest.raises(OSError):
            await names("x" * 300, 1)
    finally:
        names.close()
