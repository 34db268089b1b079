"""What one part of this project tells another: plain, frozen values in our own words; no I/O, no vendor."""

from __future__ import annotations

import enum
from dataclasses import dataclass, field


@dataclass(frozen=True, kw_only=True)
class Person:
    """Whom a case is about: an e-mail address, or the id by which the product knows them."""

    email: str | None = field(default=None, repr=False)
    external_id: str | None = field(default=None, repr=False)


class Status(enum.Enum):
    """Where a request for highlights stands."""

    READY = "READY"
    FAILED = "FAILED"
    PENDING = "PENDING"


@dataclass(frozen=True, kw_only=True)
class Session:
    """One recorded session: what the person did in it, as Markdown.

    `place` is where the session can be replayed, in a form that only the service that recorded it can read; None when
    that is not known.
    """

    place: str | None
    text: str = field(repr=False)


@dataclass(frozen=True, kw_only=True)
class Highlights:
    """What a person did: a summary, as Markdown, and the sessions that it is made of.

    `linked` is the place of the first session that the summary links to.
    """

    summary: str = field(repr=False)
    sessions: tuple[Session, ...] = ()
    linked: str | None = None

    @property
    def empty(self) -> bool:
        """Whether they are empty: no session listed or linked to, or no text anywhere."""
        if not self.sessions:
            return self.linked is None
        return not (self.summary.strip() or any(session.text.strip() for session in self.sessions))

    @property
    def replay(self) -> str | None:
        """The place of the first session that can be replayed, listed or linked to."""
        return next((session.place for session in self.sessions if session.place), self.linked)


@dataclass(frozen=True, kw_only=True)
class Result:
    """What became of one request; `highlights` is there exactly when it is READY."""

    request_id: str | None
    status: Status
    highlights: Highlights | None = None
