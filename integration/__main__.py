"""`python -m integration COMMAND`: what an admin does by hand.

Exit codes: 0 all good, 1 something failed, 2 settings or arguments are at fault.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from typing import Final, Protocol

from redis.exceptions import RedisError

from integration.cases import redis_trouble
from integration.cases.owner import RefusedRedisError
from integration.commands import (
    check,
    forget,
    install,
    preview,
    recover,
    retry,
    serve,
    status,
    survey,
    uninstall,
)
from integration.errors import RemoteError, SettingsError
from integration.settings import environment, from_environment


class Command(Protocol):
    """A module of `integration.commands`."""

    HELP: str

    def arguments(self, parser: argparse.ArgumentParser) -> None:
        """Add what the command takes."""

    def run(self, options: argparse.Namespace) -> int:
        """Do it; the exit code. May raise `SettingsError`, `RedisError` and `RemoteError`."""


_SERVES: Final = "unix:///valkey.sock"  # `serve` needs no REDIS_URL
COMMANDS: Final[dict[str, Command]] = {
    "check": check,
    "forget": forget,
    "install": install,
    "preview": preview,
    "recover": recover,
    "retry": retry,
    "serve": serve,
    "status": status,
    "survey": survey,
    "uninstall": uninstall,
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    options = _parser().parse_args(arguments)
    command = COMMANDS[options.command]
    try:
        return command.run(options)
    except SettingsError as error:
        print(error, file=sys.stderr)
        return 2
    except RefusedRedisError as error:
        print(f"{error}.", file=sys.stderr)
        return 2
    except RedisError as error:
        settings = from_environment({**environment(), "REDIS_URL": environment().get("REDIS_URL") or _SERVES})
        happened, fix = redis_trouble.in_words(error, settings)
        print(f"Redis {happened}. {fix}", file=sys.stderr)
        return 1
    except RemoteError as error:
        print(f"{error}.", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        return 130


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="python -m integration", description="What an admin does by hand.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name, command in COMMANDS.items():
        command.arguments(commands.add_parser(name, help=command.HELP, description=command.HELP))
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been inherited as ignored
    sys.exit(main())
