"""What a note says in a language: our sentences from its catalogue, days, times and durations as Babel has them."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, tzinfo
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from babel import Locale
from babel.dates import format_skeleton, format_timedelta

from integration.facts import NoteStyle, Occasion
from integration.note.document import Span
from integration.note.words import CATALOGUES, Catalogue

LANGUAGES: Final = tuple(CATALOGUES)
_AT_ONCE: Final = 60.0  # seconds that are not told as a number
_PLACEHOLDER: Final = re.compile(r"\{([a-z]+)\}")


@dataclass(frozen=True, kw_only=True)
class Wording:
    """One language, in one time zone."""

    catalogue: Catalogue
    locale: Locale
    zone: tzinfo
    zone_name: str

    @classmethod
    def of(cls, style: NoteStyle) -> Wording:
        """The wording of a style, which the settings have looked at."""
        return _wording(style.language, style.timezone)

    # -- Sentences

    def say(self, entry: str, **values: str) -> str:
        """A sentence of the catalogue."""
        return "".join(map(str, self.spans(entry, **{name: (value,) for name, value in values.items()})))

    def spans(self, entry: str, **values: tuple[Span, ...]) -> Iterator[Span]:
        """A sentence of the catalogue whose values have styles."""
        sentence = self.catalogue[entry]
        return _filled_in(sentence if isinstance(sentence, str) else sentence["other"], values)

    def counted(self, entry: str, count: int, **values: tuple[Span, ...]) -> Iterator[Span]:
        """A sentence of the catalogue with a number in it, in the plural form that the number has."""
        forms = self.catalogue[entry]
        sentence = forms if isinstance(forms, str) else forms.get(self.locale.plural_form(count), forms["other"])
        return _filled_in(sentence, {**values, "count": (f"{count}",)})

    # -- Cases

    def case(self, occasion: Occasion) -> str:
        """What a note looks back from, as it stands behind "before" and "after"."""
        if occasion.on_demand:
            return self.say("case.note")
        if occasion.merged_from:
            return self.other_case(occasion.merged_from)
        return self.say(f"case.{occasion.kind}")

    def other_case(self, name: str) -> str:
        """Another case than the note's own, likewise."""
        return self.say("case.other_ticket" if name.isdecimal() else "case.other", name=name)

    # -- Times

    def distance(self, at: float, occasion: Occasion) -> str:
        """How far a moment is from what the note looks back from; empty when nobody knows."""
        if occasion.moment is None:
            return ""
        side = "before" if at <= occasion.moment else "after"
        if abs(occasion.moment - at) < _AT_ONCE:
            return self.say(f"just.{side}", case=self.case(occasion))
        return self.say(side, duration=self._duration(occasion.moment - at), case=self.case(occasion))

    def short_distance(self, at: float, occasion: Occasion) -> str:
        """The same where the case was named just before."""
        if occasion.moment is None or abs(occasion.moment - at) < _AT_ONCE:
            return self.distance(at, occasion)
        side = "before" if at <= occasion.moment else "after"
        return self.say(f"{side}.named", duration=self._duration(occasion.moment - at))

    def _duration(self, seconds: float) -> str:
        """From two of a unit on in that unit: 90 minutes, 2 hours."""
        apart = timedelta(seconds=abs(seconds))
        return format_timedelta(apart, granularity="minute", threshold=2, locale=self.locale)

    def when(self, at: float, *, now: float | None) -> str:
        """Day and time of a moment; "today" is the day of `now`, on which the note is written."""
        time = format_skeleton("Hm", self._local(at), locale=self.locale)
        days = None if now is None else (self._local(now).date() - self._local(at).date()).days
        if days in (0, 1):
            return self.say("yesterday" if days else "today", time=time)
        this_year = now is not None and self._local(now).year == self._local(at).year
        date = format_skeleton("MMMEd" if this_year else "yMMMd", self._local(at), locale=self.locale)
        return self.say("day", date=date, time=time)

    def _local(self, at: float) -> datetime:
        return datetime.fromtimestamp(at, self.zone)


def _filled_in(sentence: str, values: Mapping[str, tuple[Span, ...]]) -> Iterator[Span]:
    at = 0
    for placeholder in _PLACEHOLDER.finditer(sentence):
        yield sentence[at : placeholder.start()]
        yield from values[placeholder[1]]
        at = placeholder.end()
    yield sentence[at:]


@lru_cache(maxsize=16)
def _wording(language: str, timezone: str) -> Wording:
    return Wording(
        catalogue=CATALOGUES[language],
        locale=Locale.parse(language),
        zone=UTC if timezone == "UTC" else ZoneInfo(timezone),
        zone_name=timezone,
    )
