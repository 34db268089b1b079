"""The inbox in our words: whose conversation it is, is the note there, add the note."""

from __future__ import annotations

from collections.abc import Sequence

from integration.errors import Held, NoAddress, NoNotePossible, Permanent, StillPublic, Temporary
from integration.facts import CaseKey, Details, Receipt, reference_of
from integration.http import accepts_us
from integration.intercom import conversation as conversations
from integration.intercom import note as notes
from integration.intercom import pace
from integration.intercom.client import Intercom, Record
from integration.intercom.conversation import Known, Part
from integration.intercom.settings import SERVICE, IntercomSettings
from integration.note import Note
from integration.note.text import as_text

_UNPROVEN = "Intercom's answer does not show the note"


class Inbox:
    """One workspace's conversations. Raises `RemoteError`."""

    def __init__(self, settings: IntercomSettings) -> None:
        self._intercom = Intercom(settings)
        self._admin_id = settings.admin_id
        self._own: Record | None = None

    def details(self, key: CaseKey) -> Details:
        """What Intercom knows of the conversation and of its person."""
        return Details(**vars(self._known(key)), brand=None, form=None, tagged=False)

    def take_tag_off(self, key: CaseKey) -> None:
        """No tag asks here."""

    def tag(self, key: CaseKey) -> None:
        """No tag tells here."""

    def merged_into(self, key: CaseKey) -> CaseKey | None:  # noqa: ARG002 -- every place is asked so
        """Conversations are not merged."""
        return None

    def _known(self, key: CaseKey) -> Known:
        """What Intercom knows of the conversation and of its person; `NoAddress` when nobody can be looked for."""
        conversation = self._intercom.conversation(reference_of(key))
        contact_id = conversations.customer(conversation)
        if contact_id is None:
            raise NoNotePossible("the conversation is nobody's: no customer is in it", service=SERVICE)
        known = conversations.known(conversation, self._intercom.contact(contact_id))
        if not known.people:
            raise NoAddress("the lead has no e-mail address, and is no user with an id of yours", service=SERVICE)
        return known

    def find_note(self, key: CaseKey, *, markers: Sequence[str]) -> Receipt | None:
        """The part of our author that holds one of `markers`, public or not."""
        found = conversations.holding_one_of(self._own_parts(key), markers)
        return None if found is None else self._receipt(found)

    def find_any_note(self, key: CaseKey, *, markers: Sequence[str], since: float = 0.0) -> Receipt | None:
        """The part of `find_note`, or a note of our author for any request that was written at `since` or later."""
        parts = self._own_parts(key)
        late = [part for part in parts if part.created >= int(since)]
        found = conversations.holding_one_of(parts, markers) or conversations.any_note(late)
        return None if found is None else self._receipt(found)

    def write(self, key: CaseKey, note: Note) -> Receipt:
        """Add the note, in one request, and see whether it is a note, and ours."""
        conversation_id, author, marker = reference_of(key), self._author(), as_text(note.last_line)
        written = self._intercom.add_note(conversation_id, admin_id=author, body=notes.render(note))
        if str(written.get("id")) != conversation_id:
            raise Temporary(_UNPROVEN, service=SERVICE, outcome_unknown=True)
        own = conversations.holding_one_of(self._parts_of(written, author), [marker])
        if own is not None:
            return self._receipt(own)
        others = conversations.holding_one_of(list(conversations.all_parts(written)), [marker])
        if others is not None:  # another attempt would not find it, and write a second one
            told = f"the note is in the conversation, but not as teammate {author}'s: is INTERCOM_ADMIN_ID right?"
            if not others.is_note:
                raise StillPublic(f"the note is public, and {told}", note_id=others.id, service=SERVICE)
            raise Permanent(told, service=SERVICE)
        raise Temporary(_UNPROVEN, service=SERVICE, outcome_unknown=True)

    def make_private(self, key: CaseKey, receipt_id: str) -> None:  # noqa: ARG002 -- every place is asked so
        """A part that customers can read cannot be made a note."""
        reason = "the note is public, and Intercom makes no note of what is: delete it in the conversation"
        raise StillPublic(reason, note_id=receipt_id, service=SERVICE)

    def takes_our_credentials(self) -> bool | None:
        """Whether Intercom accepts our token where no conversation is concerned; None when that cannot be told now."""
        return accepts_us(self._intercom.who_we_are)

    def denied(self, error: Held) -> str:
        """Why one conversation is refused although our token is accepted, for an admin."""
        said = f" ({error.said})" if error.said else ""
        return (
            f"Intercom denies permission for this conversation ({error.status}), although it accepts our token: does "
            f"the app lack a permission, or the workspace's plan the API?{said}"
        )

    def is_of(self, account: str) -> bool:
        """Whether a workspace is the one that our token is of; nothing is taken for ours while that is not known."""
        app = self._who_we_are().get("app")
        own_id = app.get("id_code") if isinstance(app, dict) else None
        if not isinstance(own_id, str):
            self._own = None  # it may be told next time
            raise Temporary("Intercom does not tell which workspace our token is of", service=SERVICE)
        return own_id == account

    def close(self) -> None:
        """Close the connections."""
        self._intercom.close()

    def _author(self) -> str:
        """The id of the teammate whose notes ours are; asked for once when none is set."""
        if self._admin_id is None:
            own_id = str(self._who_we_are().get("id"))
            if not own_id.isdecimal():
                raise conversations.unreadable()
            self._admin_id = own_id
        return self._admin_id

    def _who_we_are(self) -> Record:
        """The teammate whose token it is, and the workspace; asked for once."""
        self._own = self._own or self._intercom.who_we_are()
        return self._own

    def _own_parts(self, key: CaseKey) -> list[Part]:
        author = self._author()
        return conversations.own_parts(self._intercom.conversation(reference_of(key)), author)

    @staticmethod
    def _parts_of(written: Record, author: str) -> list[Part]:
        try:
            return conversations.own_parts(written, author)
        except Temporary as error:
            raise Temporary(_UNPROVEN, service=SERVICE, outcome_unknown=True) from error

    def _receipt(self, part: Part) -> Receipt:
        return Receipt(id=part.id, public=not part.is_note, pace=pace.read(self._intercom.last_headers))
