"""What a status page says, in words: durations, states, limits and holds; no I/O."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Final

from integration.cases.deliveries import Refusals
from integration.cases.entry import FINAL, Entry, State
from integration.cases.lanes import Hold, Outlook
from integration.cases.reader import PublicNote
from integration.cases.standing import listed
from integration.cases.steps import Routes

STATES: Final = {state: str(state) for state in State}  # the same words as in the log and in the commands
_MINUTE, _HOUR, _DAY = 60, 3600, 86400
_SPACE: Final = "\N{NO-BREAK SPACE}"  # keeps a number and its unit on one line
_TOLD_SECONDS: Final = 0.1  # the shortest time that is told in seconds
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


def waits_for(state: State, routes: Routes) -> str:
    """What the tickets in a state that is not the end wait for."""
    match state:
        case State.RECEIVED:
            return f"for {routes.summariser} to be asked"
        case State.REQUESTED:
            return f"for {routes.summariser}'s highlights"
        case _:
            return f"for their note in {listed(routes.elsewhere, 'or')}" if routes.elsewhere else "for their result"


def waiting_for(entry: Entry, now: float, *, routes: Routes) -> str | None:
    """What a ticket that is not at its end waits for."""
    if entry.state in FINAL:
        return None
    if entry.claim.lease_until > now:
        return "A worker is at work on it right now."
    own = f"for its note in {routes.place(entry.key)}"
    said = f"Waits {own if entry.state is State.READY else waits_for(entry.state, routes)}"
    return f"{said}, because: {_ended(entry.last_error)}" if entry.last_error else f"{said}."


def _ended(text: str) -> str:
    return text if text.endswith(("?", ".")) else f"{text}."


def of_public_note(note: PublicNote, *, routes: Routes) -> str:
    """What is known of a note that customers can read, or could, and what to do."""
    place = routes.place(note.key)
    if note.entry is None:
        return f"Its note was public. Whether it still is cannot be told here any more: look at it in {place}."
    if note.entry.note.public_id is None:
        return "Customers may have read its note, or got it by e-mail, before it was made internal."
    said = f"Customers can read its note. Make it internal in {place}"
    if note.entry.state in FINAL:
        return f"{said}, or retry the ticket; “Seen” changes nothing in {place}."
    return f"{said}: it is tried again by itself, and listed again if that does not help."


def of_refusals(refusals: Refusals, *, routes: Routes) -> str:
    """Where deliveries were refused."""
    doors = {service.endpoint: f"{service.name} endpoint" for service in routes.doors}
    return doors.get(refusals.endpoint, f"{routes.summariser} callback")


def of_lanes(outlook: Outlook, holds: Mapping[str, Hold], *, asked: int, ceiling: int) -> dict[str, list[str]]:
    """Each service's lane, by its name: whether something may go, and how much."""
    routes = outlook.routes
    told = {place: of_place(place, outlook, holds.get(place)) for place in routes.elsewhere}
    hold = holds.get(routes.summariser)
    told[routes.summariser] = of_summariser(outlook, hold, asked=asked, ceiling=ceiling)
    return {**told, **{project: of_project(project, outlook, holds.get(project)) for project in routes.projects}}


def of_project(project: str, outlook: Outlook, hold: Hold | None) -> list[str]:
    """The lane of one of the summariser's projects: its requests are counted with those of the first."""
    if hold is not None and not hold.suspected:
        return [_held(hold, outlook.routes)]
    said = [f"{hold.reason.rstrip('?.')}. Other tickets go on."] if hold is not None else []
    closed = outlook.open_at[project] - outlook.now
    if closed > _PAUSED_SECONDS:
        said.append(f"It asked us to wait: the next request goes in {duration(closed)}.")
    return said or ["Requests go on."]


def of_place(place: str, outlook: Outlook, hold: Hold | None) -> list[str]:
    """A place's lane: whether notes may go, and how fast."""
    if hold is not None and not hold.suspected:
        return [_held(hold, outlook.routes)]
    said = [f"{hold.reason.rstrip('?.')}. Other tickets go on."] if hold is not None else []
    closed, interval = outlook.notes_at(place) - outlook.now, outlook.notes[place].interval
    if closed > interval + _PAUSED_SECONDS:
        said.append(f"{place} asked us to wait: the next note goes in {duration(closed)}.")
    often = f"every {duration(interval)}" if interval >= _TOLD_SECONDS else f"every {interval * 1000:.0f}{_SPACE}ms"
    said.append(f"At most one note {often}: half of what {place}'s limits allow.")
    return said


def of_summariser(outlook: Outlook, hold: Hold | None, *, asked: int, ceiling: int) -> list[str]:
    """The summariser's lane: whether requests may go, and how many more this hour."""
    routes = outlook.routes
    if hold is not None and not hold.suspected:
        return [_held(hold, routes)]
    said = [f"{hold.reason.rstrip('?.')}. Other tickets go on."] if hold is not None else []
    closed = outlook.requests_at - outlook.now
    if closed > _PAUSED_SECONDS:
        said.append(f"{routes.summariser} asked us to wait: the next request goes in {duration(closed)}.")
    said.append(f"{asked:,} of {count(ceiling, 'request')} were made in the last hour.")
    if asked >= ceiling:
        said.append(f"That is what {routes.ceiling} allows: new tickets wait until the hour has passed.")
    return said


def _held(hold: Hold, routes: Routes) -> str:
    return (
        f"{hold.reason}. Tickets wait, and nothing is lost: look at {routes.credentials[hold.service]}, and run "
        f"python -m integration check. It is tried again every minute; the tickets go on by themselves."
    )
