"""Bytes that are hardly HTTP, sent to the real web process; and results that take long to read, read in time."""

from __future__ import annotations

import json
import re
import socket
import time

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from redis import Redis

from integration.http import MAX_ANSWER_BYTES
from integration.logrocket import callback, results
from tests.conftest import Processes, traces
from tests.deliver import TICKET, signed
from tests.note.hostile import BOMBS
from tests.note.notes import REQUEST_ID, note_of

pytestmark = pytest.mark.slow

SECONDS = 1.0  # in which a result is rendered or refused,
NOISE = 1.0  # and what a busy machine may add: processors share their caches

# -- The wire

CHUNKED = b"POST /zendesk/tickets HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n"
LINES = st.sampled_from(
    [
        *(b"POST /zendesk/tickets HTTP/1.1", b"POST /logrocket/highlights?ticket_id=1&token=x HTTP/1.1"),
        *(b"POST /zendesk/tickets HTTP/1.0", b"POST /zendesk/tickets HTTP/9.9", b"POST /zendesk/tickets"),
        *(b"GET http://evil.example/ HTTP/1.1", b"CONNECT a:1 HTTP/1.1", b"OPTIONS * HTTP/1.1", b"PRI * HTTP/2.0"),
        *(b"POST /zendesk/tickets\x00 HTTP/1.1", b"POST //zendesk//tickets HTTP/1.1", b"P\xd6ST / HTTP/1.1"),
        *(b"POST /logrocket/highlights?" + b"%ff&=" * 500 + b" HTTP/1.1", b"GET /" + b"a" * 9000 + b" HTTP/1.1"),
    ]
)
HEADERS = st.sampled_from(
    [
        *(b"Host: a", b"Host: a\r\nHost: b", b"Host", b": x", b" folded", b"X: " + b"y" * 9000, b"X\x00: y"),
        *(b"Content-Length: 5", b"Content-Length: -1", b"Content-Length: 5, 6", b"Content-Length: \xd9\xa3"),
        *(b"Content-Length: 99999999999999999999", b"Content-Length: 0x5", b"Content-Length: "),
        *(b"Transfer-Encoding: chunked", b"Transfer-Encoding: gzip", b"Transfer-Encoding: chunked, chunked"),
        *(b"Expect: 100-continue", b"Upgrade: websocket", b"Connection: close, \xff", b"Content-Encoding: gzip"),
        *(b"Content-Type: multipart/form-data", b"Content-Type: \xff\xfe", b"Cookie: session=\xff", b"Range: bytes=-1"),
        *(b"X-Zendesk-Webhook-Signature: \xff", b"X-Forwarded-Proto: gopher", b"X-Script-Name: /x", b"Script_Name: x"),
    ]
)
BODIES = st.binary(max_size=60) | st.sampled_from(
    [
        *(
            b"5\r\nhello\r\n0\r\n\r\n",
            b"5;" + b"x" * 5000 + b"\r\nhello\r\n",
            b"-1\r\n",
            b"ffffffffffffffff\r\n",
            b"zz\r\n",
        ),
        *(b"0\r\nX: y\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n" * 3),
    ]
)
REQUESTS = st.builds(
    lambda line, headers, body: b"\r\n".join((line, *headers)) + b"\r\n\r\n" + body,
    LINES | st.binary(max_size=50),
    st.lists(HEADERS | st.binary(max_size=20), max_size=6),
    BODIES,
)


def told(port: int, request: bytes) -> bytes:
    """What the web process answers to `request`, after which nothing more comes."""
    received = b""
    with socket.create_connection(("127.0.0.1", port), timeout=10) as line:
        try:
            line.sendall(request)
            line.shutdown(socket.SHUT_WR)
            while piece := line.recv(64 * 1024):
                received += piece
        except OSError:
            pass  # it may hang up on whoever speaks like that
    return received


def test_bytes_that_are_hardly_http_break_nothing(processes: Processes, redis: Redis) -> None:
    processes.start("web")
    keys = traces(redis)

    @settings(deadline=None, max_examples=300, suppress_health_check=list(HealthCheck))
    @given(request=REQUESTS | st.binary(max_size=200))
    @example(request=b"\x16\x03\x01\x02\x00\x01\x00\x01\xfc\x03\x03" + b"\x00" * 200)
    @example(request=b"POST /zendesk/tickets HTTP/1.1\r\nTransfer-Encoding: chunked\r\n\r\n1\r\n")
    def refused(request: bytes) -> None:
        answered = told(processes.port, request)
        for status in re.findall(rb"^HTTP/1\.[01] ([0-9]{3})", answered, re.MULTILINE):
            assert status not in (b"500", b"202"), answered
        assert len(answered) < 20_000

    refused()

    assert traces(redis) == keys
    assert processes.ready()
    assert processes.running["web"].poll() is None
    assert "Traceback" not in processes.log("web")


def test_no_other_path_does_anything(processes: Processes, redis: Redis) -> None:
    """On the wire: werkzeug's own client cannot send a path such as `//[`."""
    processes.start("web")
    keys = traces(redis)

    @settings(max_examples=100, suppress_health_check=list(HealthCheck))
    @given(path=st.text(st.characters(min_codepoint=33, max_codepoint=126), max_size=60), body=st.binary(max_size=100))
    @example(path="/[", body=b"")
    def refused(path: str, body: bytes) -> None:
        head = f"POST /{path} HTTP/1.1\r\nHost: a\r\nConnection: close\r\nContent-Length: {len(body)}\r\n\r\n"
        status = told(processes.port, head.encode() + body).split(b" ", 2)[1]
        assert status in {b"308", b"400", b"401", b"404", b"405"}, path

    refused()

    assert traces(redis) == keys
    assert "Traceback" not in processes.log("web")


def test_a_genuine_delivery_may_be_sent_in_any_pieces(processes: Processes, environ: dict[str, str]) -> None:
    processes.start("web")
    headers = signed(TICKET, environ["ZENDESK_WEBHOOK_SECRET"])
    head = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
    chunks = b"".join(b"1\r\n" + TICKET[at : at + 1] + b"\r\n" for at in range(len(TICKET))) + b"0\r\n\r\n"
    assert b" 202 " in told(processes.port, CHUNKED + head + b"\r\n" + chunks)


@pytest.mark.parametrize(
    ("chunks", "reason"), [(b"zz\r\n", "InvalidChunkSize"), (b"5\r\nhelloXX", "ChunkMissingTerminator")]
)
def test_a_body_that_is_no_chunks_is_the_senders_mistake(
    processes: Processes, environ: dict[str, str], chunks: bytes, reason: str
) -> None:
    processes.start("web")
    headers = signed(TICKET, environ["ZENDESK_WEBHOOK_SECRET"])
    head = b"".join(f"{name}: {value}\r\n".encode() for name, value in headers.items())
    assert b" 400 " in told(processes.port, CHUNKED + head + b"\r\n" + chunks)
    assert f"delivery unusable path=/zendesk/tickets reason={reason}" in processes.log("web")


# -- Results


NAMED = {
    name: markdown
    for name, markdown in BOMBS.items()
    if re.match(r"10 MB|10,000|100,000|quotes|lists|emphasis|entities|brackets", name)
}


@pytest.mark.parametrize("markdown", NAMED.values(), ids=NAMED)
def test_a_result_is_rendered_or_refused_within_a_second(markdown: str) -> None:
    session = {"recordingID": "5-1", "sessionID": 0, "highlights": markdown}
    found = {"status": "READY", "requestID": REQUEST_ID, "result": {"highlights": markdown, "sessions": [session]}}
    body = json.dumps(found).encode()
    if len(body) > MAX_ANSWER_BYTES:  # refused by its size, by callback and by poll
        assert len(body) > callback.MAX_BYTES
        return
    began = time.process_time()
    assert REQUEST_ID[:12] in note_of(results.read(body).highlights)
    assert time.process_time() - began < SECONDS + NOISE
