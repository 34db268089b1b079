"""Lua scripts, each in a file beside the module that runs it: Redis runs a script as one step, by its own clock.

The first lines of a file say what it does, and name its keys and arguments. `-- include <name>` puts a part there that
several scripts of the folder share.

Redis keeps a script that it was sent, and is told its hash from then on. One that has started anew knows it no more:
it answers so, having done nothing, and is sent the script again. A MULTI would go on with its other commands then, so
that none has a script in it by its hash.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Sequence
from pathlib import Path
from typing import Any, Final, NamedTuple

from redis import Redis
from redis.exceptions import NoScriptError, ReadOnlyError, ResponseError

_COMMENT: Final = re.compile(r"^--[^\n]*\n", re.MULTILINE)
_INCLUDE: Final = re.compile(r"^-- include (\w+)\n", re.MULTILINE)


class Script:
    """A script, and the hash by which Redis knows it."""

    def __init__(self, text: str) -> None:
        self.text = text
        self.sha = hashlib.sha1(text.encode(), usedforsecurity=False).hexdigest()

    def call(self, keys: Sequence[str], *arguments: str | bytes) -> Call:
        """What has to be sent to run it."""
        return Call(self, (len(keys), *keys, *arguments))

    def run(self, redis: Redis, keys: Sequence[str], *arguments: str | bytes) -> Any:  # noqa: ANN401 -- its answer
        """Run it now."""
        return self.call(keys, *arguments).run(redis)


class Call(NamedTuple):
    """A script with its keys and arguments."""

    script: Script
    arguments: tuple[Any, ...]

    def run(self, redis: Redis) -> Any:  # noqa: ANN401 -- the script's answer
        """Run it now."""
        try:
            return redis.evalsha(self.script.sha, *self.arguments)
        except NoScriptError:
            return self._send_whole(redis)

    def _send_whole(self, redis: Redis) -> Any:  # noqa: ANN401 -- the script's answer
        return redis.eval(self.script.text, *self.arguments)


def run_together(redis: Redis, calls: Sequence[Call]) -> list[Any]:
    """Run scripts one after the other in one round trip, though not as one step; their answers."""
    if len(calls) == 1:
        return [calls[0].run(redis)]
    with redis.pipeline(transaction=False) as pipe:
        for call in calls:
            pipe.evalsha(call.script.sha, *call.arguments)
        answers = pipe.execute(raise_on_error=False)
    return [_answer(redis, call, answer) for call, answer in zip(calls, answers, strict=True)]


def _answer(redis: Redis, call: Call, answer: Any) -> Any:  # noqa: ANN401 -- the script's
    match answer:
        case NoScriptError():
            return call._send_whole(redis)  # noqa: SLF001 -- of this module
        case ReadOnlyError():  # Redis has become a replica: nothing was done, and a new connection may find its primary
            return call.run(redis)
        case ResponseError():
            raise answer
    return answer


def load(folder: Path, name: str) -> str:
    """The text of a folder's script with its parts, and without its comments."""
    text = (folder / f"{name}.lua").read_text(encoding="utf-8")
    return _COMMENT.sub("", _INCLUDE.sub(lambda included: load(folder, included[1]), text))
