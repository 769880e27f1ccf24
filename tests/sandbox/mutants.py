"""Wrong solutions made from right ones: one small change of the syntax tree each, as in mutation testing.

Some mutants are right all the same: then they must pass.
"""

import ast
import copy
import random

SWAPPED = {
    ast.Add: ast.Sub,
    ast.Sub: ast.Add,
    ast.Mult: ast.Add,
    ast.Div: ast.FloorDiv,
    ast.FloorDiv: ast.Div,
    ast.Mod: ast.Mult,
    ast.Pow: ast.Mult,
    ast.BitXor: ast.BitAnd,
    ast.Lt: ast.LtE,
    ast.LtE: ast.Lt,
    ast.Gt: ast.GtE,
    ast.GtE: ast.Gt,
    ast.Eq: ast.NotEq,
    ast.NotEq: ast.Eq,
    ast.In: ast.NotIn,
    ast.NotIn: ast.In,
    ast.Is: ast.IsNot,
    ast.IsNot: ast.Is,
    ast.And: ast.Or,
    ast.Or: ast.And,
}


TRIVIAL = [ast.Constant(value) for value in (None, True, 0, "")] + [ast.List([], ast.Load())]


def others(value):
    """Other constants near one."""
    if type(value) is bool:
        return [not value]
    if isinstance(value, int | float):
        return [value + 1, value - 1]
    return [value[:-1] if value else "x"] if isinstance(value, str) else []


def changes(node):
    """What can be done to a node: pairs of a field, or an item of one, and its new value."""
    match node:
        case ast.Constant():
            yield from (("value", value) for value in others(node.value))
        case ast.BinOp() | ast.AugAssign() | ast.BoolOp() if type(node.op) in SWAPPED:
            yield "op", SWAPPED[type(node.op)]()
        case ast.Compare():
            yield "ops", [SWAPPED[type(node.ops[0])](), *node.ops[1:]]
        case ast.If() | ast.While() | ast.IfExp():
            yield "test", ast.UnaryOp(ast.Not(), node.test)
        case ast.Return():
            yield from (("value", value) for value in TRIVIAL)
        case ast.Call(args=[_, _, *_]):
            yield "args", node.args[::-1]
        case ast.comprehension(ifs=[_, *_]):
            yield "ifs", []
        case ast.For(body=[_, _, *_]) | ast.FunctionDef(body=[_, _, *_]):
            for i in range(len(node.body)):
                yield "body", [*node.body[:i], ast.Pass(), *node.body[i + 1 :]]


def mutants(code, number, seed):
    """At most `number` different programs, each one change away from `code`."""
    tree = ast.parse(code)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef) and ast.get_docstring(node) is not None:
            del node.body[0]  # a change of it would change nothing
    places = [(i, j) for i, node in enumerate(ast.walk(tree)) for j, _ in enumerate(changes(node))]
    random.Random(seed).shuffle(places)
    found = {ast.unparse(tree): None}
    for i, j in places:
        if len(found) > number:
            break
        changed = copy.deepcopy(tree)
        node = list(ast.walk(changed))[i]
        setattr(node, *list(changes(node))[j])
        found.setdefault(ast.unparse(ast.fix_missing_locations(changed)))
    return list(found)[1:]
