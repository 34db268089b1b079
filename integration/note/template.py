"""A note's template of the admin's own: Jinja2, of which a template may use what tells and repeats, and nothing else.

    **{{ who }}** ({{ counts.sessions }})
    {{ summary }}
    {% for session in sessions[:3] %}
    {{ session.number }}. [{{ session.when or "replay" }}]({{ session.url }}): {{ session.text }}
    {% endfor %}

Before it is compiled, a template's syntax tree is looked through: it has `if`, one level of `for` over the sessions,
comparisons, and filters that make no text longer than what they are given. So its time and its output are bounded by
its own length and that of the values. What it makes is Markdown, which is cleaned like LogRocket's own.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from typing import Final

from jinja2 import StrictUndefined, Template, TemplateError, TemplateSyntaxError, nodes
from jinja2.sandbox import ImmutableSandboxedEnvironment

from integration.note.template_values import NOTHING, SAMPLE, Counts, SessionValues, TemplateFailed, Values

LONGEST: Final = 10_000  # characters of a template
_MOST: Final = 60_000  # characters that it makes: no place takes more
_FILTERS: Final = ("capitalize", "default", "first", "last", "length", "lower", "title", "trim", "truncate", "upper")
_LOOP: Final = frozenset({"first", "index", "index0", "last", "length", "revindex"})
_ALLOWED: Final = (
    *(nodes.Template, nodes.Output, nodes.TemplateData, nodes.Name, nodes.Const, nodes.Getattr, nodes.Getitem),
    *(nodes.Slice, nodes.For, nodes.If, nodes.CondExpr, nodes.Compare, nodes.Operand, nodes.And, nodes.Or, nodes.Not),
    *(nodes.Concat, nodes.Add, nodes.Sub, nodes.Filter, nodes.Keyword),
)
_BROKEN: Final = (
    *(TemplateError, ArithmeticError, AttributeError, LookupError, TypeError, ValueError),
    *(RecursionError, SyntaxError, MemoryError),
)


class TemplateRefused(ValueError):
    """The template must not, or cannot, be used; the text is the rest of the sentence "NOTE_TEMPLATE ..."."""


def render(source: str, given: Values) -> str:
    """The Markdown that a template makes; `TemplateFailed` when it does not work with these values."""
    try:
        return _bounded(_compiled(source), given)
    except TemplateRefused as error:
        raise TemplateFailed(str(error)) from error
    except _BROKEN as error:
        raise TemplateFailed(f"cannot be rendered ({type(error).__name__})") from error


def check(source: str) -> str:
    """What a template makes of a sample; `TemplateRefused` when it must not, or cannot, be used."""
    template = _compiled(source)
    try:
        _bounded(template, NOTHING)
        made = _bounded(template, SAMPLE)
    except _BROKEN as error:
        raise TemplateRefused(f"cannot be rendered with a sample ({type(error).__name__})") from error
    if not made.strip():
        raise TemplateRefused("makes nothing of a sample")
    return made


def _bounded(template: Template, given: Values) -> str:
    made, left = [], _MOST
    for piece in template.generate(**given):
        made.append(piece[:left])
        left -= len(piece)
        if left <= 0:
            break
    return "".join(made)


# -- What is allowed


@lru_cache(maxsize=4)
def _compiled(source: str) -> Template:
    environment = _environment()
    if len(source) > LONGEST:
        raise TemplateRefused(f"is longer than {LONGEST:,} characters")
    try:
        tree = environment.parse(source)
        problem = next(_problems(tree, names=frozenset(Values.__annotations__), inside_loop=False), None)
    except TemplateSyntaxError as error:
        raise TemplateRefused(f"is no Jinja2 template: line {error.lineno}") from error
    except _BROKEN as error:
        raise TemplateRefused(f"is no Jinja2 template ({type(error).__name__})") from error
    if problem:
        raise TemplateRefused(problem)
    if not {"summary", "sessions"} & {name.name for name in tree.find_all(nodes.Name)}:
        raise TemplateRefused("shows neither summary nor sessions")
    try:
        return environment.from_string(source)
    except _BROKEN as error:
        raise TemplateRefused(f"is too deep or too long ({type(error).__name__})") from error


def _environment() -> ImmutableSandboxedEnvironment:
    environment = ImmutableSandboxedEnvironment(undefined=StrictUndefined, loader=None, trim_blocks=True)
    environment.globals.clear()
    environment.filters = {name: environment.filters[name] for name in _FILTERS}
    environment.tests = {}
    return environment


def _problems(node: nodes.Node, *, names: frozenset[str], inside_loop: bool) -> Iterator[str]:
    """What a part of a template has that it must not have, the first thing first."""
    if not isinstance(node, _ALLOWED):
        yield f"uses {type(node).__name__.lower()}, line {node.lineno}: it may use if, for, and the values"
        return
    problem = _problem(node, names, inside_loop=inside_loop)
    if problem:
        yield f"{problem}, line {node.lineno}"
        return
    if isinstance(node, nodes.For):
        names |= {node.target.name, "loop"} if isinstance(node.target, nodes.Name) else set()
        inside_loop = True
    for child in node.iter_child_nodes():
        yield from _problems(child, names=names, inside_loop=inside_loop)


def _problem(node: nodes.Node, names: frozenset[str], *, inside_loop: bool) -> str | None:
    match node:
        case nodes.Name(ctx="load", name=name) if name not in names:
            return f"names {name[:40]}, which does not exist"
        case nodes.Getattr(attr=attribute) | nodes.Getitem(arg=nodes.Const(value=str(attribute))):
            return _problem_of_attribute(node.node, attribute)
        case nodes.Getitem(arg=argument) if not isinstance(argument, nodes.Const | nodes.Slice):
            return "looks something up by what is no number and no name"
        case nodes.Filter(name=name) if name not in _FILTERS:
            return f"uses the filter {name[:40]}, which is none of {', '.join(_FILTERS)}"
        case nodes.For() if inside_loop or node.recursive or not _repeats_sessions(node):
            return "may repeat something for the sessions alone, and not one loop inside of another"
    return None


def _problem_of_attribute(owner: nodes.Node, attribute: str) -> str | None:
    match owner:
        case nodes.Name(name="loop"):
            known = _LOOP
        case nodes.Name(name="counts"):
            known = frozenset(Counts.__annotations__)
        case _:
            known = frozenset(SessionValues.__annotations__)
    return None if attribute in known else f"names .{attribute[:40]}, which does not exist"


def _repeats_sessions(loop: nodes.For) -> bool:
    """Whether a loop is over the sessions, or some of them, under a name that is not one of the values."""
    over = loop.iter.node if isinstance(loop.iter, nodes.Getitem) else loop.iter
    taken = {*Values.__annotations__, "loop"}
    return (
        isinstance(over, nodes.Name)
        and over.name == "sessions"
        and isinstance(loop.target, nodes.Name)
        and loop.target.name not in taken
    )
