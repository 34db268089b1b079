"""What there is to see of the cases of the other doors: notes in Intercom, messages in Slack, results and callbacks."""

from __future__ import annotations

import hashlib
import json
import re
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, cast

from integration.cases import keys as names
from integration.cases import stored
from integration.facts import CaseKey, reference_of
from sandbox import Comment
from tests.storm.doors import ASKED, CALLBACKS, CONVERSATIONS, Doors
from tests.storm.evidence import Ticket, add_requests
from tests.storm.stage import Stage
from tests.storm.tickets import Kind


def cases(stage: Stage, doors: Doors) -> dict[CaseKey, Ticket]:
    """Each case with its entry, what was written for it, and what was asked of LogRocket."""
    sent = doors.cases()
    written, tried = _messages(stage), _tries(stage)
    known: dict[CaseKey, Ticket] = {}
    for number, (key, case) in enumerate(sent.items()):
        raw = cast("str | None", stage.redis.get(names.Keys(names.DEFAULT_PREFIX).case(key)))
        notes = (
            _notes_in(stage, reference_of(key)) if case.kind in CONVERSATIONS
            else [_note()] * _has_result(doors, key) if case.kind in ASKED
            else [_note()] * written[_opaque(key)]
        )  # fmt: skip
        entry = None if raw is None else stored.load(raw, key)
        known[key] = Ticket(
            number=number, entry=entry, raw=raw, deleted=False, notes=notes, tried_at=tried.get(_opaque(key))
        )
    add_requests(known, stage.sandbox)
    return known


def wrong(stage: Stage, doors: Doors, known: Mapping[CaseKey, Ticket]) -> Iterator[str]:
    """What customers or clients saw, and should not have; and what clients were not told."""
    sent, told = doors.cases(), defaultdict[str, list[Mapping[str, Any]]](list)
    for callback in stage.receiver.told:
        told[callback.id].append(callback.data)
    for key, case in sent.items():
        if case.kind in CONVERSATIONS and stage.intercom.seen_by_customers(reference_of(key)):
            yield f"{key} ({case.kind.name}): a customer can read what we wrote"
        if case.kind in ASKED:
            yield from _wrongly_told(key, case.kind, known[key], told.pop(reference_of(key), []), doors.look(key))
    unanswered = sum(case.kind in ASKED and case.key is None for case in doors.sent)
    if unanswered:
        yield f"{unanswered} clients were never answered"
    yield from (f"a callback came under the id {name}, which nobody was given" for name in told)
    strange = set(_messages(stage)) - {_opaque(key) for key, case in sent.items() if case.kind not in CONVERSATIONS}
    yield from (f"a message in Slack is of no case: {name}" for name in strange)
    if stage.receiver.unsigned:
        yield f"{stage.receiver.unsigned} callbacks were not signed"
    if called := stage.slack.called():
        yield f"messages in Slack call {called}"


def told_again(stage: Stage) -> int:
    """How many callbacks came more than once: under the same id, by which a client knows them again."""
    return sum(count - 1 for count in Counter(callback.id for callback in stage.receiver.told).values())


def _wrongly_told(
    key: CaseKey, kind: Kind, case: Ticket, told: list[Mapping[str, Any]], looked: Mapping[str, Any]
) -> Iterator[str]:
    told_of = {json.dumps(data, sort_keys=True) for data in told}
    if kind in CALLBACKS and not told and case.entry is not None and case.entry.note.id is not None:
        yield f"{key} ({kind.name}): its client was never called back"
    if kind not in CALLBACKS and told:
        yield f"{key} ({kind.name}): called back, and nobody had asked for that"
    if len(case.results) == 1 and len(told_of) > 1:
        yield f"{key} ({kind.name}): its client was told {len(told_of)} different results"
    status = looked.get("status")
    if status == "none" and not case.outcomes["EMPTY"]:
        yield f"{key} ({kind.name}): told that there are no sessions, and LogRocket never said so"
    if status == "failed" and not (case.outcomes["FAILED"] or case.outcomes["PENDING"]):
        yield f"{key} ({kind.name}): told that it failed ({looked.get('reason')}), and LogRocket never did"


def _has_result(doors: Doors, key: CaseKey) -> bool:
    """Whether a result is kept for the client: also that there is nothing to tell."""
    return doors.look(key).get("expires_at") is not None


def _notes_in(stage: Stage, conversation: str) -> list[Comment]:
    """Everything that a teammate wrote there, which is us alone."""
    seen = {part["id"] for part in stage.intercom.seen_by_customers(conversation)}
    written = [*stage.intercom.notes(conversation), *stage.intercom.seen_by_customers(conversation)]
    return [_note(public=part["id"] in seen) for part in written]


def _note(*, public: bool = False) -> Comment:
    return Comment(id=1, author_id=1, public=public, html_body="", plain_body="", body="", audit_id=1)


def _messages(stage: Stage) -> Counter[str]:
    """How many messages there are of each case, by what their metadata call it."""
    return Counter(message["metadata"]["event_payload"]["case"] for message in stage.slack.own_messages())


def _tries(stage: Stage) -> dict[str, float]:
    """When something was last written for each case, or tried to be."""
    tried: dict[str, float] = {}
    for request in stage.intercom.requests:
        if reply := re.fullmatch(r"/conversations/(\d+)/reply", request.path):
            tried[_opaque(CaseKey(f"intercom-{reply[1]}"))] = request.at
    for request in stage.slack.requests:
        if request.path.endswith("/chat.postMessage"):
            tried[json.loads(request.body)["metadata"]["event_payload"]["case"]] = request.at
    for request in stage.receiver.server.requests:
        called = {name.lower(): value for name, value in request.headers.items()}
        tried[_opaque(CaseKey(f"ask-{called['webhook-id']}"))] = request.at
    return tried


def _opaque(key: CaseKey) -> str:
    """What messages in Slack call a case."""
    return hashlib.sha256(key.encode()).hexdigest()[:32]
