"""One sweep of the product's, from inside, and the processor seconds that it took here.

Run as a file, with the checkout that is measured in PYTHONPATH.
"""

from __future__ import annotations

import sys
import time

from integration import services
from integration.cases import connections
from integration.settings import from_environment
from worker import sweeper

if __name__ == "__main__":
    settings = from_environment()
    ledger = services.open_ledger(settings, connections.for_worker(settings))
    ledger.lanes.outlook()  # what the first use of a connection costs does not count
    began = time.process_time()
    sweeper.sweep(ledger)
    sys.stdout.write(f"{time.process_time() - began}\n")
