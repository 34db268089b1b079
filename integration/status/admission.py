"""Who may see the status page: the user `admin`, by HTTP Basic, in a browser as in Prometheus.

Wrong passwords are counted in Redis for each client, and after some of them the client has to wait, with the right one
too. A client is its network address, hashed into one of 4096 places: that is all the room that strangers can take up.
Nothing here touches the endpoints of deliveries.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import math
import re
import time
from typing import Final

import limits
from flask import Flask, Response, request
from flask_httpauth import HTTPBasicAuth
from flask_wtf.csrf import CSRFProtect
from limits.storage import RedisStorage
from limits.strategies import FixedWindowRateLimiter
from redis import Redis
from secure import Secure
from secure.headers import (
    CacheControl,
    ContentSecurityPolicy,
    CrossOriginOpenerPolicy,
    CrossOriginResourcePolicy,
    ReferrerPolicy,
    StrictTransportSecurity,
    XContentTypeOptions,
    XFrameOptions,
)
from werkzeug.exceptions import TooManyRequests

from integration import logs
from integration.settings import Settings

USER: Final = "admin"
REALM: Final = "helpdesk-highlights"
WRONG_PASSWORDS: Final = limits.parse("10 per 5 minutes")
_PLACES_DIGITS: Final = 3  # hexadecimal
_PURPOSE: Final = b"client address\0"  # keeps these hashes apart from all else that SECRET_KEY signs
_ONE_SUBSCRIBER: Final = 64  # bits of an IPv6 address
_WITH_PORT: Final = re.compile(r"([0-9.]+):[0-9]{1,5}|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")
_YEAR: Final = 365 * 24 * 60 * 60

log = logs.get(__name__)


class Doorkeeper:
    """Lets in who knows the password, and slows down who guesses it."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._password = (settings.admin_password or "").encode()
        self._secret_key = settings.secret_keys[0].encode()
        self._behind_router = settings.public_url.startswith("https://")  # for we speak plain HTTP
        storage = RedisStorage(
            "redis://", connection_pool=redis.connection_pool, key_prefix=settings.keys.wrong_passwords
        )
        self._limiter = FixedWindowRateLimiter(storage)
        self.auth = HTTPBasicAuth(realm=REALM)
        self.auth.verify_password(self._admits)

    def _admits(self, user: str, password: str) -> bool:
        """Whether user and password are right; 429 when this client guessed wrong too often of late."""
        if not user and not password:
            return False  # nothing was tried
        place = self._place(
            client(
                request.headers.get("X-Forwarded-For", ""),
                request.remote_addr or "",
                behind_router=self._behind_router,
            )
        )
        right_user = hmac.compare_digest(user.encode("utf-8", "replace"), USER.encode())
        right_password = hmac.compare_digest(password.encode("utf-8", "replace"), self._password)
        if right_user and right_password and self._password:
            if not self._limiter.test(WRONG_PASSWORDS, place):
                raise self._later(place)
            return True
        if not self._limiter.hit(WRONG_PASSWORDS, place):
            raise self._later(place)
        log.warning("wrong admin password")
        return False

    def _later(self, place: str) -> TooManyRequests:
        ends = self._limiter.get_window_stats(WRONG_PASSWORDS, place).reset_time
        return TooManyRequests(retry_after=max(math.ceil(ends - time.time()), 1))

    def _place(self, address: str) -> str:
        digest = hmac.new(self._secret_key, _PURPOSE + address.encode("utf-8", "replace"), hashlib.sha256).hexdigest()
        return digest[:_PLACES_DIGITS]


def client(forwarded_for: str, remote_addr: str, *, behind_router: bool) -> str:
    """The network of a client: behind a platform's router what that one added last, else who is connected."""
    told = forwarded_for.rpartition(",")[2].strip() if behind_router else ""
    with_port = _WITH_PORT.fullmatch(told)
    text = (with_port[1] or with_port[2]) if with_port else told or remote_addr
    try:
        address = ipaddress.ip_address(text)
    except ValueError:
        return text
    if isinstance(address, ipaddress.IPv4Address):
        return str(address)
    if address.ipv4_mapped is not None:
        return str(address.ipv4_mapped)
    return str(ipaddress.IPv6Network((address.packed, _ONE_SUBSCRIBER), strict=False))


def protect(app: Flask, settings: Settings) -> CSRFProtect:
    """Set the application up for signed sessions and for tokens in forms; no view is checked by itself."""
    https = settings.public_url.startswith("https://")
    app.config.update(
        SECRET_KEY=settings.secret_keys[0],
        SECRET_KEY_FALLBACKS=list(settings.secret_keys[1:]),
        SESSION_COOKIE_NAME="__Host-highlights" if https else "highlights",
        SESSION_COOKIE_SECURE=https,
        SESSION_COOKIE_HTTPONLY=True,
        SESSION_COOKIE_SAMESITE="Strict",
        WTF_CSRF_CHECK_DEFAULT=False,
        WTF_CSRF_SECRET_KEY=list(reversed(settings.secret_keys)),  # the last one signs, all are accepted
        WTF_CSRF_TIME_LIMIT=None,  # as long as the session
        WTF_CSRF_SSL_STRICT=False,  # behind a router the host that we see may be another one than the browser's
    )
    return CSRFProtect(app)


def headers(settings: Settings) -> Secure:
    """What tells a browser to run, load and frame nothing but our own."""
    own = "'self'"
    policy = ContentSecurityPolicy().default_src("'none'").base_uri("'none'").frame_ancestors("'none'")
    policy = policy.script_src(own).style_src(own).img_src(own).connect_src(own).form_action(own)
    https = settings.public_url.startswith("https://")
    return Secure(
        csp=policy,
        hsts=StrictTransportSecurity().max_age(_YEAR) if https else None,
        referrer=ReferrerPolicy().same_origin(),
        xcto=XContentTypeOptions().nosniff(),
        xfo=XFrameOptions().deny(),
        coop=CrossOriginOpenerPolicy().same_origin(),
        corp=CrossOriginResourcePolicy().same_origin(),
        cache=CacheControl().no_store(),
    )


def set_headers(secure: Secure, response: Response) -> Response:
    """Put the headers on an answer; a file keeps what it says about caching."""
    caching = response.headers.get("Cache-Control")
    secure.set_headers(response)
    if caching is not None:
        response.headers["Cache-Control"] = caching
    return response
