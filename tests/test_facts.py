from __future__ import annotations

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from integration.facts import (
    Stretch,
    as_logged,
    case_key,
    desk_of,
    merged,
    name_of,
    read_case_key,
    read_name,
    reference_of,
)


def test_the_key_of_a_ticket_is_its_desk_and_its_number() -> None:
    key = case_key("zendesk", 35436)
    assert (key, desk_of(key), reference_of(key)) == ("zendesk-35436", "zendesk", "35436")


def test_a_reference_may_hold_hyphens() -> None:
    key = read_case_key("ask-a-b_C-9")
    assert (desk_of(key), reference_of(key)) == ("ask", "a-b_C-9")


@pytest.mark.parametrize(
    "text",
    [
        *("", "35436", "zendesk", "zendesk-", "-35436", "Zendesk-1", "z-1", "zendesk-1\n", "zendesk-1:2", "zendesk-*"),
        *("zendesk-" + "1" * 65, "z" * 21 + "-1", "zendesk-é", "zendesk-1" + " " * 200),
    ],
)
def test_what_is_no_key_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the key of a case"):
        read_case_key(text)


@given(st.text(max_size=130))
def test_a_key_that_is_read_fits_into_a_job_id_and_a_key_of_redis(text: str) -> None:
    try:
        key = read_case_key(text)
    except ValueError:
        return
    assert re.fullmatch(r"[A-Za-z0-9_-]{4,85}", key)
    assert case_key(desk_of(key), reference_of(key)) == key


@pytest.mark.parametrize("name", ["35436", "zendesk-35436", "0035436"])
def test_a_bare_number_is_a_ticket(name: str) -> None:
    key = read_name(name)
    assert (key, name_of(key), as_logged(key)) == ("zendesk-35436", "35436", {"ticket_id": 35436})


def test_another_case_is_called_by_its_key() -> None:
    key = read_name("intercom-524")
    assert (name_of(key), as_logged(key)) == ("intercom-524", {"case": "intercom-524"})


@pytest.mark.parametrize("name", ["0", "zendesk-0", "zendesk-x", "1" * 19, "", "-1", "1.5", "\u0661"])
def test_what_names_no_case_is_refused(name: str) -> None:
    with pytest.raises(ValueError, match="not the"):
        read_name(name)


def test_stretches_that_touch_become_one() -> None:
    stretches = merged([Stretch(start=5, end=6), Stretch(start=1, end=3), Stretch(start=3, end=4)])
    assert stretches == [Stretch(start=1, end=4), Stretch(start=5, end=6)]
