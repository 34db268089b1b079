"""Our own sentences, one catalogue a language; dates, durations and plurals are Babel's (see `wording`).

All catalogues have the same entries with the same `{placeholders}`; what has a number in it is one sentence a plural
form. `case.*` is what stands behind "before" and "after".
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final, TypeAlias

from integration.note.words import de, en, es

Catalogue: TypeAlias = Mapping[str, str | Mapping[str, str]]

CATALOGUES: Final[Mapping[str, Catalogue]] = {"en": en.ENTRIES, "de": de.ENTRIES, "es": es.ENTRIES}
