"""The engine's Lua scripts, which are the files beside this one, and how much of erased cases they remember."""

from __future__ import annotations

from pathlib import Path
from typing import Final

from integration import lua
from integration.lua import Script

REMEMBERED_SECONDS: Final = 365 * 24 * 60 * 60  # the keys of erased cases, and the newest numbers
REMEMBERED: Final = 100_000  # erased cases

_FOLDER: Final = Path(__file__).parent


def load(name: str) -> str:
    """The text of a script of the engine."""
    return lua.load(_FOLDER, name)


def script(name: str) -> Script:
    """A script of the engine, of which Redis is told the hash alone once it knows it."""
    return Script(load(name))
