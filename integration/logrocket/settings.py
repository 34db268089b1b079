"""What an admin sets about LogRocket: which project, its key, its addresses, and how often it may be asked."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import Final

from integration import variables
from integration.variables import Reader

NAMES: Final = (
    *("LOGROCKET_APP_ID", "LOGROCKET_API_KEY", "LOGROCKET_API_URL", "LOGROCKET_APP_URL"),
    "LOGROCKET_REQUESTS_PER_HOUR",
)


@dataclass(frozen=True, kw_only=True)
class LogRocketSettings:
    """One LogRocket project; URLs have no trailing slash."""

    org: str
    app: str
    api_key: str = field(repr=False)
    api_url: str
    app_url: str
    requests_per_hour: int

    @property
    def project(self) -> str:
        """The project, as LogRocket writes it."""
        return f"{self.org}/{self.app}"

    @property
    def api_path(self) -> str:
        """Where the API has what is about the project's highlights."""
        return f"/v1/orgs/{self.org}/apps/{self.app}/highlights"

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        return (self.api_key,)


def read(reader: Reader) -> LogRocketSettings:
    """All of it."""
    org, app = reader.read("LOGROCKET_APP_ID", _app_id, default=("", ""), needed=True)
    return LogRocketSettings(
        org=org,
        app=app,
        api_key=reader.read("LOGROCKET_API_KEY", _api_key(org, app), default="", needed=True),
        api_url=reader.read("LOGROCKET_API_URL", variables.web_url, default="https://api.logrocket.com"),
        app_url=reader.read("LOGROCKET_APP_URL", variables.web_url, default="https://app.logrocket.com"),
        requests_per_hour=reader.read("LOGROCKET_REQUESTS_PER_HOUR", _per_hour, default=1000),
    )


def _app_id(raw: str) -> tuple[str, str]:
    if not re.fullmatch(r"[A-Za-z0-9._-]+/[A-Za-z0-9._-]+", raw) or {".", ".."} & set(raw.split("/")):
        raise ValueError("must be org/app, as LogRocket shows it under Settings > Project Settings")
    org, app = raw.split("/")
    return org, app


def _api_key(org: str, app: str) -> Callable[[str], str]:
    def convert(raw: str) -> str:
        key = variables.secret(raw)
        parts = key.split(":")
        if parts[0] == "pat" and org != "pat":
            raise ValueError("is a personal access token: the project's API key is needed")
        if len(parts) >= 3 and org and parts[:2] != [org, app]:  # noqa: PLR2004 -- org:app:secret
            raise ValueError("belongs to another project than LOGROCKET_APP_ID names")
        return key

    return convert


def _per_hour(raw: str) -> int:
    if not re.fullmatch(r"[0-9]{1,7}", raw) or int(raw) == 0:
        raise ValueError("must be a whole number, 1 or more")
    return int(raw)
