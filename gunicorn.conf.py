"""How gunicorn serves the web process. `gunicorn` alone, in this folder, is the whole command."""

import os
import sys
from urllib.parse import urlsplit

from integration import logs
from integration.errors import SettingsError
from integration.settings import LOOPBACK, from_environment

try:
    # Here, in the master: a worker that cannot start would be started again for ever.
    settings = from_environment()
except SettingsError as error:
    sys.stderr.write(f"{error}\n")
    sys.exit(2)
logs.configure(settings)
for warning in settings.warnings:
    logs.get("integration").warning(warning)

_host = "127.0.0.1" if urlsplit(settings.public_url).hostname in LOOPBACK else "0.0.0.0"
_port = os.environ.get("PORT", "").strip() or "8000"

wsgi_app = "integration.app:create_app()"
bind = f"{_host}:{_port}"
workers = settings.web_concurrency
worker_class = "gthread"
threads = 8
timeout = 30
graceful_timeout = 20
keepalive = 75
max_requests = 0
accesslog = None  # a request's address holds a token
loglevel = "warning"
control_socket_disable = True
