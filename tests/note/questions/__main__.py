"""`python -m tests.note.questions`: how much that is personal gets into questions, and how much else is kept out."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable

from integration.note.question import question
from tests.note.questions.corpus import Comment, comments, measure, misses


def main() -> int:
    """Measure, print, show."""
    wanted = _arguments()
    everything = comments()
    halves = {
        "held out": [comment for comment in everything if comment.held_out],
        "seen": [comment for comment in everything if not comment.held_out],
        "all": everything,
    }
    print(
        f"{'':10}{'marked':>8}{'hidden':>8}{'recall':>9}{'found':>8}{'precision':>11}{'words kept':>12}{'left out':>10}"
    )
    for name, half in halves.items():
        _print_row(name, half)
        for language in ("en", "de", "es"):
            _print_row(f"  {language}", [comment for comment in half if comment.language == language])
    _print_kinds(everything)
    listed = everything if wanted.held_out else halves["seen"]
    print("\nMisses" + ("" if wanted.held_out else " (those of the held-out half: --held-out)"))
    print("\n".join(misses(listed)) or "none")
    for comment in everything[:: max(1, len(everything) // wanted.show)] if wanted.show else ():
        asked = question(comment.subject, comment.text, people=comment.people)
        print(f"\n{comment.name} ({len(asked or '')}) {asked}")
    return 0


def _print_row(name: str, these: list[Comment]) -> None:
    figures = measure(these)
    out = 1 - figures.stayed / max(1, figures.left_out)
    print(
        f"{name:10}{figures.marked.total():>8}{figures.hidden.total():>8}{figures.recall:>9.1%}{figures.by_rules_alone:>8.1%}"
        f"{figures.precision:>11.1%}{figures.kept:>12.1%}{out:>10.1%}"
    )


def _print_kinds(these: Iterable[Comment]) -> None:
    chosen = list(these)
    print(f"\n{'hidden of':10}" + "".join(f"{language:>10}" for language in ("en", "de", "es", "all")))
    parts = [[comment for comment in chosen if comment.language == language] for language in ("en", "de", "es")]
    figures = [measure(part) for part in (*parts, chosen)]
    for kind in sorted(figures[-1].marked):
        cells = (f"{part.hidden[kind]}/{part.marked[kind]}" for part in figures)
        print(f"{kind:10}" + "".join(f"{cell:>10}" for cell in cells))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m tests.note.questions", description=__doc__)
    parser.add_argument("--show", type=int, default=0, help="print this many questions")
    parser.add_argument("--held-out", action="store_true", help="print the misses of the held-out half, too")
    return parser.parse_args()


if __name__ == "__main__":
    sys.exit(main())
