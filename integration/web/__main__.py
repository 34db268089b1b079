"""`python -m integration.web`: the web process. Exit 2 when settings are at fault."""

from __future__ import annotations

import sys

from integration.web.server import main

if __name__ == "__main__":
    sys.exit(main())
