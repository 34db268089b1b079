"""Lua scripts, each in a file beside the module that runs it: Redis runs a script as one step, by its own clock.

The first lines of a file say what it does, and name its keys and arguments. `-- include <name>` puts a part there that
several scripts of the folder share.
"""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

_COMMENT: Final = re.compile(r"^--[^\n]*\n", re.MULTILINE)
_INCLUDE: Final = re.compile(r"^-- include (\w+)\n", re.MULTILINE)


def load(folder: Path, name: str) -> str:
    """A script of a folder with its parts, and without its comments: it is sent each time."""
    text = (folder / f"{name}.lua").read_text(encoding="utf-8")
    return _COMMENT.sub("", _INCLUDE.sub(lambda included: load(folder, included[1]), text))
