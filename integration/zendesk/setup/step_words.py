"""A step of a plan as a person reads it (pure)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from integration.safe_text import printable
from integration.zendesk.setup import conditions
from integration.zendesk.setup.conditions import Choices
from integration.zendesk.setup.plan import Step


def in_words(step: Step, choices: Choices) -> list[str]:
    """A line, and its details."""
    which = f'the {step.kind} "{step.name}"' + (f" ({step.id})" if step.id else "")
    if step.lets_go:
        lines = [f"let go of {which}: {_let_go(step)}"]
    elif step.action == "change":
        lines = [f"{'take over' if step.takes_over else 'change'} {which}: {_changes(step.body)}"]
    else:
        lines = [f"{step.action} {which}"]
    if step.conditions is not None:
        told = conditions.in_words(step.conditions, choices)
        lines += [f"  {'and' if n else 'when'} {line}" for n, line in enumerate(told)]
    return [printable(line) for line in lines]


def _let_go(step: Step) -> str:
    """What is taken out of what is not ours alone."""
    if step.kind == "webhook":
        return "take our mark out of its description; the rest is not ours and stays"
    if "actions" in step.body:
        return "take our action and our mark out; the rest is not ours and stays"
    return "switch it off and take our mark out; it has no other action, and Zendesk has no trigger without one"


def _changes(body: Mapping[str, Any]) -> str:
    """Which attributes a change is about."""
    named = {
        "status": "switch it on",
        "active": "switch it on",
        "endpoint": "its endpoint",
        "http_method": "its method",
        "request_format": "its format",
        "description": "our mark, with its id, in its description",
        "conditions": "its conditions and actions",
    }
    return ", ".join(dict.fromkeys(text for name, text in named.items() if name in body))
