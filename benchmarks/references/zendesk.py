"""zenpy, led to where the stand-in is: zenpy itself knows no other address than https://<subdomain>.zendesk.com."""

from __future__ import annotations

import os
from typing import Any

import requests
from requests.adapters import HTTPAdapter
from zenpy import Zenpy

_ADDRESS = "https://acme.zendesk.com"


class _Led(HTTPAdapter):
    def send(self, request: requests.PreparedRequest, *args: Any, **options: Any) -> requests.Response:  # noqa: ANN401 -- requests' own options
        """Send to the stand-in; the answer looks as if it came from Zendesk, by which zenpy knows how to read it."""
        asked, request.url = request.url or "", (request.url or "").replace(_ADDRESS, os.environ["ZENDESK_URL"])
        response = super().send(request, *args, **options)
        request.url = response.url = asked
        return response


def connect() -> Zenpy:
    """A client as zenpy's README makes one, with a token."""
    session = requests.Session()
    session.mount(_ADDRESS, _Led())
    return Zenpy(subdomain="acme", oauth_token="t" * 40, session=session)
