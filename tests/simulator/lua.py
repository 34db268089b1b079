"""As much Lua as the ledger's scripts need, made into Python: the model of Redis runs the very scripts of the product.

Numbers are floats, strings are `str`, tables are `Table`. What is not understood is refused when a script is compiled;
where the meaning could differ from Redis' own Lua, `tests/test_simulator.py` runs the same schedules on both.
"""

from __future__ import annotations

import functools
import json
import math
import re
from collections.abc import Callable, Iterator
from itertools import count
from typing import Any

Call = Callable[..., Any]
Script = Callable[[list[str], list[str], Call], Any]

_TOKEN = re.compile(
    r"""\s+|--\[\[.*?\]\]|--[^\n]*
    |(?P<number>0x[0-9a-fA-F]+|[0-9]+(?:\.[0-9]+)?(?:[eE][+-]?[0-9]+)?)
    |(?P<name>[A-Za-z_][A-Za-z0-9_]*)
    |(?P<string>'(?:\\.|[^'\\])*'|"(?:\\.|[^"\\])*")
    |(?P<sign>\.\.\.|\.\.|==|~=|<=|>=|[-+*/%^\#<>=(){}\[\];:,.])""",
    re.VERBOSE | re.DOTALL,
)
_WORDS = frozenset(  # as the manual lists them
    """and break do else elseif end false for function if in local nil
    not or repeat return then true until while""".split()  # noqa: SIM905 -- a list of 21 strings reads worse
)
_BINARY = {
    "or": (1, 1),
    "and": (2, 2),
    "<": (3, 3),
    ">": (3, 3),
    "<=": (3, 3),
    ">=": (3, 3),
    "~=": (3, 3),
    "==": (3, 3),
    "..": (5, 4),
    "+": (6, 6),
    "-": (6, 6),
    "*": (7, 7),
    "/": (7, 7),
    "%": (7, 7),
    "^": (10, 9),
}
_UNARY = 8


class Table(dict[Any, Any]):
    """A Lua table; whole numbers find their place as ints and as floats."""

    @classmethod
    def of(cls, items: list[Any]) -> Table:
        """A table of a list, from 1 on."""
        return cls(zip(count(1), items)) if None not in items else cls(_present(items))

    def items_in_order(self) -> list[Any]:
        """The list in it: up to the first place that is empty."""
        found: list[Any] = []
        while (item := self.get(len(found) + 1)) is not None:
            found.append(item)
        return found


def _present(items: list[Any]) -> dict[int, Any]:
    return {place: item for place, item in enumerate(items, start=1) if item is not None}


@functools.cache
def compiled(source: str) -> Script:
    """The script as a function of `KEYS`, `ARGV` and what carries out a command."""
    python = _Compiler(source).script()
    names = dict(_GLOBALS)
    exec(compile(python, "<script>", "exec"), names)  # noqa: S102 -- made of this project's own scripts
    script: Script = names["script"]
    return script


class _Compiler:
    """Reads Lua and writes Python, one statement a line."""

    def __init__(self, source: str) -> None:
        self._tokens = list(_tokens(source))
        self._at = 0
        self._place: tuple[str, str] | None = None  # the table and the key that were read last: they may be written

    def script(self) -> str:
        body = self._block(1)
        if self._kind != "end of script":
            raise SyntaxError(f"Lua: {self._text!r} is not understood")
        head = ["def script(KEYS, ARGV, _call):", "  KEYS, ARGV = _of(KEYS), _of(ARGV)"]
        return "\n".join([*head, *body])

    # -- Tokens

    @property
    def _kind(self) -> str:
        return self._tokens[self._at][0]

    @property
    def _text(self) -> str:
        return self._tokens[self._at][1]

    def _next(self) -> str:
        self._at += 1
        return self._tokens[self._at - 1][1]

    def _is(self, *texts: str) -> bool:
        return self._kind in ("word", "sign") and self._text in texts

    def _skip(self, text: str) -> bool:
        if self._is(text):
            self._at += 1
            return True
        return False

    def _need(self, text: str) -> None:
        if not self._skip(text):
            raise SyntaxError(f"Lua: {text!r} is expected, {self._text!r} found")

    def _name(self) -> str:
        if self._kind != "name":
            raise SyntaxError(f"Lua: a name is expected, {self._text!r} found")
        return self._next()

    # -- Statements

    def _block(self, depth: int) -> list[str]:
        lines: list[str] = []
        while self._kind != "end of script" and not self._is("end", "else", "elseif", "until"):
            if not self._skip(";"):
                lines += ["  " * depth + line for line in self._statement(depth)]
        return lines or ["  " * depth + "pass"]

    def _nested(self) -> list[str]:
        return self._block(1)

    def _statement(self, depth: int) -> list[str]:  # noqa: PLR0911 -- one return a kind of statement
        del depth
        if self._skip("local"):
            return self._local()
        if self._skip("if"):
            return self._if()
        if self._skip("for"):
            return self._for()
        if self._skip("while"):
            head = f"while _true({self._expression()}):"
            self._need("do")
            return [head, *self._until_end()]
        if self._skip("do"):
            return ["if True:", *self._until_end()]
        if self._skip("break"):
            return ["break"]
        if self._skip("return"):
            nothing = self._kind == "end of script" or self._is("end", "else", "elseif", "until", ";")
            return ["return None" if nothing else f"return {self._expression()}"]
        return self._assignment_or_call()

    def _until_end(self) -> list[str]:
        lines = self._nested()
        self._need("end")
        return lines

    def _local(self) -> list[str]:
        if self._skip("function"):
            name = self._name()
            self._need("(")
            arguments = []
            while not self._skip(")"):
                arguments.append(self._name() + "=None")
                self._skip(",")
            return [f"def {name}({', '.join(arguments)}):", *self._until_end()]
        names = [self._name()]
        while self._skip(","):
            names.append(self._name())
        values = self._expressions() if self._skip("=") else []
        if len(values) == 1 and values[0].startswith("unpack("):
            return [f"{', '.join(names)}, *_ = *{values[0]}, {', '.join(['None'] * len(names))}"]
        return [f"{', '.join(names)} = {', '.join((values + ['None'] * len(names))[: len(names)])}"]

    def _if(self) -> list[str]:
        lines, word = [], "if"
        while True:
            lines.append(f"{word} _true({self._expression()}):")
            self._need("then")
            lines += self._nested()
            if self._skip("elseif"):
                word = "elif"
                continue
            if self._skip("else"):
                lines += ["else:", *self._nested()]
            self._need("end")
            return lines

    def _for(self) -> list[str]:
        names = [self._name()]
        while self._skip(","):
            names.append(self._name())
        if self._skip("="):
            head = f"for {names[0]} in _range({', '.join(self._expressions())}):"
        else:
            self._need("in")
            head = f"for {', '.join(names)} in {self._expression()}:"
        self._need("do")
        return [head, *self._until_end()]

    def _assignment_or_call(self) -> list[str]:
        target = self._primary()
        place = self._place if self._is("=") else None
        if self._skip("="):
            value = self._expression()
            return [f"{target} = {value}" if place is None else f"_put({place[0]}, {place[1]}, {value})"]
        if not target.endswith(")"):
            raise SyntaxError(f"Lua: {target!r} is no statement")
        return [target]

    # -- Expressions

    def _expressions(self) -> list[str]:
        found = [self._expression()]
        while self._skip(","):
            found.append(self._expression())
        return found

    def _expression(self, least: int = 0) -> str:
        if self._is("not", "-", "#"):
            sign = self._next()
            operand = self._expression(_UNARY)
            left = {"not": f"(not _true({operand}))", "-": f"(-_number({operand}))", "#": f"_length({operand})"}[sign]
        else:
            left = self._simple()
        while self._kind in ("word", "sign") and self._text in _BINARY and _BINARY[self._text][0] > least:
            sign = self._next()
            left = _binary(sign, left, self._expression(_BINARY[sign][1]))
        return left

    def _simple(self) -> str:
        if self._kind == "number":
            return repr(float(int(self._next(), 0)) if self._text.startswith("0x") else float(self._next()))
        if self._kind == "string":
            return repr(_unescaped(self._next()[1:-1]))
        for word, python in (("nil", "None"), ("true", "True"), ("false", "False")):
            if self._skip(word):
                return python
        if self._is("{"):
            return self._table()
        return self._primary()

    def _table(self) -> str:
        self._need("{")
        items, pairs = [], []
        while not self._skip("}"):
            if self._skip("["):
                key = self._expression()
                self._need("]")
                self._need("=")
                pairs.append(f"{key}: {self._expression()}")
            elif self._kind == "name" and self._tokens[self._at + 1] == ("sign", "="):
                key = repr(self._next())
                self._need("=")
                pairs.append(f"{key}: {self._expression()}")
            else:
                items.append(self._expression())
            self._skip(",") or self._skip(";")
        return f"_table([{', '.join(items)}], {{{', '.join(pairs)}}})"

    def _primary(self) -> str:
        if self._skip("("):
            found = f"({self._expression()})"
            self._need(")")
        else:
            found = self._name()
        self._place = None
        while self._is(".", "[", "("):
            if self._skip("."):
                found = self._field(found, self._name())
            elif self._skip("["):
                key = self._expression()
                self._need("]")
                self._place = (found, key)
                found = f"{found}.get({key})"
            else:
                self._need("(")
                arguments = [] if self._is(")") else self._expressions()
                self._need(")")
                self._place, found = None, f"{found}({', '.join(arguments)})"
        return found

    def _field(self, table: str, name: str) -> str:
        if table == "redis":
            return "_call"
        if f"{table}.{name}" in _LIBRARY:
            return f"{table}_{name}"
        self._place = (table, repr(name))
        return f"{table}.get({name!r})"


def _tokens(source: str) -> Iterator[tuple[str, str]]:
    at = 0
    while at < len(source):
        found = _TOKEN.match(source, at)
        if found is None:
            raise SyntaxError(f"Lua: {source[at : at + 20]!r} is not understood")
        at = found.end()
        if found.lastgroup == "name" and found.group() in _WORDS:
            yield "word", found.group()
        elif found.lastgroup:
            yield found.lastgroup, found.group()
    yield "end of script", ""


def _binary(sign: str, left: str, right: str) -> str:  # noqa: PLR0911 -- one return a kind of sign
    match sign:
        case "and":
            return f"_and({left}, lambda: {right})"
        case "or":
            return f"_or({left}, lambda: {right})"
        case "..":
            return f"(_string({left}) + _string({right}))"
        case "==":
            return f"({left} == {right})"
        case "~=":
            return f"({left} != {right})"
        case "<" | ">" | "<=" | ">=":
            return f"({left} {sign} {right})"
        case _:
            return f"(_number({left}) {'**' if sign == '^' else sign} _number({right}))"


def _unescaped(text: str) -> str:
    return re.sub(r"\\(.)", lambda found: {"n": "\n", "t": "\t", "r": "\r"}.get(found[1], found[1]), text)


# -- What the Python needs


def _true(value: Any) -> bool:  # noqa: ANN401 -- a Lua value
    return value is not None and value is not False


def _number(value: Any) -> float:  # noqa: ANN401 -- likewise
    if isinstance(value, float) or (isinstance(value, int) and not isinstance(value, bool)):
        return float(value)
    if isinstance(value, str):
        return float(value)
    raise TypeError(f"Lua: arithmetic on {value!r}")


def _to_number(value: Any, base: float = 10) -> float | None:  # noqa: ANN401 -- likewise
    try:
        return float(int(value, int(base))) if base != 10 else _number(value)
    except (TypeError, ValueError):
        return None


def _string(value: Any) -> str:  # noqa: ANN401 -- likewise
    if isinstance(value, str):
        return value
    if isinstance(value, bool) or value is None:
        raise TypeError(f"Lua: {value!r} is no string")
    return f"{value:.14g}"


def _to_string(value: Any) -> str:  # noqa: ANN401 -- likewise
    return (
        {None: "nil", True: "true", False: "false"}[value]
        if value is None or value is True or value is False
        else _string(value)
    )


def _put(table: Any, key: Any, value: Any) -> None:  # noqa: ANN401 -- likewise
    if value is None:
        table.pop(key, None)
    else:
        table[key] = value


@functools.cache
def _kinds(form: str) -> list[str]:
    return re.findall(r"%[-+ 0-9.]*([a-zA-Z])", form)


def _format(form: str, *values: Any) -> str:  # noqa: ANN401 -- likewise
    kinds = _kinds(form)
    ready = [value if kind == "s" and isinstance(value, str) else _string(value) if kind == "s" else _number(value)
             for kind, value in zip(kinds, values, strict=True)]  # fmt: skip
    return form % tuple(int(value) if kind == "d" else value for kind, value in zip(kinds, ready, strict=True))


_CLASSES = {"x": "[0-9a-fA-F]", "d": "[0-9]", "a": "[A-Za-z]", "w": "[A-Za-z0-9]", "s": r"\s"}


@functools.cache
def _pattern(lua: str) -> re.Pattern[str]:
    found = re.sub(r"%(.)", lambda each: _CLASSES.get(each[1], re.escape(each[1])), lua.replace("\\", "\\\\"))
    return re.compile(re.sub(r"(?<=[\])}.])-", "*?", found))


def _match(text: str, lua: str) -> str | None:
    found = _pattern(lua).search(text)
    if found is None:
        return None
    return found.group(1) if found.groups() else found.group()


def _sub(text: str, first: float, last: float = -1) -> str:
    start = int(first) - 1 if first > 0 else max(len(text) + int(first), 0)
    return text[start : int(last) if last >= 0 else len(text) + int(last) + 1]


def _find(text: str, wanted: str, start: float = 1, plain: object = None) -> float | None:
    if not _true(plain):
        raise NotImplementedError("string.find of a pattern")
    at = text.find(wanted, int(start) - 1)
    return None if at < 0 else float(at + 1)


def _length(value: Any) -> float:  # noqa: ANN401 -- a Lua value
    return float(len(value if isinstance(value, str) else value.items_in_order()))


def _range(first: Any, last: Any, step: Any = 1.0) -> Iterator[float]:  # noqa: ANN401 -- likewise
    at = _number(first)
    while at <= _number(last) if step > 0 else at >= _number(last):
        yield at
        at += step


def _and(left: Any, right: Callable[[], Any]) -> Any:  # noqa: ANN401 -- likewise
    return right() if _true(left) else left


def _or(left: Any, right: Callable[[], Any]) -> Any:  # noqa: ANN401 -- likewise
    return left if _true(left) else right()


def _table(items: list[Any], pairs: dict[Any, Any]) -> Table:
    made = Table.of(items)
    made.update({key: value for key, value in pairs.items() if value is not None})
    return made


def _type(value: Any) -> str:  # noqa: ANN401 -- likewise
    for kind, name in ((str, "string"), (bool, "boolean"), (float, "number"), (int, "number"), (dict, "table")):
        if isinstance(value, kind):
            return name
    return "nil" if value is None else "function"


def _decoded(text: str) -> Any:  # noqa: ANN401 -- likewise
    return _lua(json.loads(text))


def _lua(value: Any) -> Any:  # noqa: ANN401 -- likewise
    if isinstance(value, list):
        return Table.of([_lua(each) for each in value])
    if isinstance(value, dict):
        return Table({key: _lua(each) for key, each in value.items()})
    return float(value) if isinstance(value, int) and not isinstance(value, bool) else value


def _encoded(value: Any) -> str:  # noqa: ANN401 -- likewise
    return json.dumps(_plain(value), separators=(",", ":"))


def _plain(value: Any) -> Any:  # noqa: ANN401 -- likewise
    if isinstance(value, Table):
        items = value.items_in_order()
        return [_plain(each) for each in items] if items else {key: _plain(each) for key, each in value.items()}
    return int(value) if isinstance(value, float) and value.is_integer() else value


_LIBRARY: dict[str, Any] = {
    "string.format": _format,
    "string.match": _match,
    "string.sub": _sub,
    "string.find": _find,
    "string.len": _length,
    "math.min": lambda *values: min(map(_number, values)),
    "math.max": lambda *values: max(map(_number, values)),
    "math.floor": lambda value: float(math.floor(_number(value))),
    "math.ceil": lambda value: float(math.ceil(_number(value))),
    "table.insert": lambda table, value: _put(table, _length(table) + 1, value),
    "cjson.decode": _decoded,
    "cjson.encode": _encoded,
}
_GLOBALS: dict[str, Any] = {
    "_true": _true,
    "_number": _number,
    "_string": _string,
    "_put": _put,
    "_length": _length,
    "_of": Table.of,
    "_range": _range,
    "_and": _and,
    "_or": _or,
    "_table": _table,
    **{name.replace(".", "_"): function for name, function in _LIBRARY.items()},
    "tonumber": _to_number,
    "tostring": _to_string,
    "type": _type,
    "unpack": Table.items_in_order,
    "ipairs": lambda table: enumerate(table.items_in_order(), start=1),
    "pairs": lambda table: list(table.items()),
}
