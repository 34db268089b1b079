"""How a method of Slack's is refused."""

from __future__ import annotations


class Refused(Exception):  # it says what Slack says
    """What is answered instead: `ok: false`, a word, and more for some of them."""

    def __init__(self, word: str, *, retry_after: int = 1, **more: str) -> None:
        """Keep all of it."""
        super().__init__(word)
        self.word, self.retry_after, self.more = word, retry_after, more
