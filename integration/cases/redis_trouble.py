"""What an admin is told when Redis does not do what was asked: the same by every command."""

from __future__ import annotations

from typing import Final

from redis.exceptions import AuthenticationError, AuthorizationError, NoPermissionError, RedisError, ResponseError

from integration import unreachable
from integration.settings import Settings

PERMISSIONS: Final = (
    "Give the Redis user of REDIS_URL all commands but the dangerous ones, on the keys rq:* and all that begin with "
    "KEY_PREFIX and a colon (highlights:*)."
)


def in_words(error: RedisError, settings: Settings) -> tuple[str, str]:
    """What happened, as the rest of the sentence "Redis ...", and what to do."""
    if isinstance(error, AuthenticationError | AuthorizationError):
        return "refuses our user name or password", "Copy REDIS_URL anew from where Redis is run."
    if isinstance(error, ResponseError) and "DB index" in str(error):
        return "has no database of that number", "Correct the number at the end of REDIS_URL."
    if isinstance(error, NoPermissionError | ResponseError):
        return "refuses a command that is needed", PERMISSIONS
    fix = "Is REDIS_URL right, does Redis run, and may this machine reach it?"
    if settings.redis_url.startswith("rediss://") and settings.redis_tls_verify:
        fix += " If its certificate is self-signed, as on Heroku: set REDIS_TLS_VERIFY=false."
    return f"does not answer: {unreachable.why(error) or type(error).__name__}", fix
