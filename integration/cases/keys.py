"""What everything of ours in Redis is called: all begins with KEY_PREFIX. Two installations can share one Redis.

    <prefix>:owner                  whose all of it is (integration.cases.owner)
    <prefix>:case:<key>             an entry, as JSON (integration.cases.stored)
    <prefix>:due                    keys of cases by the time at which the sweeper looks at them again
    <prefix>:due:resting, :bell     until when the sweeper rests, and what wakes it (integration.cases.bell)
    <prefix>:clock                  how often Redis' clock was seen to jump
    <prefix>:run                    which run of Redis was seen last (integration.cases.lost_writes)
    <prefix>:state:<state>          keys of cases by the time at which they entered that state
    <prefix>:received               keys of cases by the time at which they came
    <prefix>:forgotten              keys of erased cases, by the time at which they were: they are not taken in again
    <prefix>:newest:<desk>          the highest numbers that came from a desk: a lower one may have had its note
    <prefix>:nameless:<hash>        cases of somebody whom their desk may know later, by a hash of their id there
    <prefix>:public                 cases whose note customers could read, until an admin has seen it, by time
    <prefix>:lane:<service>         pace and hold of a service (integration.cases.lanes)
    <prefix>:line:<service>         cases whose note is ready to go there, by the time at which it became ready
    <prefix>:asked                  the requests for highlights of the last hour, by time
    <prefix>:no-question:<service>  it refused a request with a question, and took it without, of late
    <prefix>:shared:<hash>          the last request for a person, for other cases of theirs (REUSE_MINUTES)
    <prefix>:merged:<case>          cases that were merged into it, in the order in which they came there
    <prefix>:asking:<hash>          the case of theirs that is asked about now
    <prefix>:sharing:<request>      cases that wait for the answer to a request that was made for another
    <prefix>:kept:<key>             what is kept for whoever asked for a case's highlights (integration.ask.records)
    <prefix>:metrics                what happened so far (integration.cases.counters)
    <prefix>:beats                  which parts of the worker live (integration.cases.heartbeats)
    <prefix>:doors, :refused...     which deliveries were verified, and which refused (integration.cases.deliveries)
    <prefix>:checked...             what the last `check` from the page found (integration.web.status.checking)
    <prefix>:recover:...            what recovery remembers (integration.cases.recovery)
    <prefix>:wrong-passwords...     who guessed the password wrong (integration.web.status.guesses)
    <prefix>:let-in:<hash>          who knew it of late

RQ's own keys begin with `rq:`, whoever uses it. Ours among them are told by the names of our queues, and by the ids of
our jobs: `<prefix>-<step>-<key of the case>-<chance>`.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import Final

from integration.facts import TICKETS, CaseKey, read_case_key

DEFAULT_PREFIX: Final = "highlights"
ALLOWED: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9_-]{0,39}")  # what RQ allows in a job's id, and no pattern of Redis'


@dataclass(frozen=True)
class Keys:
    """The names of one installation."""

    prefix: str

    def case(self, case: str) -> str:
        """A case's entry."""
        return f"{self.prefix}:case:{case}"

    def case_of(self, key: bytes) -> CaseKey:
        """The case that a key of `case` names; ValueError when it is none of ours."""
        return read_case_key(key.decode().removeprefix(self.case("")))

    def state(self, state: str) -> str:
        """The cases in a state."""
        return f"{self.prefix}:state:{state}"

    def lane(self, service: str) -> str:
        """A service's lane."""
        return f"{self.prefix}:lane:{service.lower()}"

    def no_question(self, service: str) -> str:
        """Set while a service is asked without questions."""
        return f"{self.prefix}:no-question:{service.lower()}"

    def shared(self, whose: str) -> str:
        """The last request for a person in a project, by a keyed hash of both."""
        return f"{self.prefix}:shared:{whose}"

    def asking(self, whose: str) -> str:
        """The case of a person that is asked about now, by the same hash."""
        return f"{self.prefix}:asking:{whose}"

    def merged(self, case: CaseKey) -> str:
        """The cases that were merged into one."""
        return f"{self.prefix}:merged:{case}"

    def sharing(self, request_id: str) -> str:
        """The cases that wait for the answer to another's request."""
        return f"{self.prefix}:sharing:{request_id}"

    def kept(self, case: str) -> str:
        """What is kept of a case for whoever asked for it: erased with it."""
        return f"{self.prefix}:kept:{case}"

    def recovery_seen(self, case: str) -> str:
        """What came of a case that recovery looked at."""
        return f"{self.prefix}:recover:seen:{case}"

    def check(self, chance: str) -> str:
        """What `check` writes, to see whether it can."""
        return f"{self.prefix}:check:{chance}"

    @property
    def owner(self) -> str:
        """Whose these keys are."""
        return f"{self.prefix}:owner"

    @property
    def due(self) -> str:
        """When the sweeper looks at which case."""
        return f"{self.prefix}:due"

    @property
    def resting(self) -> str:
        """There while the sweeper rests; scripts make this name and the next of `due`."""
        return f"{self.due}:resting"

    @property
    def bell(self) -> str:
        """What wakes it."""
        return f"{self.due}:bell"

    @property
    def clock(self) -> str:
        """How often Redis' clock was seen to jump."""
        return f"{self.prefix}:clock"

    @property
    def run(self) -> str:
        """Which run of Redis was seen last."""
        return f"{self.prefix}:run"

    @property
    def received(self) -> str:
        """When which case came."""
        return f"{self.prefix}:received"

    @property
    def forgotten(self) -> str:
        """Which cases were erased."""
        return f"{self.prefix}:forgotten"

    def newest(self, desk: str) -> str:
        """The highest numbers that came from a desk."""
        return f"{self.prefix}:newest:{desk}"

    def nameless(self, contact: str) -> str:
        """The cases of somebody whom nobody knows yet, by a hash of what their desk calls them."""
        return f"{self.prefix}:nameless:{contact}"

    def line(self, service: str) -> str:
        """The notes that are ready to go to a service."""
        return f"{self.prefix}:line:{service.lower()}"

    @property
    def public(self) -> str:
        """The cases whose note customers could read."""
        return f"{self.prefix}:public"

    @property
    def asked(self) -> str:
        """The requests for highlights."""
        return f"{self.prefix}:asked"

    @property
    def metrics(self) -> str:
        """What was counted."""
        return f"{self.prefix}:metrics"

    @property
    def beats(self) -> str:
        """Which parts of the worker live."""
        return f"{self.prefix}:beats"

    @property
    def doors(self) -> str:
        """What the web's doors saw last."""
        return f"{self.prefix}:doors"

    @property
    def refused(self) -> str:
        """Which deliveries were refused."""
        return f"{self.prefix}:refused"

    @property
    def refused_numbers(self) -> str:
        """How many of each."""
        return f"{self.prefix}:refused:n"

    @property
    def checked(self) -> str:
        """What the last check from the page found."""
        return f"{self.prefix}:checked"

    @property
    def checking(self) -> str:
        """That one is under way."""
        return f"{self.prefix}:checked:lock"

    @property
    def recovery_done(self) -> str:
        """Up to when all missed cases have been looked for."""
        return f"{self.prefix}:recover:done"

    @property
    def recovery_lost(self) -> str:
        """Since when and until when the cases were created that Redis may have lost."""
        return f"{self.prefix}:recover:lost"

    @property
    def recovery_trouble(self) -> str:
        """What stands in recovery's way."""
        return f"{self.prefix}:recover:trouble"

    def recovery_done_of(self, desk: str) -> str:
        """The same for the cases of one desk; tickets, which were there first, have the plain names."""
        return _of(self.recovery_done, desk)

    def recovery_lost_of(self, desk: str) -> str:
        """The same for the cases of one desk."""
        return _of(self.recovery_lost, desk)

    def recovery_trouble_of(self, desk: str) -> str:
        """The same for the cases of one desk."""
        return _of(self.recovery_trouble, desk)

    @property
    def recovery_lock(self) -> str:
        """Which worker looks for them now."""
        return f"{self.prefix}:recover:lock"

    @property
    def wrong_passwords(self) -> str:
        """What the keys of those who guessed the password begin with."""
        return f"{self.prefix}:wrong-passwords"

    def let_in(self, address: str) -> str:
        """That somebody with this hashed address knew the password."""
        return f"{self.prefix}:let-in:{address}"

    @property
    def requests(self) -> str:
        """RQ's queue of requests for highlights."""
        return f"{self.prefix}-requests"

    @property
    def notes(self) -> str:
        """RQ's queue of notes."""
        return f"{self.prefix}-notes"

    @property
    def queues(self) -> tuple[str, str]:
        """Both queues of RQ."""
        return self.requests, self.notes

    def job(self, step: str, case: str, chance: str) -> str:
        """The id of a job."""
        return f"{self.jobs(step, case)}-{chance}"

    def jobs(self, step: str, case: str) -> str:
        """What the id of every job begins with that does a step for a case."""
        return f"{self.prefix}-{step}-{case}"

    def read_job(self, job_id: str) -> tuple[str, CaseKey] | None:
        """The step and the case of a job's id, or of `<id>:<execution>`; None when it is not ours."""
        named = re.fullmatch(rf"{re.escape(self.prefix)}-([a-z_]+)-([A-Za-z0-9_-]+)-[0-9a-f]+(?::\w+)?", job_id)
        try:
            return None if named is None else (named[1], read_case_key(named[2]))
        except ValueError:
            return None


def _of(name: str, desk: str) -> str:
    return name if desk == TICKETS else f"{name}:{desk}"
