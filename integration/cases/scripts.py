"""The engine's Lua, in files beside this one: Redis runs each script as one step, by its own clock.

The first lines of a file name its keys and arguments. `-- include <name>` puts a part there that several scripts share.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

REMEMBERED_SECONDS: Final = 365 * 24 * 60 * 60  # the keys of erased cases, and the newest numbers
REMEMBERED: Final = 100_000  # erased cases

_FOLDER: Final = Path(__file__).parent
_COMMENT: Final = re.compile(r"^--[^\n]*\n", re.MULTILINE)
_INCLUDE: Final = re.compile(r"^-- include (\w+)\n", re.MULTILINE)


def load(name: str) -> str:
    """A script with its parts, and without its comments: it is sent each time."""
    text = (_FOLDER / f"{name}.lua").read_text(encoding="utf-8")
    return _COMMENT.sub("", _INCLUDE.sub(lambda included: load(included[1]), text))
