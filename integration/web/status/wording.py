"""What a status page says, in words: durations, states, limits and holds; no I/O."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Final

from integration.cases.entry import FINAL, Entry, State
from integration.cases.lanes import Hold, Outlook
from integration.cases.reader import PublicNote

STATES: Final = {state: str(state) for state in State}  # the same words as in the log and in the commands
WAITS_FOR: Final = {
    State.RECEIVED: "for LogRocket to be asked",
    State.REQUESTED: "for LogRocket's highlights",
    State.READY: "for their note in Zendesk",
}
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SPACE: Final = "\N{NO-BREAK SPACE}"  # keeps a number and its unit on one line
_PAUSED_SECONDS: Final = 0.5  # that a lane is closed beyond its usual interval


def count(number: int, one: str, many: str | None = None) -> str:
    """A number with its noun."""
    return f"{number:,} {one if number == 1 else many or one + 's'}"


def duration(seconds: float) -> str:
    """A time span as a person would say it, in its one or two largest units."""
    if seconds < 10:  # noqa: PLR2004 -- where tenths stop being of interest
        return f"{max(seconds, 0):.1f}".removesuffix(".0") + f"{_SPACE}s"
    whole = round(seconds)
    if whole < _MINUTE:
        return f"{whole}{_SPACE}s"
    if whole < 10 * _MINUTE:
        return _two(whole, _MINUTE, "min", 1, "s")
    if whole < 2 * _HOUR:
        return f"{whole // _MINUTE}{_SPACE}min"
    if whole < 2 * _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    return _two(whole, _DAY, "days", _HOUR, "h")


def _two(whole: int, large: int, large_unit: str, small: int, small_unit: str) -> str:
    rest = whole % large // small
    return f"{whole // large}{_SPACE}{large_unit}" + (f" {rest}{_SPACE}{small_unit}" if rest else "")


def moment(when: float, now: float) -> str:
    """A point in time, in UTC; with its day when that is another one than today's."""
    told, today = datetime.fromtimestamp(when, UTC), datetime.fromtimestamp(now, UTC)
    if told.date() == today.date():
        return told.strftime("%H:%M:%S UTC")
    return told.strftime(f"{told.day} %b %H:%M UTC") if told.year == today.year else told.strftime("%Y-%m-%d %H:%M UTC")


def machine_time(when: float) -> str:
    """A point in time as HTML's `datetime` wants it."""
    return datetime.fromtimestamp(when, UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def sentence(text: str) -> str:
    """A reason as a sentence of its own."""
    return _ended(f"{text[:1].upper()}{text[1:]}")


def waiting_for(entry: Entry, now: float) -> str | None:
    """What a ticket that is not at its end waits for."""
    if entry.state in FINAL:
        return None
    if entry.claim.lease_until > now:
        return "A worker is at work on it right now."
    match entry.state:
        case State.RECEIVED:
            said = "Waits for LogRocket to be asked"
        case State.REQUESTED:
            said = "Waits for LogRocket's highlights"
        case _:
            said = "Waits for its note in Zendesk"
    return f"{said}, because: {_ended(entry.last_error)}" if entry.last_error else f"{said}."


def _ended(text: str) -> str:
    return text if text.endswith(("?", ".")) else f"{text}."


def of_public_note(note: PublicNote) -> str:
    """What is known of a note that customers can read, or could, and what to do."""
    if note.entry is None:
        return "Its note was public. Whether it still is cannot be told here any more: look at it in Zendesk."
    if note.entry.note.public_id is None:
        return "Customers may have read its note, or got it by e-mail, before it was made internal."
    said = "Customers can read its note. Make it internal in Zendesk"
    if note.entry.state in FINAL:
        return f"{said}, or retry the ticket; “Seen” changes nothing in Zendesk."
    return f"{said}: it is tried again by itself, and listed again if that does not help."


def of_zendesk(outlook: Outlook, hold: Hold | None) -> list[str]:
    """Zendesk's lane: whether notes may go, and how fast."""
    if hold is not None and not hold.suspected:
        return [_held(hold, "ZENDESK_CLIENT_ID and ZENDESK_CLIENT_SECRET")]
    said = [f"{hold.reason.rstrip('?.')}. Other tickets go on."] if hold is not None else []
    closed, interval = outlook.notes_at("Zendesk") - outlook.now, outlook.notes["Zendesk"].interval
    if closed > interval + _PAUSED_SECONDS:
        said.append(f"Zendesk asked us to wait: the next note goes in {duration(closed)}.")
    said.append(f"At most one note every {duration(interval)}: half of what Zendesk's limits allow.")
    return said


def of_logrocket(outlook: Outlook, hold: Hold | None, *, asked: int, ceiling: int) -> list[str]:
    """LogRocket's lane: whether requests may go, and how many more this hour."""
    if hold is not None and not hold.suspected:
        return [_held(hold, "LOGROCKET_API_KEY")]
    said = [f"{hold.reason.rstrip('?.')}. Other tickets go on."] if hold is not None else []
    closed = outlook.requests_at - outlook.now
    if closed > _PAUSED_SECONDS:
        said.append(f"LogRocket asked us to wait: the next request goes in {duration(closed)}.")
    said.append(f"{asked:,} of {count(ceiling, 'request')} were made in the last hour.")
    if asked >= ceiling:
        said.append("That is what LOGROCKET_REQUESTS_PER_HOUR allows: new tickets wait until the hour has passed.")
    return said


def _held(hold: Hold, variables: str) -> str:
    return (
        f"{hold.reason}. Tickets wait, and nothing is lost: look at {variables}, and run "
        f"python -m integration check. It is tried again every minute; the tickets go on by themselves."
    )
