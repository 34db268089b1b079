"""The product as it was before anything was done about its cost: a reference for what it may cost at most today."""

from __future__ import annotations

import io
import re
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contenders import HERE

COMMIT = "a6b923f"
_LEFT_OUT_SINCE = "structlog"  # it is needed there, and is not installed for this release


@contextmanager
def checkout() -> Iterator[Path | None]:
    """A folder with that commit and what it needs; None where that cannot be had: in a shallow clone, or offline."""
    archive = subprocess.run(["git", "archive", COMMIT], cwd=HERE, capture_output=True, check=False)  # noqa: S607 -- whichever git there is
    if archive.returncode:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder) if _completed(Path(folder)) else None


def _completed(folder: Path) -> bool:
    """Install beside that commit what it needs and this release does not."""
    [requirement] = re.findall(rf"^{_LEFT_OUT_SINCE}==[\w.]+", (folder / "requirements.txt").read_text(), re.MULTILINE)
    install = [sys.executable, "-m", "uv", "pip", "install", "--no-config", "--quiet", "--no-deps"]
    return subprocess.run([*install, "--target", str(folder), requirement], check=False).returncode == 0
