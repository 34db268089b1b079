"""The ports of tests: nobody else gets them, and none comes again soon."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from tests.ports import Block

LINUX_GIVES_AWAY = 32_768  # and up, to whoever asks for any port and to each connection that is made


@pytest.fixture
def blocks() -> Iterator[tuple[Block, Block]]:
    one, other = Block(), Block()
    yield one, other
    one.close()
    other.close()


def test_ports_are_given_out_in_turn_and_lie_below_those_that_the_kernel_gives_away(
    blocks: tuple[Block, Block],
) -> None:
    ports = [blocks[0].take() for _ in range(90)]
    assert len(set(ports)) == 90
    assert max(ports) < LINUX_GIVES_AWAY


def test_two_processes_have_no_port_in_common(blocks: tuple[Block, Block]) -> None:
    one, other = ({block.take() for _ in range(99)} for block in blocks)
    assert not one & other


def test_a_port_that_somebody_listens_on_is_passed_over(blocks: tuple[Block, Block]) -> None:
    block = blocks[0]
    first = block.take()
    with socket.create_server(("127.0.0.1", first + 1)):
        assert block.take() == first + 2
    assert first + 1 in {block.take() for _ in range(99)}
