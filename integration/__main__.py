"""`python -m integration COMMAND`: what an admin does by hand.

Exit codes: 0 all good, 1 something failed, 2 settings or arguments are at fault.
"""

from __future__ import annotations

import argparse
import signal
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Final, Protocol, cast

from redis.exceptions import RedisError

from integration.cases import redis_trouble
from integration.cases.owner import RefusedRedisError
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
COMMANDS: Final = (
    "check",
    "forget",
    "install",
    "preview",
    "recover",
    "retry",
    "serve",
    "status",
    "survey",
    "uninstall",
)


def module_of(name: str) -> Command:
    """A command by its name; only the one that is run is loaded, for some are large."""
    return cast("Command", import_module(f"integration.commands.{name}"))


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command."""
    words = sys.argv[1:] if arguments is None else arguments
    options = _parser(words).parse_args(words)
    try:
        return module_of(options.command).run(options)
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


def _parser(words: Sequence[str]) -> argparse.ArgumentParser:
    """The parser for a command line: for the command that it begins with, else for all."""
    parser = argparse.ArgumentParser(prog="python -m integration", description="What an admin does by hand.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")
    for name in [name for name in COMMANDS if name in words[:1]] or COMMANDS:
        module = module_of(name)
        module.arguments(commands.add_parser(name, help=module.HELP, description=module.HELP))
    return parser


if __name__ == "__main__":
    signal.signal(signal.SIGINT, signal.default_int_handler)  # it may have been inherited as ignored
    sys.exit(main())
