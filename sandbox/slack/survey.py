"""A survey beside the channel: a person gives a score, and its tool tells the product, as Zapier and the like would."""

from __future__ import annotations

import itertools
import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Final

from sandbox import outbound

_SECONDS: Final = 10.0


@dataclass
class Survey:
    """Where answers go, and with which token."""

    product_url: str
    token: str = field(repr=False)
    told: str = ""  # what came of the last answer, for the page,
    number: int = 0  # and its number
    apart: bool = False  # whether score and comment are told apart, each twice
    _numbers: itertools.count[int] = field(default_factory=lambda: itertools.count(1))

    def answer(self, form: Mapping[str, str]) -> None:
        """Tell the product of an answer."""
        self.number = number = next(self._numbers)
        whole = {"id": str(number), **{name: form.get(name, "") for name in ("score", "email", "comment")}}
        told = [whole | {"comment": ""}] * 2 + [whole] * 2 if self.apart else [whole]
        said = [f"{reply.status} {reply.body.strip()}" for reply in map(self._tell, told)]
        self.told = f"Answer {number}: the product said {', then '.join(said)}"

    def _tell(self, body: dict[str, str]) -> outbound.Reply:
        return outbound.send(
            "POST",
            f"{self.product_url}/surveys/plain",
            body=json.dumps(body).encode(),
            headers={"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"},
            timeout=_SECONDS,
        )
