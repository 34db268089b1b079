"""What an admin sets about Intercom: an app's token and its client secret, the region, and whose notes they are."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Final

from integration import variables
from integration.parts import Part
from integration.variables import Reader

SERVICE: Final = "Intercom"
DESK: Final = "intercom"  # what the keys of its cases begin with
INTERVAL: Final = 0.5  # seconds between two notes while nothing is known of its limits
NAMES: Final = (
    *("INTERCOM_ACCESS_TOKEN", "INTERCOM_CLIENT_SECRET", "INTERCOM_REGION", "INTERCOM_ADMIN_ID", "INTERCOM_URL"),
)
HOSTS: Final = {
    "us": "https://api.intercom.io",
    "eu": "https://api.eu.intercom.io",
    "au": "https://api.au.intercom.io",
}
INBOXES: Final = {
    HOSTS["us"]: "https://app.intercom.com",
    HOSTS["eu"]: "https://app.eu.intercom.com",
    HOSTS["au"]: "https://app.au.intercom.com",
}
_TOKEN, _SECRET = "INTERCOM_ACCESS_TOKEN", "INTERCOM_CLIENT_SECRET"


@dataclass(frozen=True, kw_only=True)
class IntercomSettings(Part):
    """One workspace; `url` has no trailing slash, `admin_id` None stands for the teammate whose token it is."""

    token: str = field(repr=False)
    client_secret: str = field(repr=False)
    region: str
    admin_id: str | None
    url: str

    @property
    def account(self) -> str:
        """Whose conversations, in words that are no secret: the workspace's id only Intercom can tell."""
        return f"Intercom {self.region}"

    @property
    def inbox_url(self) -> str:
        """Where teammates work; a stand-in has both at one address."""
        return INBOXES.get(self.url, self.url)

    def facts(self) -> dict[str, object]:
        """What a process says of it at its start, in the log."""
        return {"intercom": self.region}

    @property
    def secrets(self) -> tuple[str, ...]:
        """Every value that must never be printed."""
        return (self.token, self.client_secret)


def read(reader: Reader) -> IntercomSettings | None:
    """All of it; None when nothing of Intercom is set. Token and secret are needed as soon as one variable is."""
    if not any(map(reader.text, NAMES)):
        return None
    region = reader.read("INTERCOM_REGION", variables.one_of(*HOSTS), default="us")
    return IntercomSettings(
        token=reader.read(_TOKEN, variables.secret, default="", needed=True),
        client_secret=reader.read(_SECRET, variables.secret, default="", needed=True),
        region=region,
        admin_id=reader.read("INTERCOM_ADMIN_ID", _admin_id, default=None),
        url=reader.read("INTERCOM_URL", variables.web_url, default=HOSTS[region]),
    )


def _admin_id(raw: str) -> str:
    if not re.fullmatch(r"[1-9][0-9]{0,17}", raw):
        raise ValueError("must be a teammate's number, such as 991267696 (the end of the address of their profile)")
    return raw
