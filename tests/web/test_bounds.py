"""Who gives way when a web process' clients hold too much: whoever has waited longest for nothing."""

from __future__ import annotations

from integration.web.bounds import Room, Stage


class Guest:
    """A connection that remembers whether it had to give way."""

    def __init__(self) -> None:
        self.gave_way = False

    def give_way(self) -> None:
        self.gave_way = True


def entered(room: Room, count: int) -> list[Guest]:
    guests = [Guest() for _ in range(count)]
    for guest in guests:
        room.enter(guest)
    return guests


def gave_way(guests: list[Guest]) -> list[int]:
    return [number for number, guest in enumerate(guests) if guest.gave_way]


def test_the_one_that_has_waited_longest_gives_way_to_a_new_one() -> None:
    room = Room(connections=3)
    guests = entered(room, 3)
    room.wait(guests[0], Stage.IDLE)  # which has been answered meanwhile
    entered(room, 1)
    assert gave_way(guests) == [1]


def test_whose_turn_it_is_not_does_not_give_way() -> None:
    room = Room(connections=2)
    guests = entered(room, 2)
    for guest in guests:
        room.proceed(guest)
    entered(room, 1)
    assert gave_way(guests) == []


def test_one_that_left_makes_place() -> None:
    room = Room(connections=2)
    guests = entered(room, 2)
    room.leave(guests[0])
    entered(room, 1)
    assert gave_way(guests) == []


def test_the_oldest_of_too_many_bodies_gives_way() -> None:
    room = Room(bodies=2)
    guests = entered(room, 4)
    for guest in guests[1:]:
        room.wait(guest, Stage.BODY)
    assert gave_way(guests) == [1]


def test_the_oldest_of_those_who_hold_something_give_way_for_bytes() -> None:
    room = Room(size=100)
    guests = entered(room, 4)
    for guest, size in zip(guests[1:], (30, 30, 60), strict=True):
        assert room.hold(guest, size) == size
    assert gave_way(guests) == [1]
    room.release(guests[2])
    room.hold(guests[0], 40)
    assert gave_way(guests) == [1]


def test_one_that_holds_too_much_by_itself_gives_way() -> None:
    room = Room(size=100)
    [guest] = entered(room, 1)
    room.hold(guest, 101)
    assert guest.gave_way
    room.leave(guest)
    assert room.hold(entered(room, 1)[0], 100) == 100


def test_only_those_without_a_request_end_at_once() -> None:
    room = Room()
    guests = entered(room, 4)
    for guest, stage in zip(guests[1:], (Stage.IDLE, Stage.BODY, Stage.ANSWER), strict=True):
        room.wait(guest, stage)
    assert set(room.between_requests()) == set(guests[:2])
