"""A transport for checks, which look at any answer themselves instead of getting an error for it."""

from __future__ import annotations

import requests

from integration.errors import RemoteError, Told
from integration.http import ServiceAdapter


class Answered(RemoteError):
    """An answer other than 2xx."""

    def __init__(self, response: requests.Response, told: Told) -> None:
        super().__init__(f"answered {response.status_code}", **told)
        self.status = response.status_code
        self.response = response


class ProbeAdapter(ServiceAdapter):
    """A transport that hands every answer other than 2xx on, as `Answered`."""

    def refused(self, response: requests.Response, told: Told) -> RemoteError:
        """The answer, whatever it is."""
        return Answered(response, told)
