"""The admin's commands, run as an admin runs them: as processes in a folder without a `.env`."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from pathlib import Path

from tests.conftest import ROOT

Run = Callable[..., "subprocess.CompletedProcess[str]"]


def runner(environ: Mapping[str, str], folder: Path) -> Run:
    """What runs `python -m integration ...` there, with some variables changed when it is told so."""

    def run(*arguments: str, **changes: str) -> subprocess.CompletedProcess[str]:
        surroundings = {"PATH": os.environ["PATH"], "PYTHONPATH": str(ROOT), "PYTHONWARNINGS": "error"}
        return subprocess.run(
            [sys.executable, "-m", "integration", *arguments],
            env={**surroundings, **environ, **changes},
            cwd=folder,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    return run
