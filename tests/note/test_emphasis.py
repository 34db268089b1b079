"""What went wrong stands out, and nothing else does."""

from __future__ import annotations

import re

import pytest

from tests.note.notes import body, note


def strong(markdown: str) -> list[str]:
    return [re.sub("<[^>]+>", "", part) for part in re.findall("<strong>(.*?)</strong>", body(note(markdown)))]


@pytest.mark.parametrize(
    ("markdown", "expected"),
    [
        ("They rage-click Save, then Rage clicked again.", ["rage-click", "Rage clicked"]),
        ("The request to `/api` answers 502 each time.", ["answers 502"]),
        ("It [fails with status 502](https://app.logrocket.com/x) twice.", ["fails with status 502"]),
        ("An error appears; the page crashed and the upload failed.", ["error", "crashed", "failed"]),
        ("The request timed out (HTTP 504).", ["timed out", "HTTP 504"]),
        ("The console shows `TypeError: x is undefined`.", ["TypeError: x is undefined"]),
        ("An uncaught ReferenceError, and an unhandled exception.", ["ReferenceError", "unhandled exception"]),
        ('- a "failure"\n- b\n\n> a 404 error', ["failure", "404 error"]),
        ("**An error appears.**", ["An error appears."]),
        ("*an error*", ["error"]),
    ],
)
def test_errors_failures_and_rage_clicks_stand_out(markdown: str, expected: list[str]) -> None:
    assert strong(markdown) == expected


@pytest.mark.parametrize(
    "markdown",
    [
        "There are no errors, it never failed and did not crash.",
        "The order has 502 items for 404 euros.",
        "Terror, failover, crashpad, errorless, Errormann.",
        "See https://app.logrocket.com/error/x and https://app.logrocket.com/x?error.",
        "See `/errors` and error.example/x and /error and error_page and x=error.",
        "`answer = 1`",
    ],
)
def test_nothing_else_stands_out(markdown: str) -> None:
    assert strong(markdown) == []


def test_a_heading_is_strong_once() -> None:
    assert note("# An error").count("<strong>") == 2  # the person's name is the other
