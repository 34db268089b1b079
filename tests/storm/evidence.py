"""What there is to see when the storm is over: the ledger, the tickets, the requests, Redis, the logs."""

from __future__ import annotations

import contextlib
import json
import re
import time
import zlib
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, Final, cast
from urllib.parse import parse_qs, urlsplit

from redis import Redis

from integration.cases import keys as names
from integration.cases import stored
from integration.cases.entry import Entry, State
from integration.facts import CaseKey, read_case_key
from sandbox import Comment, Sandbox
from sandbox.logrocket import HighlightsRecord
from tests.storm.blows import Blow
from tests.storm.squalls import Outage
from tests.storm.tickets import Kind
from tests.tickets import key

MARKER: Final = "Highlights request "

# Every kind of key that Redis may hold in the end, and what it is for.
EXPLAINED: Final = {
    r"highlights:case:zendesk-\d+": "the ledger: one entry a ticket, kept RETENTION_DAYS",
    r"highlights:case:(intercom|survey|ask)-[\w-]+": "the ledger: one entry a case of the other doors, likewise",
    r"highlights:kept:ask-\w+": "results of asked highlights, kept ASK_KEEP_HOURS",
    r"highlights:nameless:[\w:]+": "conversations whose person may be known later, by a hash of their id",
    r"highlights:owner": "whose the ledger is: the Zendesk account and the LogRocket project",
    r"highlights:due": "the ledger: when the sweeper looks at which ticket again",
    r"highlights:state:\w+": "the ledger: ticket ids by state",
    r"highlights:clock": "the ledger: how often Redis' clock was seen to jump",
    r"highlights:due:(resting|bell)": "the ledger: until when the sweeper rests, and what wakes it",
    r"highlights:run": "the ledger: which run of Redis was seen last",
    r"highlights:received": "the ledger: ticket ids by the time at which they came",
    r"highlights:forgotten": "the ledger: the ids of erased tickets, which are not taken in again",
    r"highlights:newest:(zendesk|intercom)": "the ledger: the highest ids that came: a lower one may have had its note",
    r"highlights:metrics.*": "the ledger: counters for /metrics",
    r"highlights:recover:(lock|done(:intercom)?)": "recovery: who looks for missed tickets, and up to when it was done",
    r"highlights:recover:seen:(zendesk|intercom)-\d+": "recovery: cases that were looked at, for eight days",
    r"highlights:recover:lost(:intercom)?": "recovery: of which time Redis may have lost tickets",
    r"highlights:recover:trouble(:intercom)?": "recovery: what stands in its way",
    r"highlights:asked": "the ledger: LogRocket requests of the last hour, for their ceiling",
    r"highlights:lane:(zendesk|logrocket|intercom|slack|ask)": "the ledger: pace and hold of a service",
    r"highlights:public": "tickets whose note customers could read, until an admin has seen it",
    r"highlights:beats": "when a part of the worker last showed that it lives",
    r"highlights:(doors|refused|refused:n)": "which deliveries were verified and which refused, without content",
    r"highlights:let-in:\w+": "who reads /metrics: a hash of the address, for 30 days",
    r"rq:queues": "RQ: the names of the queues",
    r"rq:clean_groups": "RQ: who tidies up groups of jobs, of which there are none; expires",
    r"rq:workers(:highlights-\w+)?": "RQ: the names of the workers",
    r"rq:worker:[\w-]+": "RQ: what a worker does; expires",
    r"rq:worker:[\w-]+:executions": "RQ: the job that it does; expires",
    r"rq:clean_registries:highlights-\w+": "RQ: who tidies up; expires",
    r"rq:wip:highlights-\w+": "RQ: jobs that a killed worker had begun, until RQ tidies up",
    r"rq:failed:highlights-\w+": "RQ: the same after tidying up, for an hour",
    r"rq:job:highlights-[\w-]+": "RQ: the jobs in those two: a ticket id each; expire with them",
    r"rq:executions:[\w-]+": "RQ: when such a job was begun",
    r"rq:execution:[\w:-]+": "RQ: likewise; expires",
    r"rq:results:[\w-]+": "RQ: that such a job was abandoned; expires",
    r"rq:queue:highlights-\w+:intermediate": "RQ: jobs on their way to a worker that was killed",
    r"rq:queue:highlights-\w+:intermediate:first_seen:[\w-]+": "RQ: since when; expires",
}


@dataclass(kw_only=True)
class Ticket:
    """Everything that is known of one ticket."""

    number: int
    entry: Entry | None
    raw: str | None
    deleted: bool
    notes: list[Comment]
    accepted: bool = True  # whether one of its deliveries was answered with success
    results: list[tuple[str, HighlightsRecord]] = field(default_factory=list)
    asked: list[tuple[float, int | None]] = field(default_factory=list)  # each request to LogRocket: when, answer
    tried_at: float | None = None  # the last request to Zendesk to write its note
    updates: list[str] = field(default_factory=list)  # each request to Zendesk about it: when, what, answer

    @property
    def outcomes(self) -> Counter[str]:
        """What LogRocket made of the requests it took."""
        return Counter(record["outcome"] for _, record in self.results)


@dataclass(frozen=True, kw_only=True)
class Evidence:
    """Everything that the verdict is about."""

    seed: int
    seconds: float  # all of it
    settled_seconds: float  # from the end of the bad weather until nothing was left to be done
    kinds: Mapping[int, Kind]
    filed_at: Mapping[int, float]
    forgotten: Sequence[tuple[float, float]]  # from when to when Redis' writes were lost
    vanished: int  # tickets that Redis had taken in and lost
    tickets: Mapping[int, Ticket]
    others: Mapping[CaseKey, Ticket]  # the cases of the other doors, known by the same
    other_kinds: Mapping[CaseKey, Kind]
    taken_at: Mapping[CaseKey, float]  # when their senders were told that we have them
    outages: Sequence[Outage]  # of the services where they go
    told_again: int  # callbacks that came more than once, under the same id
    polled: Mapping[str, int]  # answers to clients that looked what came of their requests
    erased: frozenset[int]  # tickets whose entries were erased on purpose, after their note
    keys: Keys
    leaks: Sequence[str]
    faults: Counter[str]
    blows: Sequence[Blow]
    deliveries: Mapping[str, int]  # by outcome
    recovered: Mapping[str, int]  # by who did it
    repeated: Mapping[str, int]  # callbacks 20 at once, by the state of their ticket
    strangers: Mapping[str, int]
    requests: Mapping[str, int]  # to the two services
    own_429: int
    wrong: Sequence[str]  # what was seen on the way and should not be


@dataclass(kw_only=True)
class Keys:
    """What Redis holds: how many keys of each kind, and what nobody can explain."""

    kinds: Counter[str]
    unexplained: list[str]


def tickets(redis: Redis, sandbox: Sandbox, numbers: list[int]) -> dict[int, Ticket]:
    """The tickets, with their entries, their notes, and what was asked of LogRocket for them."""
    ours = names.Keys(names.DEFAULT_PREFIX)
    raw = cast("list[str | None]", redis.mget([ours.case(key(number)) for number in numbers])) if numbers else []
    alive = {ticket.id: ticket for ticket in sandbox.zendesk.tickets()}
    accepted = {delivery.ticket_id for delivery in sandbox.zendesk.deliveries if delivery.outcome == "success"}
    by_number = {
        number: Ticket(
            number=number,
            raw=text,
            entry=None if text is None else stored.load(text, key(number)),
            deleted=number not in alive,
            accepted=number in accepted,
            notes=[comment for comment in alive[number].comments if _is_note(comment)] if number in alive else [],
        )
        for number, text in zip(numbers, raw, strict=True)
    }
    add_requests({key(number): ticket for number, ticket in by_number.items()}, sandbox)
    for request in sandbox.zendesk.requests:
        about = re.match(r"/api/v2/tickets/(\d+)", request.path)
        if about and int(about[1]) in by_number:
            if request.method == "PUT" and not request.path.endswith("make_private"):
                by_number[int(about[1])].tried_at = request.at
            by_number[int(about[1])].updates.append(
                f"{_clock(request.at)} {request.method} {request.path} {request.status}"
            )
    return by_number


def add_requests(cases: Mapping[CaseKey, Ticket], sandbox: Sandbox) -> None:
    """Add to the cases what was asked of LogRocket for them, and what it made of that."""
    for request_id, record in sandbox.logrocket.results.items():
        case = cases.get(case_of(record["webhookURL"]))
        if case is not None:
            case.results.append((request_id, record))
    for request in sandbox.logrocket.requests:
        case = cases.get(case_of(json.loads(request.body)["webhookURL"])) if request.method == "POST" else None
        if case is not None:
            case.asked.append((request.at, request.status))


def _clock(at: float) -> str:
    """A monotonic time as the logs would write it."""
    return datetime.fromtimestamp(at - time.monotonic() + time.time(), UTC).isoformat()


def callback_tokens(sandbox: Sandbox) -> set[str]:
    """The tokens of all callback addresses that LogRocket was given."""
    urls = [json.loads(request.body)["webhookURL"] for request in sandbox.logrocket.requests if request.body]
    return {token for url in urls for token in parse_qs(urlsplit(url).query)["token"]}


def case_of(url: str | None) -> CaseKey:
    """The case that a callback address is for."""
    query = parse_qs(urlsplit(url or "").query)
    return key(int(query["ticket_id"][0])) if "ticket_id" in query else CaseKey(query["case"][0])


def _is_note(comment: Comment) -> bool:
    return MARKER in comment.html_body


# -- Redis


def keys(redis: Redis) -> Keys:
    """Every key by its kind; unexplained are unknown ones, jobs that nobody will remove, and personal content."""
    present = sorted(cast("list[str]", list(redis.scan_iter(count=1000))))
    kinds = {key: next((kind for kind in EXPLAINED if re.fullmatch(kind, key)), None) for key in present}
    unexplained = [f"{key}: no such kind of key is known" for key, kind in kinds.items() if kind is None]
    unexplained += _orphans(redis, present)
    unexplained += [
        f"{key}: holds an address" for key in present if "@" in _content(redis, key) and not _is_kept(redis, key)
    ]
    return Keys(kinds=Counter(kind for kind in kinds.values() if kind is not None), unexplained=unexplained)


def _is_kept(redis: Redis, key: str) -> bool:
    """Whether it is an answer to a survey that ended without a message: nobody could tell it again for a retry."""
    if not key.startswith("highlights:case:survey-"):
        return False
    name = read_case_key(key.removeprefix("highlights:case:"))
    entry = stored.load(cast("str", redis.get(key)), name)
    return entry.said is not None and entry.state in (State.EMPTY, State.FAILED)


def _orphans(redis: Redis, present: list[str]) -> list[str]:
    """Keys of RQ that would stay for ever: in no list and no registry, and without an end."""
    held: set[str] = set()
    for name in present:
        if re.fullmatch(r"rq:queue:[\w-]+(:intermediate)?", name):
            held |= set(cast("list[str]", redis.lrange(name, 0, -1)))
        elif re.fullmatch(r"rq:(wip|failed):[\w-]+", name):
            held |= {member.partition(":")[0] for member in cast("list[str]", redis.zrange(name, 0, -1))}
    personal = re.compile(r"rq:(job|executions|execution|results|worker):(?P<id>[\w-]+)")
    ids = {key: match["id"] for key in present if (match := personal.match(key))}
    return [
        f"{key}: never expires, and is in no queue and no registry"
        for key, job_id in ids.items()
        if job_id not in held and redis.ttl(key) == -1
    ]


def _content(redis: Redis, key: str) -> str:
    """What a key holds, as text; RQ compresses what a job is called with."""
    connection = redis.connection_pool.connection_kwargs
    with Redis(host=connection["host"], port=connection["port"], db=connection["db"]) as raw:
        match cast("bytes", raw.type(key)):
            case b"string":
                parts: list[Any] = [raw.get(key)]
            case b"hash":
                parts = [part for pair in cast("dict[bytes, bytes]", raw.hgetall(key)).items() for part in pair]
            case b"list":
                parts = list(cast("list[bytes]", raw.lrange(key, 0, -1)))
            case b"set":
                parts = list(cast("set[bytes]", raw.smembers(key)))
            case b"zset":
                parts = list(cast("list[bytes]", raw.zrange(key, 0, -1)))
            case _:
                parts = []
    return "\n".join(_text(part) for part in parts if part is not None)


def _text(part: bytes) -> str:
    with contextlib.suppress(zlib.error):
        part = zlib.decompress(part)
    return part.decode("utf-8", "replace")


# -- Logs


_ADDRESS: Final = re.compile(r"[\w.+\"'-]+(?:@|%40)[\w-]+\.\w+")


def leaks(log: str, *, secrets: dict[str, str], tokens: set[str], people: set[str]) -> list[str]:
    """What a log shows that it must not, each without the secret itself."""
    leaked = [f"the value of {name}" for name, value in secrets.items() if value in log]
    leaked += ["an access token or callback token" for token in tokens if token in log][:1]
    leaked += [f"a person's address or id ({person})" for person in people if person in log][:3]
    leaked += [f"something like an address ({match[0]})" for match in _ADDRESS.finditer(log)][:3]
    return leaked


def lines(log: str, fact: str) -> list[str]:
    """What a log says beside a fact, such as `ticket_id=5`."""
    return [line for line in log.splitlines() if re.search(rf"(?<!\S){re.escape(fact)}(?!\S)", line)]
