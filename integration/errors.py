"""Every error this project raises on purpose.

    SettingsError              a process cannot start; names every variable at fault
    RejectedDelivery           a web request is refused
        UnverifiedDelivery       401: its signature or its token is missing, wrong or out of date
        MalformedDelivery        400: it is genuine, and nothing can be done with it
    RemoteError                Zendesk or LogRocket did not do what was asked
        Temporary                worth another try, at the earliest after `retry_after`
        Permanent                no further try can help; its reason is for an admin
            NoNotePossible         the ticket can take no note (closed, deleted), or nobody knows whose it is
        Held                     401 or 403: our credentials are at fault, not the ticket

A library's exception is translated once, in the client that called it. None of these texts holds a secret, an
address of a person, or text that a remote service sent.
"""

from __future__ import annotations


class SettingsError(Exception):
    """A process lacks settings; `problems` has one line for each variable at fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("cannot start, settings are missing or malformed:\n  " + "\n  ".join(problems))


class RejectedDelivery(Exception):
    """A web request is refused; the text says why, for our log only."""


class UnverifiedDelivery(RejectedDelivery):
    """It cannot be shown to come from where it claims."""


class MalformedDelivery(RejectedDelivery):
    """It is genuine, and unusable."""


class RemoteError(Exception):
    """A remote service did not do what was asked; the text is for an admin, `service` is the service's name."""

    service: str | None = None


class Temporary(RemoteError):
    """Another try may succeed.

    `retry_after`: seconds that the service asked us to wait, if it did.
    `outcome_unknown`: the request may have been carried out although its answer is lost.
    `too_many`: we came too often (429): every ticket that needs this service waits, not this one alone.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        outcome_unknown: bool = False,
        too_many: bool = False,
    ) -> None:
        super().__init__(reason)
        self.retry_after = retry_after
        self.outcome_unknown = outcome_unknown
        self.too_many = too_many


class Permanent(RemoteError):
    """No further try can help."""


class NoNotePossible(Permanent):
    """The ticket cannot take a note, or its requester has no identity to ask for."""


class Held(RemoteError):
    """The service refuses our credentials (401 or 403): an admin has to act, every ticket waits."""
