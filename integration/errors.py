"""Every error this project raises on purpose.

    SettingsError              a process cannot start; names every variable at fault
    RejectedDelivery           a web request is refused
        UnverifiedDelivery       401: its signature or its token is missing
            WrongSignature         it is well-formed and made with another secret
            OutOfDate              it is well-formed and too old, or from the future
        MalformedDelivery        400: it is genuine, and nothing can be done with it
    RemoteError                a service did not do what was asked
        Temporary                worth another try, at the earliest after `retry_after`
        Permanent                no further try can help; its reason is for an admin
            NoNotePossible         the case gets no note: it is closed, or its person is one of our own people
                CaseClosed           it takes no note any more; the case that it was merged into may
            QuestionRefused        a request with a question, which may be taken without it
        Held                     401, 402, 403 and their like: our account is at fault, or this one case
        NotItsTurn               its lane is closed, or others go first: nobody was asked
        NotThere                 the case is not there (yet), or its person has no address (yet)
        StillPublic              our note is there, and customers can read it
        NoteIsThere              nothing is to be asked: the case has its note

A library's exception is translated once, in the client that called it. None of these texts holds a secret, an
address of a person, or text that a remote service sent, but for the words that `integration.machine_words` lets pass.
"""

from __future__ import annotations

from typing import TypedDict, Unpack


class SettingsError(Exception):
    """A process lacks settings; `problems` has one line for each variable at fault."""

    def __init__(self, problems: list[str]) -> None:
        self.problems = tuple(problems)
        super().__init__("cannot start, settings are missing or malformed:\n  " + "\n  ".join(problems))


class RejectedDelivery(Exception):
    """A web request is refused; the text says why, for our log only, and `kind` how it is counted."""

    kind = "unusable"


class UnverifiedDelivery(RejectedDelivery):
    """It cannot be shown to come from where it claims."""

    kind = "unsigned"


class WrongSignature(UnverifiedDelivery):
    """It has a well-formed signature or token that was not made with a secret of ours."""

    kind = "wrong_signature"


class OutOfDate(UnverifiedDelivery):
    """It has a well-formed signature or token of another time."""

    kind = "out_of_date"


class MalformedDelivery(RejectedDelivery):
    """It is genuine, and unusable."""


class Told(TypedDict, total=False):
    """What is known of an error besides its reason.

    `service`: the name of the service that it came from.
    `said`: what the service said of it in words for machines.
    `outcome_unknown`: what was asked may have been done all the same, or may be done yet.
    """

    service: str | None
    said: str
    outcome_unknown: bool


class RemoteError(Exception):
    """A remote service did not do what was asked; the text is for an admin."""

    def __init__(self, reason: str, **told: Unpack[Told]) -> None:
        super().__init__(reason)
        self.service = told.get("service")
        self.said = told.get("said", "")
        self.outcome_unknown = told.get("outcome_unknown", False)

    def __str__(self) -> str:
        reason = super().__str__()
        if not self.said:
            return reason
        return f"{reason} ({self.said})" if reason.endswith("?") else f"{reason}: {self.said}"


class Temporary(RemoteError):
    """Another try may succeed.

    `retry_after`: seconds that the service asked us to wait, if it did.
    `too_many`: we came too often (429); `limit_used_up`: whether the headers say that of the whole account, None when
    they do not tell.
    """

    def __init__(
        self,
        reason: str,
        *,
        retry_after: float | None = None,
        too_many: bool = False,
        limit_used_up: bool | None = None,
        **told: Unpack[Told],
    ) -> None:
        super().__init__(reason, **told)
        self.retry_after = retry_after
        self.too_many = too_many
        self.limit_used_up = limit_used_up


class Permanent(RemoteError):
    """No further try can help."""


class NoNotePossible(Permanent):
    """The case cannot take a note any more, or its person is none whom notes are about."""


class CaseClosed(NoNotePossible):
    """The case takes no note any more; if it was merged into another one, that may."""


class QuestionRefused(Permanent):
    """The summariser refused a request with a question in it; an API that is older than the field takes one without."""


class Held(RemoteError):
    """The service refuses us: everywhere (an admin has to act, every case waits), or for this one case.

    `of_account`: it was refused for no case in particular. `status`: that of the answer, for an admin.
    """

    def __init__(self, reason: str, *, status: int = 0, of_account: bool = False, **told: Unpack[Told]) -> None:
        super().__init__(reason, **told)
        self.status = status
        self.of_account = of_account


class NotItsTurn(RemoteError):
    """A service's lane is closed, or others go first: nobody was asked; `until` is Unix seconds of Redis' clock."""

    def __init__(self, reason: str, *, until: float, **told: Unpack[Told]) -> None:
        super().__init__(reason, **told)
        self.until = until


class NotThere(RemoteError):
    """What may be there a little later: a case that a copy of the desk's database does not have yet, an address."""


class NoAddress(NotThere):
    """The requester has neither an e-mail address nor an external id; a chat may bring one."""


class StillPublic(RemoteError):
    """Our note came back public and could not be made private: customers can read the note `note_id`."""

    def __init__(self, reason: str, *, note_id: str, **told: Unpack[Told]) -> None:
        super().__init__(reason, **told)
        self.note_id = note_id


class NoteIsThere(RemoteError):
    """The case has its note, the note `note_id`: nothing is to be asked or written any more."""

    def __init__(self, *, note_id: str, **told: Unpack[Told]) -> None:
        super().__init__("the note is there already", **told)
        self.note_id = note_id
