"""`python -m integration.web`: the web process. Exit 2 when settings are at fault.

What is imported stays, so that garbage is looked for when all of it is loaded: it saves a fifteenth of the start.
"""

# ruff: noqa: E402 -- see above
from __future__ import annotations

import gc

gc.disable()

import sys

from integration.web.server import main

if __name__ == "__main__":
    sys.exit(main())
