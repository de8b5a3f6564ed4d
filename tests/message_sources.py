"""Every message that the code can show, read from its syntax trees: what it puts into a sentence becomes {1}, {2}."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterable, Iterator
from functools import cache
from itertools import product
from pathlib import Path

import analysis

PACKAGE = Path(analysis.__file__).parent
OPEN = "\0"  # what is put in
MOST, DEEPEST = 64, 6
FAULTS = {"Fault": ("place", "part", "part"), "Finding": ("", "part", "part")}
# Where documents and cells are read: what is raised there becomes what a fault expected.
READERS = (
    "adoption/values.py",
    "contradictions.py",
    "declarations.py",
    "documents.py",
    "hedges.py",
    "publish/manifest.py",
    "published.py",
    "synthesis/assumptions.py",
)
# The functions and constants of each module that say something to the user; all its functions where none are named.
SPEAKERS = {
    "adoption/adopting.py": ("_read", "_write", "adopt", "say_adopted"),
    "adoption/delivery.py": ("BLIND", "_read_text"),
    "adoption/gaps.py": ("ASSUMED", "FIELDS", "PARTS", "name_gaps"),
    "adoption/guessing.py": (),
    "adoption/layout.py": (),
    "adoption/records.py": (),
    "adoption/sheets.py": ("unseen_parts",),
    "children.py": ("_end", "_say_status"),
    "cli.py": (),
    "comparison.py": ("_say_values", "count_states", "say_change", "say_comparison", "say_items"),
    "doctor.py": (),
    "ending.py": ("explain",),
    "faults.py": ("message",),
    "files.py": ("CAUSES", "say_unwritable"),
    "forking.py": ("_ask", "call"),
    "freshness.py": (
        "SHEET_STATES",
        "__str__",
        "_noun",
        "_noun_of_output",
        "_say_some",
        "say",
        "say_sheets",
        "say_status",
    ),
    "kernels.py": ("__str__", "execute"),
    "leases.py": (),
    "listing.py": ("describe",),
    "locking.py": ("lock",),
    "pipeline.py": ("execute_unit", "run"),
    "progress.py": (),
    "rankfile.py": ("_vary", "find", "rank_file"),
    "reconciliation.py": ("name_open",),
    "reconstruct.py": ("reconstruct",),
    "schedule.py": ("YEARLY",),
    "sheetrun.py": ("say_done",),
    "upkeep.py": ("remove_old",),
    "verification.py": ("_parts", "message", "say_verification"),
}
# What `oproep doctor` gives to be typed, and what is no sentence, is the same in every language.
COMMAND = re.compile(r"(make|git|cd|rm|mv|chmod|export|oproep|timedatectl|apt-get|ulimit|\{1\} -m) .*")
Scope = tuple[ast.AST, ...]  # the module, and the functions within one another that an expression stands in


@cache
def tree_of(path: Path) -> ast.Module:
    return ast.parse(path.read_text(encoding="utf-8"))


def modules() -> list[Path]:
    return sorted(PACKAGE.rglob("*.py"))


def scoped(node: ast.AST, scope: Scope) -> Iterator[tuple[ast.AST, Scope]]:
    """Yield every node below one, with the functions that it stands in."""
    for child in ast.iter_child_nodes(node):
        yield child, scope
        inner = (*scope, child) if isinstance(child, ast.FunctionDef) else scope
        yield from scoped(child, inner)


@cache
def nodes_of(path: Path) -> tuple[tuple[ast.AST, Scope], ...]:
    tree = tree_of(path)
    return tuple(scoped(tree, (tree,)))


@cache
def functions_named(name: str, path: Path | None = None) -> tuple[tuple[ast.FunctionDef, Path], ...]:
    paths = [path] if path else modules()
    return tuple((n, p) for p in paths for n, _ in nodes_of(p) if isinstance(n, ast.FunctionDef) and n.name == name)


class Reader:
    """Works out which texts an expression of a module can be."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def read(self, node: ast.AST | None, scope: Scope, depth: int = 0) -> set[str]:
        """Return the texts that an expression can be, with OPEN for what is not known."""
        found = self._read(node, scope, depth) if depth <= DEEPEST else {OPEN}
        return {re.sub(f"{OPEN}+", OPEN, text) for text in found} if 0 < len(found) <= MOST else {OPEN}

    def _read(self, node: ast.AST | None, scope: Scope, depth: int) -> set[str]:
        deeper = depth + 1
        match node:
            case ast.Constant(value=str(text)):
                return {text}
            case ast.JoinedStr(values=values):
                return join(self.read(value, scope, depth) for value in values)
            case ast.FormattedValue(value=value, conversion=-1, format_spec=None):
                return self.read(value, scope, deeper)
            case ast.BinOp(left=left, op=ast.Add(), right=right):
                return join(self.read(side, scope, depth) for side in (left, right))
            case ast.IfExp(body=body, orelse=orelse):
                return self.read(body, scope, deeper) | self.read(orelse, scope, deeper)
            case ast.BoolOp(values=values):
                return set().union(*(self.read(value, scope, deeper) for value in values))
            case ast.Name(id=name):
                return self._read_name(name, scope, deeper)
            case ast.Subscript(value=value):
                return self._read_values(value, scope, deeper)
            case ast.Call():
                return self._read_call(node, scope, deeper)
        return {OPEN}

    def _read_values(self, node: ast.AST, scope: Scope, depth: int) -> set[str]:
        """Return the texts that a mapping or a row of texts can give."""
        match node:
            case ast.Dict(values=values) | ast.Tuple(elts=values) | ast.List(elts=values):
                return set().union(*(self.read(value, scope, depth) for value in values))
            case ast.BinOp(left=left, op=ast.BitOr(), right=right):
                return self._read_values(left, scope, depth) | self._read_values(right, scope, depth)
            case ast.Name(id=name):
                found = [
                    value for value in assigned(name, scope) if isinstance(value, (ast.Dict, ast.Tuple, ast.BinOp))
                ]
                return set().union(*(self._read_values(value, scope, depth) for value in found)) or {OPEN}
        return {OPEN}

    def _read_name(self, name: str, scope: Scope, depth: int) -> set[str]:
        values = assigned(name, scope)
        if values:
            return set().union(*(self.read(value, scope, depth) for value in values))
        for function in reversed(scope[1:]):
            assert isinstance(function, ast.FunctionDef)
            if function.decorator_list:
                continue  # a command, which nothing in the code calls
            arguments = [argument.arg for argument in (*function.args.posonlyargs, *function.args.args)]
            if name in arguments + [argument.arg for argument in function.args.kwonlyargs]:
                return self._read_argument(function, arguments, name, depth)
        return {OPEN}

    def _read_argument(self, function: ast.FunctionDef, arguments: list[str], name: str, depth: int) -> set[str]:
        """Return what the calls of a function in its module give it as one argument."""
        position = arguments.index(name) - (arguments[:1] == ["self"]) if name in arguments else -1
        found = set[str]()
        for call, scope in nodes_of(self.path):
            if isinstance(call, ast.Call) and name_of(call.func) == function.name:
                given = [word.value for word in call.keywords if word.arg == name]
                given += call.args[position : position + 1] if position >= 0 else []
                found |= set().union(*(self.read(value, scope, depth) for value in given))
        return found or {OPEN}

    def _read_call(self, node: ast.Call, scope: Scope, depth: int) -> set[str]:
        called = name_of(node.func)
        if called == "get" and isinstance(node.func, ast.Attribute):
            default = [self.read(value, scope, depth) for value in node.args[1:]]
            return set().union(self._read_values(node.func.value, scope, depth), *default)
        own = functions_named(called, self.path)
        if own or called in ("expected", "needed"):
            found = set[str]()
            for function, path in own or functions_named(called):
                reader, inner = Reader(path), scope_of(path, function)
                for returned in results_of(function):
                    found |= reader.read(returned, inner, depth)
            return found or {OPEN}
        return {OPEN}


def join(parts: Iterable[set[str]]) -> set[str]:
    texts = {""}
    for part in parts:
        known = part if len(texts) * len(part) <= MOST else {OPEN}
        texts = {first + second for first, second in product(texts, known)}
    return texts


def name_of(node: ast.AST) -> str:
    return str(getattr(node, "id", None) or getattr(node, "attr", ""))


def scope_of(path: Path, function: ast.FunctionDef) -> Scope:
    return next((*scope, node) for node, scope in nodes_of(path) if node is function)


def results_of(function: ast.FunctionDef) -> Iterator[ast.AST]:
    for node in ast.walk(function):
        if isinstance(node, (ast.Return, ast.Yield)) and node.value is not None:
            yield node.value


def assigned(name: str, scope: Scope) -> list[ast.AST]:
    """Return what a name is given where it is in sight, the nearest function first."""
    for place in reversed(scope):
        nodes = ast.walk(place) if isinstance(place, ast.FunctionDef) else place.body  # type: ignore[attr-defined]
        found = [value for node in nodes for value in values_for(name, node)]
        if found:
            return found
    return []


def values_for(name: str, node: ast.AST) -> Iterator[ast.AST]:
    if isinstance(node, ast.Assign):
        for target in node.targets:
            yield from unpacked(name, target, node.value)
    elif isinstance(node, (ast.AnnAssign, ast.NamedExpr)) and node.value:
        yield from unpacked(name, node.target, node.value)
    elif isinstance(node, (ast.For, ast.comprehension)) and isinstance(node.iter, (ast.Tuple, ast.List)):
        for item in node.iter.elts:
            yield from unpacked(name, node.target, item)
    elif isinstance(node, (ast.For, ast.comprehension)) and name_of(getattr(node.iter, "func", node)) == "items":
        of = node.iter.func.value  # type: ignore[attr-defined]
        if isinstance(of, ast.Dict):
            for item in zip(of.keys, of.values, strict=True):
                yield from unpacked(name, node.target, ast.Tuple([part for part in item if part]))


def unpacked(name: str, target: ast.AST, value: ast.AST) -> Iterator[ast.AST]:
    if isinstance(target, ast.Name) and target.id == name:
        yield value
    elif isinstance(target, ast.Tuple):
        if isinstance(value, ast.Tuple) and len(value.elts) == len(target.elts):
            for part, given in zip(target.elts, value.elts, strict=True):
                yield from unpacked(name, part, given)
        elif isinstance(value, ast.IfExp):
            for branch in (value.body, value.orelse):
                yield from unpacked(name, target, branch)


# What is shown.


def faults() -> Iterator[tuple[str, str, str]]:
    """Yield section, template and place of every part of a fault."""
    for path in modules():
        for call, scope in nodes_of(path):
            if isinstance(call, ast.Call) and name_of(call.func) in FAULTS:
                sections = FAULTS[name_of(call.func)]
                for section, part in zip(sections, call.args, strict=False):
                    for text in Reader(path).read(part, scope) if section else ():
                        yield section, template(text), f"{path.relative_to(PACKAGE)}:{call.lineno}"


def refusals() -> Iterator[tuple[str, str, str]]:
    """Yield what is raised as a ValueError where a document or a cell is read: it becomes what was expected."""
    for path in map(PACKAGE.joinpath, READERS):
        for node, scope in nodes_of(path):
            if (
                isinstance(node, ast.Raise)
                and isinstance(node.exc, ast.Call)
                and name_of(node.exc.func) == "ValueError"
            ):
                for part in node.exc.args[:1]:
                    for text in Reader(path).read(part, scope):
                        yield "part", template(text), f"{path.relative_to(PACKAGE)}:{node.lineno}"


def lines() -> Iterator[tuple[str, str, str]]:
    """Yield what else is shown: every outermost text of several words in the functions and constants that say it."""
    for name, names in SPEAKERS.items():
        path = PACKAGE / name
        for node in tree_of(path).body:
            if {name_of(target) for target in getattr(node, "targets", [])} & set(names):
                yield from texts_in(path, node, (tree_of(path),))
        for node, scope in nodes_of(path):
            if isinstance(node, ast.FunctionDef) and (node.name in names or not names):
                for statement in node.body:
                    yield from texts_in(path, statement, (*scope, node))


def texts_in(path: Path, node: ast.AST, scope: Scope) -> Iterator[tuple[str, str, str]]:
    if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant):
        return  # a docstring
    if isinstance(node, ast.FunctionDef):
        return  # found by itself
    if isinstance(node, ast.Call) and name_of(node.func) in (*FAULTS, "ValueError", "Template"):
        return
    is_text = isinstance(node, (ast.JoinedStr, ast.Constant)) or (
        isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add)
    )
    if not is_text:
        for child in ast.iter_child_nodes(node):
            yield from texts_in(path, child, scope)
        return
    for text in Reader(path).read(node, scope):
        for line in text.split("\n"):
            said = template(line.strip(" -"))
            if " " in said.strip():
                yield "line", said, f"{path.relative_to(PACKAGE)}:{getattr(node, 'lineno', 0)}"


def template(text: str) -> str:
    """Return a text with {1}, {2} for what is put in."""
    first, *rest = text.replace("{", "{{").replace("}", "}}").split(OPEN)
    return first + "".join(f"{{{number}}}{piece}" for number, piece in enumerate(rest, start=1))


def is_worded(text: str) -> bool:
    """Return whether a template says anything in words; names of files, keys and options are the same in each language."""
    bare = re.sub(r"\{\d+\}|`[^`]*`|'[^']*'", " ", text)
    return bool(re.search(r"(?<![\w.\-/_])[A-Za-z][a-z]*[a-z](?![\w\-/_]|\.\w)", bare))
