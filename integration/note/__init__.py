"""The internal note: what the summariser tells becomes a small document that is safe to show; no I/O.

The text quotes what users and web pages say: it is hostile until it has been through here.

- `composition` says what a note consists of: by our own `layout`, or by a `template` of the admin's. Its sentences are
  in `words`, dates and plurals in `wording`; `moments` tells from the links when the sessions were; `emphasis` makes
  errors stand out; `marker` is how a note is found again.
- `markdown` (with `tables` and `lists`) makes blocks of a `document` out of CommonMark without raw HTML; images become
  their text.
- What can be seen stays, and what builds it; characters that only deceive go (`characters`).
- A link stays one only when it leads to the service that recorded the sessions. Places make links of bare URLs again,
  so other URLs that stand in the text are broken up: `https[:]//evil[.]example` (`links`).
- `html`, `slack` and `text` write a document down, and `stored` keeps one for later. What one place alone needs is
  that place's to say: how long a note may be, and what it reads into a text, such as placeholders.
"""

from integration.note.composition import compose, with_reference
from integration.note.document import Note
from integration.note.links import Links
from integration.note.template_values import TemplateFailed

__all__ = ["Links", "Note", "TemplateFailed", "compose", "with_reference"]
