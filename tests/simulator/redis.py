"""A Redis in memory: the commands and scripts that the product uses, with a clock, a run id and a way to lose writes.

`Store` is the server: every change is written down with its time, so that the latest ones can be lost. `Connection`
looks like redis-py's client to the ledger; `Gate` is where its world makes a command wait, fail or lose its answer.
"""

from __future__ import annotations

import copy
import hashlib
from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Self

from redis.exceptions import NoScriptError

from tests.simulator import lua
from tests.simulator.lua import Table

Commands = list[tuple[Any, ...]]
Gate = Callable[[Commands, Callable[[], list[Any]]], list[Any]]

INFINITY = float("inf")


class Store:
    """What one server holds."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self._clock = clock
        self.clock_is_ahead = 0.0
        self.data: dict[str, Any] = {}
        self.scripts: dict[str, str] = {}  # that it was sent, by their hashes
        self.run = 1
        self.changes = 0
        self._journal: list[tuple[float, str, Any]] = []

    def time(self) -> float:
        """Seconds of the server's own clock."""
        return self._clock() + self.clock_is_ahead

    def lose(self, seconds: float) -> int:
        """Forget what was written in the last `seconds`; how many changes those were."""
        since, lost = self._clock() - seconds, 0
        while self._journal and self._journal[-1][0] > since:
            _, key, before = self._journal.pop()
            if before is None:
                self.data.pop(key, None)
            else:
                self.data[key] = before
            lost += 1
        return lost

    def another(self, *, ahead: float) -> None:
        """From now on it is another server, with a clock of its own."""
        self.run += 1
        self.scripts.clear()
        self.clock_is_ahead += ahead

    def run_script(self, source: str, count: int, *arguments: Any) -> Any:  # noqa: ANN401 -- what the script returns
        """Carry out a script."""
        texts = [_text(each) for each in arguments]
        return _reply(lua.compiled(source)(texts[:count], texts[count:], self._of_script))

    def command(self, name: str, *arguments: Any) -> Any:  # noqa: ANN401 -- the command's reply
        """Carry out one command."""
        if name == "EVAL":
            self.scripts[hashlib.sha1(arguments[0].encode(), usedforsecurity=False).hexdigest()] = arguments[0]
            return self.run_script(arguments[0], int(arguments[1]), *arguments[2:])
        if name == "EVALSHA":
            if arguments[0] not in self.scripts:
                return NoScriptError("NOSCRIPT No matching script. Please use EVAL.")
            return self.run_script(self.scripts[arguments[0]], int(arguments[1]), *arguments[2:])
        found = _COMMANDS.get(name)
        if found is None:
            raise NotImplementedError(f"the model of Redis does not know {name}")
        return found(self, *[each if type(each) is str else _text(each) for each in arguments])

    def _of_script(self, name: str, *arguments: Any) -> Any:  # noqa: ANN401 -- a Lua value
        reply = self.command(name.upper(), *arguments)
        if reply is None:
            return False
        if isinstance(reply, list):
            return Table.of([False if each is None else each for each in reply])
        return float(reply) if isinstance(reply, int) else reply

    def _change(self, key: str, empty: Callable[[], Any] | None = None) -> Any:  # noqa: ANN401 -- the value at `key`
        """Note what is at `key` before it is changed."""
        before = self.data.get(key)
        self._journal.append((self._clock(), key, before if type(before) is str else copy.copy(before)))
        self.changes += 1
        if before is None and empty is not None:
            before = self.data[key] = empty()
        return before

    def _tidy(self, key: str) -> None:
        if not self.data.get(key):
            self.data.pop(key, None)

    # -- Server

    def _time(self) -> list[str]:
        seconds, rest = divmod(round(self.time() * 1e6), 1_000_000)
        return [str(seconds), str(rest)]

    def _info(self, *_: str) -> str:
        return f"# Server\r\nredis_version:9.9.9\r\nrun_id:{self.run:012x}{0:028x}\r\n"

    # -- Strings

    def _get(self, key: str) -> str | None:
        return self.data.get(key)

    def _mget(self, *keys: str) -> list[str | None]:
        return [self.data.get(key) for key in keys]

    def _set(self, key: str, value: str, *options: str) -> str | None:
        words = [each.upper() for each in options]
        if "NX" in words and key in self.data:
            return None
        self._change(key)
        self.data[key] = value
        return "OK"

    def _exists(self, *keys: str) -> int:
        return sum(key in self.data for key in keys)

    def _expire(self, key: str, _seconds: str, *_: str) -> int:  # no schedule lasts as long as an entry is kept
        return int(key in self.data)

    def _incr(self, key: str) -> int:
        return self._incrby(key, "1")

    def _incrby(self, key: str, by: str) -> int:
        self._change(key)
        self.data[key] = str(int(self.data.get(key, "0")) + int(float(by)))
        return int(self.data[key])

    def _del(self, *keys: str) -> int:
        found = [key for key in keys if key in self.data]
        for key in found:
            self._change(key)
            del self.data[key]
        return len(found)

    _unlink = _del

    # -- Hashes

    def _hget(self, key: str, field: str) -> str | None:
        found: str | None = self.data.get(key, {}).get(field)
        return found

    def _hmget(self, key: str, *fields: str) -> list[str | None]:
        return [self.data.get(key, {}).get(field) for field in fields]

    def _hgetall(self, key: str) -> list[str]:
        return [each for pair in self.data.get(key, {}).items() for each in pair]

    def _hexists(self, key: str, field: str) -> int:
        return int(field in self.data.get(key, {}))

    def _hlen(self, key: str) -> int:
        return len(self.data.get(key, {}))

    def _hset(self, key: str, *pairs: str) -> int:
        held = self._change(key, dict)
        new = sum(field not in held for field in pairs[::2])
        held.update(zip(pairs[::2], pairs[1::2], strict=True))
        return new

    def _hsetnx(self, key: str, field: str, value: str) -> int:
        return 0 if field in self.data.get(key, {}) else self._hset(key, field, value)

    def _hincrby(self, key: str, field: str, by: str) -> int:
        held = self._change(key, dict)
        held[field] = str(int(held.get(field, "0")) + int(float(by)))
        return int(held[field])

    def _hdel(self, key: str, *fields: str) -> int:
        found = [field for field in fields if field in self.data.get(key, {})]
        if found:
            held = self._change(key)
            for field in found:
                held.pop(field, None)
            self._tidy(key)
        return len(found)

    # -- Sets

    def _sadd(self, key: str, *members: str) -> int:
        return self._zadd(key, *(each for member in members for each in ("0", member)))

    def _srem(self, key: str, *members: str) -> int:
        return self._zrem(key, *members)

    def _scard(self, key: str) -> int:
        return self._zcard(key)

    def _sismember(self, key: str, member: str) -> int:
        return int(member in self.data.get(key, {}))

    def _smembers(self, key: str) -> list[str]:
        return sorted(self.data.get(key, {}))

    # -- Sorted sets

    def _zadd(self, key: str, *arguments: str) -> int:
        words = [each for each in arguments if each.upper() in ("XX", "NX", "GT", "LT", "CH")]
        pairs = arguments[len(words) :]
        flags = {each.upper() for each in words}
        now, held = self.data.get(key, {}), None
        added = 0
        for score, member in zip(pairs[::2], pairs[1::2], strict=True):
            known, new = now.get(member), float(score)
            if ("XX" in flags and known is None) or ("NX" in flags and known is not None):
                continue
            if known is not None and (("GT" in flags and new <= known) or ("LT" in flags and new >= known)):
                continue
            held = self._change(key, dict) if held is None else held
            held[member] = new
            added += known is None
        return added

    def _zrem(self, key: str, *members: str) -> int:
        found = [member for member in members if member in self.data.get(key, {})]
        if found:
            held = self._change(key)
            for member in found:
                held.pop(member, None)
            self._tidy(key)
        return len(found)

    def _zscore(self, key: str, member: str) -> str | None:
        found = self.data.get(key, {}).get(member)
        return None if found is None else _score(found)

    def _zcard(self, key: str) -> int:
        return len(self.data.get(key, {}))

    def _ordered(self, key: str) -> list[tuple[float, str]]:
        return sorted((score, member) for member, score in self.data.get(key, {}).items())

    def _zrank(self, key: str, member: str) -> int | None:
        members = [each for _, each in self._ordered(key)]
        return members.index(member) if member in members else None

    def _between(self, key: str, least: str, most: str) -> list[tuple[float, str]]:
        return [each for each in self._ordered(key) if _over(each[0], least) and _under(each[0], most)]

    def _zcount(self, key: str, least: str, most: str) -> int:
        return len(self._between(key, least, most))

    def _zrange(self, key: str, first: str, last: str, *options: str) -> list[str]:
        words = [each.upper() for each in options]
        if "BYSCORE" in words:
            found = self._between(key, first, last)
            if "LIMIT" in words:
                at = words.index("LIMIT")
                skip, count = int(float(options[at + 1])), int(float(options[at + 2]))
                found = found[skip : skip + count if count >= 0 else None]
        else:
            found = self._ordered(key)
            if "REV" in words:
                found.reverse()
            start, end = int(float(first)), int(float(last))
            start = max(start + len(found), 0) if start < 0 else start
            found = found[start : (end + len(found) if end < 0 else end) + 1]
        if "WITHSCORES" in words:
            return [text for score, member in found for text in (member, _score(score))]
        return [member for _, member in found]

    def _zrevrange(self, key: str, first: str, last: str, *options: str) -> list[str]:
        return self._zrange(key, first, last, "REV", *options)

    def _zrangebyscore(self, key: str, least: str, most: str, *options: str) -> list[str]:
        return self._zrange(key, least, most, "BYSCORE", *options)

    def _zremrangebyscore(self, key: str, least: str, most: str) -> int:
        return self._zrem(key, *(member for _, member in self._between(key, least, most)))

    def _zremrangebyrank(self, key: str, first: str, last: str) -> int:
        return self._zrem(key, *self._zrange(key, first, last))

    # -- Lists

    def _rpush(self, key: str, *items: str) -> int:
        held = self._change(key, list)
        held.extend(items)
        return len(held)

    def _lpop(self, key: str) -> str | None:
        if not self.data.get(key):
            return None
        item: str = self._change(key).pop(0)
        self._tidy(key)
        return item

    def _lrange(self, key: str, first: str, last: str) -> list[str]:
        held: list[str] = self.data.get(key, [])
        end = int(last)
        return held[int(first) : (end + len(held) if end < 0 else end) + 1]

    def _lrem(self, key: str, _count: str, item: str) -> int:
        found = self.data.get(key, []).count(item)
        if found:
            held = self._change(key)
            held[:] = [each for each in held if each != item]
            self._tidy(key)
        return int(found)


_COMMANDS: dict[str, Callable[..., Any]] = {
    name.removeprefix("_").upper(): function
    for name, function in vars(Store).items()
    if name.startswith("_") and not name.startswith("__") and callable(function)
}


class _Asking:
    """redis-py's methods, as far as they are used."""

    def _ask(self, name: str, *arguments: Any, then: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401 -- replies
        raise NotImplementedError

    def eval(self, script: str, count: int, *arguments: Any) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("EVAL", script, count, *arguments)

    def evalsha(self, sha: str, count: int, *arguments: Any) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("EVALSHA", sha, count, *arguments)

    def time(self) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("TIME", then=lambda reply: (int(reply[0]), int(reply[1])))

    def get(self, key: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("GET", key)

    def mget(self, keys: Iterable[str], *more: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("MGET", *([keys] if isinstance(keys, str) else keys), *more)

    def set(self, key: str, value: Any, *, nx: bool = False, ex: int | None = None) -> Any:  # noqa: ANN401 -- likewise
        options = (*(("NX",) if nx else ()), *(() if ex is None else ("EX", ex)))
        return self._ask("SET", key, value, *options, then=lambda reply: True if reply else None)

    def delete(self, *keys: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("DEL", *keys)

    def exists(self, *keys: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("EXISTS", *keys)

    def expire(self, key: str, seconds: int) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("EXPIRE", key, seconds)

    def hget(self, key: str, field: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("HGET", key, field)

    def hmget(self, key: str, fields: Any, *more: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("HMGET", key, *([fields] if isinstance(fields, str) else fields), *more)

    def hgetall(self, key: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("HGETALL", key, then=lambda flat: dict(zip(flat[::2], flat[1::2], strict=True)))

    def hset(self, key: str, field: str | None = None, value: Any = None, *, mapping: Any = None) -> Any:  # noqa: ANN401 -- likewise
        pairs = {**({} if field is None else {field: value}), **(mapping or {})}
        return self._ask("HSET", key, *(each for pair in pairs.items() for each in pair))

    def hdel(self, key: str, *fields: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("HDEL", key, *fields)

    def hincrby(self, key: str, field: str, by: int = 1) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("HINCRBY", key, field, by)

    def incr(self, key: str, by: int = 1) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("INCRBY", key, by)

    def sadd(self, key: str, *members: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("SADD", key, *members)

    def srem(self, key: str, *members: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("SREM", key, *members)

    def sismember(self, key: str, member: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("SISMEMBER", key, member)

    def zadd(self, key: str, mapping: Mapping[str, float], *, xx: bool = False, nx: bool = False,
             gt: bool = False, lt: bool = False) -> Any:  # noqa: ANN401 -- likewise  # fmt: skip
        flags = [word for word, given in (("XX", xx), ("NX", nx), ("GT", gt), ("LT", lt)) if given]
        pairs = [each for member, score in mapping.items() for each in (repr(float(score)), member)]
        return self._ask("ZADD", key, *flags, *pairs)

    def zrem(self, key: str, *members: Any) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("ZREM", key, *members)

    def zscore(self, key: str, member: Any) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("ZSCORE", key, member, then=lambda reply: None if reply is None else float(reply))

    def zcard(self, key: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("ZCARD", key)

    def zrank(self, key: str, member: Any) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("ZRANK", key, member)

    def zcount(self, key: str, least: Any, most: Any) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("ZCOUNT", key, least, most)

    def zrange(
        self,
        key: str,
        first: Any,  # noqa: ANN401 -- likewise
        last: Any,  # noqa: ANN401 -- likewise
        *,
        byscore: bool = False,
        desc: bool = False,
        withscores: bool = False,
        offset: int | None = None,
        num: int | None = None,
    ) -> Any:  # noqa: ANN401 -- likewise
        options: list[Any] = [word for word, given in (("BYSCORE", byscore), ("REV", desc)) if given]
        if num is not None:
            options += ["LIMIT", offset or 0, num]
        if not withscores:
            return self._ask("ZRANGE", key, first, last, *options)
        return self._ask("ZRANGE", key, first, last, *options, "WITHSCORES", then=_pairs)

    def zrevrange(self, key: str, first: int, last: int) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("ZREVRANGE", key, first, last)

    def zrangebyscore(self, key: str, least: Any, most: Any, start: int | None = None, num: int | None = None) -> Any:  # noqa: ANN401 -- likewise
        return self.zrange(key, least, most, byscore=True, offset=start, num=num)

    def zremrangebyscore(self, key: str, least: Any, most: Any) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("ZREMRANGEBYSCORE", key, least, most)

    def rpush(self, key: str, *items: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("RPUSH", key, *items)

    def lpop(self, key: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("LPOP", key)

    def lrange(self, key: str, first: int, last: int) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("LRANGE", key, first, last)

    def lrem(self, key: str, count: int, item: str) -> Any:  # noqa: ANN401 -- likewise
        return self._ask("LREM", key, count, item)


class Connection(_Asking):
    """A client of the store; whatever it asks goes through the gate."""

    def __init__(self, store: Store, gate: Gate) -> None:
        self.store = store
        self.gate = gate

    def pipeline(self, *, transaction: bool = True) -> Pipeline:
        del transaction  # nobody comes between, in either kind
        return Pipeline(self)

    def scan_iter(self, match: str, count: int = 0) -> Iterator[bytes]:
        del count
        return iter([key.encode() for key in sorted(self.store.data) if key.startswith(match.rstrip("*"))])

    def _ask(self, name: str, *arguments: Any, then: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401 -- replies
        commands = [(name, *arguments)]
        [reply] = self.gate(commands, lambda: [_bytes(self.store.command(name, *arguments))])
        if isinstance(reply, NoScriptError):
            raise reply
        return reply if then is None else then(reply)


class Pipeline(_Asking):
    """Commands that are carried out together."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._commands: list[tuple[Any, ...]] = []
        self._then: list[Callable[[Any], Any] | None] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._commands, self._then = [], []

    def multi(self) -> None:
        """It is one transaction anyway."""

    def execute(self, *, raise_on_error: bool = True) -> list[Any]:
        del raise_on_error  # only a script that is not known is an error here, and who sends its hash looks for that
        store, commands, then = self._connection.store, self._commands, self._then
        self._commands, self._then = [], []
        if not commands:
            return []
        replies = self._connection.gate(commands, lambda: [_bytes(store.command(*each)) for each in commands])
        return [reply if call is None else call(reply) for reply, call in zip(replies, then, strict=True)]

    def _ask(self, name: str, *arguments: Any, then: Callable[[Any], Any] | None = None) -> Any:  # noqa: ANN401 -- replies
        self._commands.append((name, *arguments))
        self._then.append(then)
        return self


def _text(value: Any) -> str:  # noqa: ANN401 -- what Redis is given
    if isinstance(value, str):  # an enumeration's too
        return str(value)
    if isinstance(value, bytes):
        return value.decode("latin-1")
    return _score(value) if isinstance(value, float) else str(value)


def _score(value: float) -> str:
    return str(int(value)) if value.is_integer() else repr(value)


def _reply(value: Any) -> Any:  # noqa: ANN401 -- a Lua value becomes a reply
    if isinstance(value, bool):
        return 1 if value else None
    if isinstance(value, float):
        return int(value)
    if isinstance(value, Table):
        return [_reply(each) for each in value.items_in_order()]
    return value


def _bytes(reply: Any) -> Any:  # noqa: ANN401 -- replies
    if isinstance(reply, str):
        return reply.encode("latin-1")
    return [_bytes(each) for each in reply] if isinstance(reply, list) else reply


def _pairs(flat: list[bytes]) -> list[tuple[bytes, float]]:
    return list(zip(flat[::2], map(float, flat[1::2]), strict=True))


def _over(score: float, least: str) -> bool:
    return score > _limit(least[1:]) if least.startswith("(") else score >= _limit(least)


def _under(score: float, most: str) -> bool:
    return score < _limit(most[1:]) if most.startswith("(") else score <= _limit(most)


def _limit(text: str) -> float:
    return {"-inf": -INFINITY, "+inf": INFINITY, "inf": INFINITY}.get(text) or float(text)
