"""Who may see the status page: the user `admin`, by HTTP Basic, in a browser as in Prometheus.

Wrong passwords are counted for each client's network address (`guesses`). That is the address of who is connected, and
behind a platform's router what that one added last to X-Forwarded-For. There is a router when PUBLIC_URL is `https://`
(we speak plain HTTP ourselves) and the connection comes from the platform's own network, not from the Internet.
Nothing here touches the endpoints of deliveries.
"""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from typing import Final

from flask import Flask, Request, Response, request, session
from flask.sessions import SecureCookieSession, SecureCookieSessionInterface
from flask_httpauth import HTTPBasicAuth
from flask_wtf.csrf import CSRFProtect
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
from integration.web.status.guesses import Guesser, Guesses, TooManyGuesses

USER: Final = "admin"
REALM: Final = "helpdesk-highlights"
_PAGE: Final = "status.page"
_COOKIE: Final = "let_in"
_COOKIE_DIGITS: Final = 16  # hexadecimal digits by which browsers differ
_PLACES_DIGITS: Final = 3  # likewise for strangers
_ADDRESS: Final = b"client address"  # keeps these hashes apart from all else that SECRET_KEY signs
_BROWSER: Final = b"browser that was let in"
_ONE_SUBSCRIBER: Final = 64  # bits of an IPv6 address
_WITH_PORT: Final = re.compile(r"([0-9.]+):[0-9]{1,5}|\[([0-9A-Fa-f:.]+)\](?::[0-9]{1,5})?")
_YEAR: Final = 365 * 24 * 60 * 60

log = logs.get(__name__)


class Doorkeeper:
    """Lets in who knows the password, and slows down who guesses it."""

    def __init__(self, settings: Settings, redis: Redis) -> None:
        self._password = (settings.admin_password or "").encode()
        self._secret_key = settings.secret_keys[0].encode()
        self._has_router = settings.public_url.startswith("https://")  # we ourselves speak plain HTTP
        self._guesses = Guesses(redis, settings.keys)
        self.auth = HTTPBasicAuth(realm=REALM)
        self.auth.verify_password(self._knows_the_password)

    def _knows_the_password(self, user: str, password: str) -> bool:
        """Whether user and password are right; 429 when there were too many wrong ones lately."""
        if not user and not password:
            return False  # nothing was tried
        right_user = hmac.compare_digest(user.encode("utf-8", "replace"), USER.encode())
        right_password = hmac.compare_digest(password.encode("utf-8", "replace"), self._password)
        address = self._hashed(_ADDRESS, self._address())
        try:
            right = self._guesses.judge(
                self._guesser(address), right=right_user and right_password and bool(self._password)
            )
        except TooManyGuesses as error:
            log.warning("too many wrong admin passwords")
            raise TooManyRequests(retry_after=error.seconds) from None
        if right:
            self._remember(address)
        else:
            log.warning("wrong admin password")
        return right

    def _address(self) -> str:
        near = request.remote_addr or ""
        told = request.headers.get("X-Forwarded-For", "")
        return client(told, near, behind_router=self._has_router and may_be_router(near))

    def _guesser(self, address: str) -> Guesser:
        browser = session.get(_COOKIE)
        if isinstance(browser, str) and hmac.compare_digest(self._let_in(browser[:_COOKIE_DIGITS]), browser):
            return Guesser(counter=browser[:_COOKIE_DIGITS], known=True)
        if self._guesses.is_known(address):
            return Guesser(counter=address, known=True)
        return Guesser(counter=address[:_PLACES_DIGITS], known=False)

    def _remember(self, address: str) -> None:
        """Remember this client as no stranger: by its address, and a browser by a cookie."""
        self._guesses.know(address)
        if request.endpoint == _PAGE and _COOKIE not in session:
            session[_COOKIE] = self._let_in(secrets.token_hex(_COOKIE_DIGITS // 2))

    def _let_in(self, browser: str) -> str:
        """The value of a browser's cookie; it is void once the password changes."""
        return browser + self._hashed(_BROWSER + self._password, browser)

    def _hashed(self, purpose: bytes, text: str) -> str:
        return hmac.new(self._secret_key, purpose + b"\0" + text.encode("utf-8", "replace"), hashlib.sha256).hexdigest()


def may_be_router(remote_addr: str) -> bool:
    """Whether a connection can be the platform's router's: it comes from a private network, not from the Internet."""
    try:
        return not ipaddress.ip_address(remote_addr).is_global
    except ValueError:
        return False


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


class _Sessions(SecureCookieSessionInterface):
    """The sessions of browsers: a delivery, a POST without a cookie, has none, and nothing is spent on it."""

    def open_session(self, app: Flask, request: Request) -> SecureCookieSession | None:
        """A request's session; None where nobody has one or begins one."""
        if request.method == "POST" and "HTTP_COOKIE" not in request.environ:
            return None
        return super().open_session(app, request)


def protect(app: Flask, settings: Settings) -> CSRFProtect:
    """Set the application up for signed sessions and for tokens in forms; no view is checked by itself."""
    https = settings.public_url.startswith("https://")
    app.session_interface = _Sessions()
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
