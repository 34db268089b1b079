"""What an admin sets about Freshdesk: `integration/settings.py` finds it here and tells at once all that is missing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Final

from integration import variables
from integration.variables import Reader

NAMES: Final = ("FRESHDESK_URL", "FRESHDESK_API_KEY", "FRESHDESK_SECRET")


@dataclass(frozen=True, kw_only=True)
class FreshdeskSettings:
    """One Freshdesk account; `url` has no trailing slash."""

    url: str
    api_key: str = field(repr=False)
    secret: str = field(repr=False)
    requests_per_hour: None = None  # it makes no highlights

    @property
    def account(self) -> str:
        return f"Freshdesk {self.url}"

    @property
    def secrets(self) -> tuple[str, ...]:
        return (self.api_key, self.secret)

    def facts(self) -> dict[str, object]:
        return {"freshdesk": self.url}


def read(reader: Reader) -> FreshdeskSettings:
    return FreshdeskSettings(
        url=reader.read("FRESHDESK_URL", variables.web_url, default="", needed=True),
        api_key=reader.read("FRESHDESK_API_KEY", variables.secret, default="", needed=True),
        secret=reader.read("FRESHDESK_SECRET", variables.secret, default="", needed=True),
    )
