"""The admin's commands, one module each.

A module of a command has its `HELP`, adds its arguments to a parser with `arguments`, and does its work in `run`, which
prints what a person reads and returns the exit code. It is registered in `integration.__main__`.
"""

from __future__ import annotations

import argparse
import os
import shlex
import sys

from integration import logs, services
from integration.cases import connections
from integration.cases.ledger import Ledger
from integration.facts import CaseKey, read_name
from integration.settings import from_environment


def open_ledger() -> Ledger:
    """The ledger that the environment names; `SettingsError` when settings are missing."""
    settings = from_environment()
    logs.configure(settings)
    return services.open_ledger(settings, connections.for_web(settings))


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
