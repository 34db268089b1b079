"""The product as it was before anything was done about its cost: a reference for what it may cost at most today."""

from __future__ import annotations

import io
import subprocess
import tarfile
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from benchmarks.contenders import HERE

COMMIT = "a6b923f"


@contextmanager
def checkout() -> Iterator[Path | None]:
    """A folder with that commit; None where git does not have it, as in a shallow clone."""
    archive = subprocess.run(["git", "archive", COMMIT], cwd=HERE, capture_output=True, check=False)  # noqa: S607 -- whichever git there is
    if archive.returncode:
        yield None
        return
    with tempfile.TemporaryDirectory(prefix="benchmark-") as folder:
        with tarfile.open(fileobj=io.BytesIO(archive.stdout)) as files:
            files.extractall(folder, filter="data")
        yield Path(folder)
