"""The internal note: LogRocket's Markdown becomes small, safe HTML; no I/O.

LogRocket's text quotes what users and web pages say: it is hostile until it has been through here.

- CommonMark and tables without raw HTML, then sanitised to a few tags; images become their text (`markdown`,
  `rendering`).
- What can be seen stays, and what builds it; characters that only deceive go (`characters`).
- A link stays one only when it leads to LogRocket. Zendesk makes links of bare URLs again, so other URLs that stand in
  the text are broken up: `https[:]//evil[.]example` (`links`).
- Zendesk renders `{{placeholders}}` and `{% tags %}` in comments. No brace is left next to anything: `{ {`.
- Zendesk cuts comments over 64 kB without a word. Notes stay below that, and say so when something was left out.
"""

from integration.note.links import Project
from integration.note.rendering import MARKER_TEXT, MAX_BYTES, TAGS, render

__all__ = ["MARKER_TEXT", "MAX_BYTES", "TAGS", "Project", "render"]
