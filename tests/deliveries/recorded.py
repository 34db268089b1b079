"""Recorded deliveries: files that hold an HTTP request as it came, byte by byte.

A file has the request line, the headers, an empty line, the body. To add one, save what a service sent, put the names
of real people and the tokens in it out, and (for Zendesk) sign it anew with `SECRET`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from werkzeug.datastructures import Headers

FOLDER = Path(__file__).resolve().parent
SECRET = "cfcSkq0aTTb1Mfj3DnGhlJWZ0u2cYpWXoXkUQ3vUu1M="  # with which the deliveries of Zendesk are signed


@dataclass(frozen=True, kw_only=True)
class Delivery:
    headers: Headers
    body: bytes


def delivery(name: str) -> Delivery:
    """The delivery in the file `<name>.http`."""
    head, body = (FOLDER / f"{name}.http").read_bytes().split(b"\r\n\r\n", 1)
    headers = Headers()
    for line in head.decode("latin-1").split("\r\n")[1:]:
        header, _, value = line.partition(": ")
        headers.add(header, value)
    return Delivery(headers=headers, body=body)


def names(service: str) -> list[str]:
    """Every recorded delivery of a service."""
    return sorted(f"{service}/{path.stem}" for path in (FOLDER / service).glob("*.http"))
