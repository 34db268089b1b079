"""Whose the keys of a prefix are: two accounts never share them, for a ticket's number means another ticket in each.

    <prefix>:owner    the accounts that the entries are of: of the desks, and of who recorded the sessions

It is looked at, and written when there is none, on every new connection to Redis before anything else is sent on it.
So nothing of ours is ever written among another's keys, also when Redis was away at the start, or is another one since.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from redis.connection import AbstractConnection
from redis.exceptions import AskError, ClusterCrossSlotError, ClusterDownError, MovedError, RedisError, ResponseError

from integration.cases import scripts
from integration.cases.keys import Keys
from integration.settings import Settings

_SHOWN: Final = 120  # characters of what stands in Redis

_OWNER: Final = scripts.load("own")
_CLUSTER_ERRORS: Final = (MovedError, AskError, ClusterDownError, ClusterCrossSlotError)
_CLUSTER: Final = ("CROSSSLOT", "MOVED", "ASK ", "CLUSTERDOWN")


class RefusedRedisError(RedisError):
    """This Redis is not for this installation; the text says why, and what to do."""


def claim(settings: Settings) -> Callable[[AbstractConnection], None]:
    """What a new connection does first: become the owner, or find that we are; `RefusedRedisError` when another is."""
    return lambda connection: _open(connection, settings, claims="1")


def compare(settings: Settings) -> Callable[[AbstractConnection], None]:
    """The same for who only reads: a prefix without an owner stays so."""
    return lambda connection: _open(connection, settings, claims="")


def _open(connection: AbstractConnection, settings: Settings, *, claims: str) -> None:
    connection.on_connect_check_health(check_health=False)  # a due ping would open it once more
    keys, own = settings.keys, settings.account
    owner = _own(connection, keys, own, claims=claims)
    if not is_same(own, owner):
        raise RefusedRedisError(of_another(keys, own, owner))
    grown = ", ".join(f"{service} {account}" for service, account in {**_accounts(owner), **_accounts(own)}.items())
    if claims and grown.encode() != owner:  # it has got a door more since
        _own(connection, keys, grown, claims=claims, instead_of=owner)


def _own(connection: AbstractConnection, keys: Keys, own: str, *, claims: str, instead_of: bytes = b"") -> bytes:
    """Become the owner when there is none, or `instead_of` one; who is."""
    try:
        connection.send_command(  # type: ignore[no-untyped-call]  # likewise
            "EVAL", _OWNER, 2, keys.owner, keys.due, own, claims, instead_of, check_health=False
        )
        owner = connection.read_response(disable_decoding=True)
    except ResponseError as error:
        if speaks_of_a_cluster(error):
            raise RefusedRedisError(in_cluster_mode()) from None
        raise
    return owner if isinstance(owner, bytes) else b""


def is_same(own: str, owner: bytes) -> bool:
    """Whether the owner of a prefix is this installation: no service's account is another one.

    An installation may get a door more, or lose one: what only one of the two names does not tell them apart.
    """
    ours, theirs = _accounts(own), _accounts(owner)
    both = ours.keys() & theirs.keys()
    return bool(both) and all(ours[service] == theirs[service] for service in both)


def _accounts(told: str | bytes) -> dict[str, str]:
    """The accounts that an owner is made of, by service: `Zendesk acme, LogRocket acme/shop`."""
    text = told.decode("utf-8", "replace") if isinstance(told, bytes) else told
    words = (account.partition(" ") for account in text.split(", "))
    return {service: account for service, _, account in words}


def speaks_of_a_cluster(error: ResponseError) -> bool:
    """Whether an answer is one that a Redis in cluster mode alone gives."""
    return isinstance(error, _CLUSTER_ERRORS) or str(error).startswith(_CLUSTER)


def in_cluster_mode() -> str:
    """Why a Redis in cluster mode cannot be used."""
    return (
        "REDIS_URL leads to a Redis in cluster mode, which cannot write an entry and its job in one step: "
        "take one without cluster mode (a single primary, with replicas or not)"
    )


def of_another(keys: Keys, own: str, owner: object) -> str:
    """Why a prefix cannot be used."""
    text = owner.decode("utf-8", "replace") if isinstance(owner, bytes) else ""
    told = "".join(each if each.isprintable() else "?" for each in text[:_SHOWN])
    return (
        f"KEY_PREFIX {keys.prefix} is taken in this Redis by another installation ({told}; this one is {own}): "
        f"set KEY_PREFIX to a name of this one's own. If both are the same one, whose account was renamed: stop all of "
        f'its processes, delete the key {keys.owner} in Redis (redis-cli -u "$REDIS_URL" DEL {keys.owner}), start again'
    )
