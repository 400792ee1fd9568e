"""Which Python a model's answer may consist of before any of it is run."""

from __future__ import annotations

import ast

from zeta_router.parsing import parse_quietly

NODES = (
    ast.Module, ast.FunctionDef, ast.arguments, ast.arg, ast.Return, ast.Assign, ast.AugAssign, ast.AnnAssign, ast.For,
    ast.While, ast.If, ast.Expr, ast.Pass, ast.Break, ast.Continue, ast.Call, ast.keyword, ast.Name, ast.Constant,
    ast.BinOp, ast.UnaryOp, ast.BoolOp, ast.Compare, ast.IfExp, ast.List, ast.Tuple, ast.Dict, ast.Set, ast.ListComp,
    ast.SetComp, ast.DictComp, ast.GeneratorExp, ast.comprehension, ast.Subscript, ast.Slice, ast.Starred,
    ast.Lambda, ast.Attribute, ast.operator, ast.unaryop, ast.boolop, ast.cmpop, ast.expr_context,
)  # fmt: skip
"""What plain functions are written with: no class, no import, no `with`, no f-string, no `global`."""

METHODS = frozenset(
    """
    append extend insert pop remove clear index count sort reverse copy add discard update get keys values items
    setdefault lower upper strip lstrip rstrip split splitlines join replace startswith endswith find isdigit isalpha
    isalnum isspace islower isupper title capitalize casefold union intersection difference
    """.split()  # noqa: SIM905
)
"""Attributes that may be looked up: methods of lists, dicts, sets and strings that reach nothing else."""

BUILTINS = (
    "abs", "all", "any", "bool", "dict", "enumerate", "filter", "float", "int", "len", "list", "map", "max", "min",
    "range", "reversed", "round", "set", "sorted", "str", "sum", "tuple", "zip",
)  # fmt: skip
"""Builtins that exist where the answer runs."""

LONGEST = 4_000
"""Characters; the longest answer that a probe needs has some 500."""


def refusal(source: str) -> str | None:
    """Return why a piece of Python is not run, None where it may be."""
    if len(source) > LONGEST:
        return f"it is longer than {LONGEST} characters"
    try:
        tree = parse_quietly(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return "it does not parse"
    for node in ast.walk(tree):
        if not isinstance(node, NODES):
            return f"it uses {type(node).__name__}, which is not allowed here"
        if isinstance(node, ast.Attribute) and node.attr not in METHODS:
            return "it looks up an attribute that is not allowed here"
        if isinstance(node, (ast.Name, ast.arg, ast.FunctionDef)) and _name(node).startswith("_"):
            return "it uses a name that begins with an underscore"
    return None


def without_hints(source: str) -> str:
    """Return the code without imports of `typing` and without annotations, which change nothing of what it does."""
    try:
        tree = parse_quietly(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError):
        return source
    tree.body = [
        node
        for node in tree.body
        if not (isinstance(node, ast.ImportFrom) and node.module in {"typing", "collections.abc"})
        and not (isinstance(node, ast.Import) and all(alias.name == "typing" for alias in node.names))
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef):
            node.returns = None
        elif isinstance(node, ast.arg):
            node.annotation = None
    return ast.unparse(tree)


def _name(node: ast.Name | ast.arg | ast.FunctionDef) -> str:
    return node.id if isinstance(node, ast.Name) else node.arg if isinstance(node, ast.arg) else node.name
