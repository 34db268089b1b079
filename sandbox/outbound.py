"""What the stand-ins send by themselves: only ever to this machine."""

from __future__ import annotations

import ipaddress
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import Final
from urllib.parse import urlsplit

import requests

JOIN_SECONDS: Final = 2.0


class NotLoopback(ValueError):  # it says what was found
    """An address outside this machine: the sandbox never calls anything else."""


def require_loopback(url: str) -> None:
    """Raise NotLoopback unless the address leads to this machine."""
    try:
        parts = urlsplit(url)
        host, scheme = parts.hostname or "", parts.scheme
        _ = parts.port
    except ValueError:
        raise NotLoopback(f"not an address: {url!r}") from None
    if scheme not in ("http", "https") or not (host == "localhost" or _is_loopback(host)):
        raise NotLoopback("the sandbox calls only loopback addresses such as http://127.0.0.1:8000/")


def _is_loopback(host: str) -> bool:
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


@dataclass(frozen=True)
class Reply:
    """What came back; status None and `timed_out` tell the two ways of nothing coming back apart."""

    status: int | None
    headers: dict[str, str]
    body: str
    timed_out: bool = False


def send(  # noqa: PLR0913  # what a request consists of
    method: str,
    url: str,
    *,
    body: bytes,
    headers: dict[str, str],
    timeout: float,
    params: dict[str, str] | None = None,
) -> Reply:
    """Send one request to this machine: no proxy, no redirect, no retry."""
    require_loopback(url)
    with requests.Session() as session:
        session.trust_env = False
        try:
            answer = session.request(
                method, url, params=params, data=body, headers=headers, timeout=timeout, allow_redirects=False
            )
        except requests.Timeout:
            return Reply(None, {}, "", timed_out=True)
        except requests.RequestException as exc:
            return Reply(None, {}, type(exc).__name__)
        known = {name.lower(): value for name, value in answer.headers.items()}
        return Reply(answer.status_code, known, answer.text)


class Background:
    """Work that goes on beside the answering: each piece in a thread, all ended together."""

    def __init__(self) -> None:
        self._stopping = threading.Event()
        self._lock = threading.Lock()
        self._threads: set[threading.Thread] = set()

    def run(self, work: Callable[[], None]) -> None:
        """Do `work` in a thread of its own."""

        def whole() -> None:
            try:
                work()
            finally:
                with self._lock:
                    self._threads.discard(threading.current_thread())

        thread = threading.Thread(target=whole, daemon=True)
        with self._lock:
            if self._stopping.is_set():
                return
            self._threads.add(thread)
            thread.start()

    def wait(self, seconds: float) -> bool:
        """Let time pass; False when everything ends meanwhile."""
        return not self._stopping.wait(max(0.0, seconds))

    def stop(self) -> None:
        """End everything; a piece that hangs in a call is left behind after a moment."""
        self._stopping.set()
        with self._lock:
            threads = list(self._threads)
        for thread in threads:
            thread.join(JOIN_SECONDS)
