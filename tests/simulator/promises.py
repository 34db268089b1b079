"""What is promised of every schedule, and how it is seen whether that was kept."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

from integration.cases.entry import FINAL, Entry, State
from tests.simulator.chance import Place
from tests.simulator.troubles import DISTURBANCES
from tests.simulator.world import START

if TYPE_CHECKING:
    from tests.simulator.schedule import Schedule
    from tests.simulator.zendesk import Ticket

LONGEST_WAIT = 180.0  # seconds from the delivery to the note, for a ticket that nothing happens to
MOST_UPDATES = 12
MOST_REQUESTS = 12
TOO_MANY = 429
MORE_WHILE_HELD = 30  # one a minute for as long as the account is in trouble


def broken(schedule: Schedule, entries: Mapping[int, Entry | None]) -> dict[str, str]:
    """Every promise that was broken, with what was seen."""
    found: dict[str, str] = {}
    for number, ticket in schedule.zendesk.tickets.items():
        found |= _of_notes(ticket, entries[number], rounds=1 + schedule.demanded.get(number, 0))
        found |= _of_the_end(schedule, number, entries[number])
    if schedule.world.raised:
        found["a job never raises"] = schedule.world.raised[0]
    longest = waited(schedule, entries)
    if longest > LONGEST_WAIT + _asked_of_all(schedule):
        found["nobody waits for another"] = f"a ticket to which nothing happened waited {longest:.0f} s for its note"
    return found


def _of_notes(ticket: Ticket, entry: Entry | None, *, rounds: int) -> dict[str, str]:
    found, notes, number = {}, ticket.notes(), ticket.ticket_id
    state = "not known" if entry is None else str(entry.state)
    if len(notes) > rounds:
        found["one note"] = f"ticket {number} has {len(notes)} notes in {rounds} rounds"
    if any(each.public for each in notes) and state != State.FAILED:
        found["no public note is let go"] = f"ticket {number} has a public note and is {state}"
    if state == State.POSTED and not notes:
        found["posted means posted"] = f"ticket {number} is posted and has no note"
    return found


def _of_the_end(schedule: Schedule, number: int, entry: Entry | None) -> dict[str, str]:
    found = {}
    if entry is None:
        found["nothing is lost"] = f"ticket {number} is not known at the end"
    elif entry.state not in FINAL:
        found["everything ends"] = f"ticket {number} is {entry.state} at the end: {entry.last_error}"
    elif _innocent(schedule, number) and entry.state is not State.POSTED:
        found["its trouble is its own"] = (
            f"ticket {number}, to which nothing happened, is {entry.state}: {entry.reason}"
        )
    updates, asked = schedule.zendesk.tickets[number].updates, schedule.logrocket.asked.get(number, 0)
    more = MORE_WHILE_HELD if {("admin",), ("account",)} & schedule.chance.troubles.keys() else 0
    rounds = 1 + schedule.demanded.get(number, 0)
    if updates > MOST_UPDATES * rounds + more or asked > MOST_REQUESTS * rounds + more:
        found["tries are bounded"] = f"ticket {number}: {updates} updates, {asked} requests"
    return found


def waited(schedule: Schedule, entries: Mapping[int, Entry | None]) -> float:
    """How long the slowest ticket waited to which nothing happened; 0 when something happened to everybody."""
    if any(_of_everybody(place, schedule) for place in schedule.chance.troubles):
        return 0.0
    waits = [0.0]
    for number, entry in entries.items():
        if _innocent(schedule, number) and entry is not None:
            end = entry.entered_at if entry.state in FINAL else schedule.world.now
            waits.append(end - schedule.delivered.get(number, START))
    return max(waits)


def _asked_of_all(schedule: Schedule) -> float:
    """The seconds for which LogRocket asked one ticket after another to wait: that is meant for all, by our rule."""
    answers = [own.answer for own in schedule.logrocket.own_troubles.values() if "ask" in own.kinds]
    asked = [float(answer.headers["Retry-After"]) for answer in answers if answer.status == TOO_MANY]
    return max(asked) if len(asked) > 1 else 0.0


def _innocent(schedule: Schedule, number: int) -> bool:
    """Whether nothing happened to a ticket itself."""
    return not any(_of_ticket(place, number) for place in schedule.chance.troubles) and not any(
        _of_everybody(place, schedule) for place in schedule.chance.troubles
    )


def _of_ticket(place: Place, number: int) -> bool:
    match place:
        case ("late", _, str(whose), _):
            return whose == str(number)
        case (
            ("ticket", int(whose))
            | ("demand", int(whose))
            | ("delivered again", int(whose))
            | (_, _, int(whose), _)
            | ("during", _, _, int(whose), _)
        ):
            return whose == number
        case ("redis", str(job), _):
            return job.endswith(f" {number}")
    return False


def _of_everybody(place: Place, schedule: Schedule) -> bool:
    match place:
        case ("account",):
            return True
        case ("during", *_):
            return DISTURBANCES[schedule.chance.troubles[place]].kind not in ("kill", "freeze")
        case (_, "me", *_):
            return True
    return False
