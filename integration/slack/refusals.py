"""What Slack's `ok: false` means to us: it comes behind a 200, with a word for the reason; no I/O.

https://docs.slack.dev/reference/methods/chat.postMessage#errors
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from integration import machine_words
from integration.errors import Held, Permanent, RemoteError, Temporary, Told
from integration.slack.settings import SERVICE

RATE_LIMITED: Final = frozenset({"ratelimited", "rate_limited", "message_limit_exceeded"})
"""We come too often: nothing was done."""

_TOKEN: Final = frozenset(
    {
        *("invalid_auth", "not_authed", "token_revoked", "token_expired", "account_inactive", "not_allowed_token_type"),
        *("org_login_required", "team_access_not_granted", "team_not_found", "two_factor_setup_required"),
        *("enterprise_is_restricted", "metadata_must_be_sent_from_app", "access_denied", "accesslimited"),
        "ekm_access_denied",
    }
)
_SCOPE: Final = frozenset({"missing_scope", "no_permission"})
_CHANNEL: Final = {
    "channel_not_found": "Slack shows us no such channel: is SLACK_CHANNEL right, and is the app in it?",
    "not_in_channel": "our app is not in the channel: invite it there",
    "is_archived": "the channel is archived",
    "restricted_action": "a rule of the workspace keeps our app from posting in the channel",
}
_TOO_LARGE: Final = frozenset({"msg_too_long", "msg_blocks_too_long", "invalid_blocks", "invalid_blocks_format"})
_MALFORMED: Final = frozenset(
    {
        *("no_text", "markdown_text_conflict", "metadata_too_large", "invalid_metadata_format", "too_many_attachments"),
        *("invalid_metadata_schema", "invalid_arguments", "invalid_arg_name", "invalid_array_arg", "invalid_charset"),
        *("invalid_form_data", "invalid_post_type", "missing_post_type", "invalid_json", "json_not_object"),
        *("unknown_method", "method_deprecated", "deprecated_endpoint", "slack_connect_file_link_sharing_blocked"),
        *("invalid_cursor", "invalid_limit", "invalid_ts_latest", "invalid_ts_oldest", "invalid_metadata_filter_keys"),
    }
)
_SCOPES: Final = re.compile(r"[a-z][a-z.:_,]{0,99}")


class NotAllowed(Held):
    """The token is good, and may not do this: a scope is missing, or the app is not in the channel."""


class TooLarge(Permanent):
    """The message is larger than Slack takes, or has more blocks."""


def refusal(answer: Mapping[str, Any], *, retry_after: float | None, write: bool) -> RemoteError:
    """The error that an answer with `ok: false` stands for.

    What Slack refuses by a word that is known here was not done. `internal_error`, `fatal_error`,
    `service_unavailable` and their like, and every word that is not known, do not say so: for a write, the outcome is
    unknown then.
    """
    error = answer.get("error")
    word = error if isinstance(error, str) else ""
    told = Told(service=SERVICE, said=refusal_words(answer), outcome_unknown=False)
    if word in RATE_LIMITED:
        reason = "Slack asks to come again later"
        return Temporary(reason, retry_after=retry_after, too_many=True, limit_used_up=write, **told)
    return _of_account(word, told) or _of_message(word, told) or _trouble(retry_after, write=write, told=told)


def refusal_words(answer: Mapping[str, Any]) -> str:
    """What Slack says of its refusal in words for machines, with the scope that it misses."""
    word = machine_words.word(answer.get("error"))
    if word is None:
        return ""
    needed = answer.get("needed")
    if isinstance(needed, str) and _SCOPES.fullmatch(needed):
        return f"{word}, needed: {needed}"
    return word


def _of_account(word: str, told: Told) -> Held | None:
    """Everything goes to one channel with one token: what is refused for one case is refused for all."""
    if word in _TOKEN:
        return Held("Slack refuses our token", of_account=True, **told)
    if word in _SCOPE:
        return NotAllowed("our Slack app lacks a scope", of_account=True, **told)
    known = "restricted_action" if word.startswith("restricted_action") else word
    if known in _CHANNEL:
        return NotAllowed(_CHANNEL[known], of_account=True, **told)
    return None


def _of_message(word: str, told: Told) -> Permanent | None:
    if word in _TOO_LARGE:
        return TooLarge("Slack refuses the message as too large", **told)
    if word in _MALFORMED:
        return Permanent("Slack refuses the request", **told)
    return None


def _trouble(retry_after: float | None, *, write: bool, told: Told) -> Temporary:
    told["outcome_unknown"] = write
    return Temporary("Slack has trouble", retry_after=retry_after, **told)
