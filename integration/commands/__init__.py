"""The admin's commands, one module each.

A module of a command has its `HELP`, adds its arguments to a parser with `arguments`, and does its work in `run`, which
prints what a person reads and returns the exit code. It is registered in `integration.__main__`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys
from collections.abc import Iterator
from contextlib import contextmanager

from integration import logs, services
from integration.cases import connections
from integration.cases.ledger import Ledger
from integration.facts import CaseKey, read_name
from integration.settings import from_environment


@contextmanager
def open_ledger() -> Iterator[Ledger]:
    """The ledger that the environment names, while a command runs; `SettingsError` when settings are missing."""
    settings = from_environment()
    logs.configure(settings)
    with connections.for_web(settings) as redis:
        yield services.open_ledger(settings, redis)


def in_the_same_form(command: str) -> str:
    """How to call another command as this one was called: by the same Python, and on Heroku with `heroku run`."""
    module = ["-m", "integration"]
    words = sys.orig_argv
    at = next((n for n in range(len(words)) if words[n : n + 2] == module), None)
    called = shlex.join([*(["python"] if at is None else words[:at]), *module, command])
    return f"heroku run -- {called}" if os.environ.get("DYNO") else called


def case_named(raw: str) -> CaseKey:
    """A ticket's number, or a case's key, as a command's argument."""
    try:
        return read_name(raw)
    except ValueError:
        raise argparse.ArgumentTypeError("must be a ticket's number, or a case's key such as zendesk-35436") from None
