"""Mutants of a module: copies with one small mistake each."""

import ast
import copy
import types
import typing as t
from collections.abc import Iterator

Key = tuple[str, int]


class Mutant(t.NamedTuple):
    """The code of a module with one mistake."""

    number: int
    line: int
    what: str
    #: Whether the mistake is inside a function, whose code can then be replaced.
    in_function: bool
    code: types.CodeType


_COMPARED: t.Final[dict[type[ast.cmpop], list[type[ast.cmpop]]]] = {
    ast.Eq: [ast.NotEq],
    ast.NotEq: [ast.Eq],
    ast.Lt: [ast.LtE, ast.GtE],
    ast.LtE: [ast.Lt, ast.Gt],
    ast.Gt: [ast.GtE, ast.LtE],
    ast.GtE: [ast.Gt, ast.Lt],
    ast.In: [ast.NotIn],
    ast.NotIn: [ast.In],
    ast.Is: [ast.IsNot],
    ast.IsNot: [ast.Is],
}
_COMPUTED: t.Final[dict[type[ast.operator], type[ast.operator]]] = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.FloorDiv,
    ast.BitOr: ast.BitAnd,
    ast.BitAnd: ast.BitOr,
}
_CALLED: t.Final = {
    "strip": "lstrip",
    "lstrip": "strip",
    "rstrip": "lstrip",
    "lower": "upper",
    "partition": "rpartition",
    "rpartition": "partition",
    "fullmatch": "match",
    "match": "search",
    "search": "match",
    "removeprefix": "removesuffix",
    "removesuffix": "removeprefix",
    "any": "all",
    "all": "any",
}


class _Places(ast.NodeVisitor):
    """A collector of nodes to change, without annotations, docstrings and messages."""

    def __init__(self) -> None:
        self.found: list[tuple[ast.AST, bool]] = []
        self._functions = 0
        self._messages = 0

    def generic_visit(self, node: ast.AST) -> None:
        self.found.append((node, self._functions > 0))
        super().generic_visit(node)

    def _visit_function(self, node: ast.FunctionDef | ast.AsyncFunctionDef) -> None:
        if any("overload" in ast.unparse(d) for d in node.decorator_list):
            return
        for default in (*node.args.defaults, *node.args.kw_defaults):
            if default is not None:
                self.visit(default)
        self._functions += 1
        for statement in node.body:
            self.visit(statement)
        self._functions -= 1

    visit_FunctionDef = _visit_function
    visit_AsyncFunctionDef = _visit_function

    def visit_AnnAssign(self, node: ast.AnnAssign) -> None:
        self.found.append((node, self._functions > 0))
        if node.value is not None:
            self.visit(node.value)

    def visit_Subscript(self, node: ast.Subscript) -> None:
        # Types in a value, such as those of an alias, are annotations too.
        if not ast.unparse(node.value).startswith("t."):
            self.generic_visit(node)

    def visit_Raise(self, node: ast.Raise) -> None:
        self._messages += 1
        self.generic_visit(node)
        self._messages -= 1

    def visit_Constant(self, node: ast.Constant) -> None:
        if not (self._messages and isinstance(node.value, str)):
            self.generic_visit(node)

    def visit_Expr(self, node: ast.Expr) -> None:
        if not isinstance(node.value, ast.Constant):
            self.generic_visit(node)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func)
        if name == "t.cast":
            self.visit(node.args[1])
        elif name == "log" or name.endswith(".log_once"):
            self._messages += 1
            self.generic_visit(node)
            self._messages -= 1
        elif not name.startswith(("t.", "Callable")):
            self.generic_visit(node)

    def visit_TypeAlias(self, node: ast.AST) -> None:
        return


def _is_prose(value: object) -> bool:
    return isinstance(value, str) and " " in value.strip()


_Changes = Iterator[tuple[str, t.Callable[[t.Any], None]]]


def _changes(node: ast.AST) -> _Changes:
    """Yield descriptions of changes, with functions that change a copy of the node."""
    yield from _operators(node)
    yield from _branches(node)
    yield from _values(node)
    if isinstance(node, ast.Call):
        yield from _calls(node)
    for field in ("body", "orelse", "finalbody"):
        statements = getattr(node, field, None)
        if isinstance(statements, list):
            yield from _statements(field, statements)


def _operators(node: ast.AST) -> _Changes:
    match node:
        case ast.Compare(ops=operators):
            for index, operator in enumerate(operators):
                for other in _COMPARED.get(type(operator), []):
                    yield f"compare {other.__name__}", _set_item("ops", index, other())
        case ast.BoolOp(op=ast.And()):
            yield "and -> or", _set("op", ast.Or())
        case ast.BoolOp():
            yield "or -> and", _set("op", ast.And())
        case ast.BinOp(op=computed) | ast.AugAssign(op=computed):
            if type(computed) in _COMPUTED:
                yield "operator", _set("op", _COMPUTED[type(computed)]())


def _branches(node: ast.AST) -> _Changes:
    match node:
        case ast.If() | ast.While() | ast.IfExp():
            yield "negate", _negate
        case ast.comprehension(ifs=[_, *_]):
            yield "no filter", _set("ifs", [])
        case ast.Lambda():
            yield "lambda: None", _set("body", ast.Constant(None))


def _values(node: ast.AST) -> _Changes:
    match node:
        case ast.Constant(value=value):
            for other in _other_values(value):
                yield f"{value!r} -> {other!r}", _set("value", other)
        case ast.Return(value=value) if value and not _is_none(value):
            yield "return None", _set("value", ast.Constant(None))
        case ast.Assign(value=value) | ast.AnnAssign(value=value) if value:
            if not _is_none(value):
                yield "= None", _set("value", ast.Constant(None))


def _calls(node: ast.Call) -> _Changes:
    match node.func:
        case ast.Attribute(attr=name) | ast.Name(id=name) if name in _CALLED:
            yield f"{name} -> {_CALLED[name]}", _set_called(_CALLED[name])
    for index, argument in enumerate(node.args):
        if not isinstance(argument, ast.Constant | ast.Starred | ast.JoinedStr):
            yield f"argument {index}", _set_item("args", index, ast.Constant(None))
    for index in range(len(node.args) - 1):
        pair = node.args[index : index + 2]
        if not any(isinstance(a, ast.Starred) for a in pair) and _differ(*pair):
            yield f"swap arguments {index} and {index + 1}", _swap(index)
    for index in range(len(node.keywords) - 1):
        first, second = node.keywords[index : index + 2]
        if first.arg and second.arg and _differ(first.value, second.value):
            yield f"swap {first.arg} and {second.arg}", _swap_values(index)
    for index, keyword in enumerate(node.keywords):
        yield f"no keyword {keyword.arg}", _drop("keywords", index)


def _statements(field: str, statements: list[ast.stmt]) -> _Changes:
    for index, statement in enumerate(statements):
        match statement:
            case ast.Expr(value=ast.Constant()):
                pass
            case ast.Expr() | ast.Raise() | ast.AugAssign() | ast.Delete():
                yield "drop", _set_item(field, index, ast.Pass())
            case ast.Continue():
                yield "continue -> break", _set_item(field, index, ast.Break())
            case ast.Break():
                yield "no break", _set_item(field, index, ast.Pass())


def _other_values(value: object) -> Iterator[object]:
    if isinstance(value, bool):
        yield not value
    elif isinstance(value, int | float):
        yield value + 1
        yield value - 1
    elif isinstance(value, str) and not _is_prose(value):
        yield f"XX{value}"
    elif isinstance(value, bytes):
        yield b"XX" + value


def _is_none(node: ast.AST) -> bool:
    return isinstance(node, ast.Constant) and node.value is None


def _set(field: str, value: object) -> t.Callable[[t.Any], None]:
    return lambda node: setattr(node, field, value)


def _set_item(field: str, index: int, value: object) -> t.Callable[[t.Any], None]:
    return lambda node: getattr(node, field).__setitem__(index, value)


def _drop(field: str, index: int) -> t.Callable[[t.Any], None]:
    return lambda node: getattr(node, field).pop(index)


def _differ(first: ast.AST, second: ast.AST) -> bool:
    return ast.dump(first) != ast.dump(second)


def _swap(index: int) -> t.Callable[[t.Any], None]:
    def change(node: t.Any) -> None:
        node.args[index : index + 2] = reversed(node.args[index : index + 2])

    return change


def _swap_values(index: int) -> t.Callable[[t.Any], None]:
    def change(node: t.Any) -> None:
        first, second = node.keywords[index : index + 2]
        first.value, second.value = second.value, first.value

    return change


def _negate(node: t.Any) -> None:
    node.test = ast.UnaryOp(ast.Not(), node.test)


def _set_called(name: str) -> t.Callable[[t.Any], None]:
    def change(node: t.Any) -> None:
        if isinstance(node.func, ast.Attribute):
            node.func.attr = name
        else:
            node.func.id = name

    return change


def mutants_of(source: str, path: str) -> Iterator[Mutant]:
    """Yield the module without a mistake, and then all mutants."""
    tree = ast.parse(source)
    found = _places(tree)
    yield Mutant(0, 0, "nothing", True, compile(source, path, "exec"))
    number = 1
    for place, (node, in_function) in enumerate(found):
        for made, change in _changes(node):
            mutated = copy.deepcopy(tree)
            target = _places(mutated)[place][0]
            line = getattr(target, "lineno", 0)
            change(target)
            ast.fix_missing_locations(mutated)
            try:
                code = compile(mutated, path, "exec")
            except (SyntaxError, ValueError, TypeError):
                continue
            what = f"{type(node).__name__}: {made}"
            yield Mutant(number, line, what, in_function, code)
            number += 1


def _places(tree: ast.AST) -> list[tuple[ast.AST, bool]]:
    places = _Places()
    places.visit(tree)
    return places.found


def codes_in(code: types.CodeType) -> dict[Key, types.CodeType]:
    """Return the code of all functions inside a code object, by name and line."""
    found = {}
    for constant in code.co_consts:
        if isinstance(constant, types.CodeType):
            found[(constant.co_qualname, constant.co_firstlineno)] = constant
            found |= codes_in(constant)
    return found
