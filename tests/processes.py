"""What the kernel says about a process."""

from __future__ import annotations

import resource
from pathlib import Path


def children(pid: int) -> list[int]:
    """The process ids of its children."""
    return [int(child) for child in Path(f"/proc/{pid}/task/{pid}/children").read_text("ascii").split()]


def alive(pid: int) -> bool:
    """Whether it still runs; one that has ended and was not waited for does not."""
    try:
        return Path(f"/proc/{pid}/stat").read_text("ascii").rpartition(")")[2].split()[0] != "Z"
    except (FileNotFoundError, ProcessLookupError):  # the second, when it ends between opening and reading
        return False


def memory(pid: int) -> int:
    """MiB that it and its children hold."""
    pages = sum(int(Path(f"/proc/{member}/statm").read_text("ascii").split()[1]) for member in [pid, *children(pid)])
    return pages * resource.getpagesize() // 2**20
