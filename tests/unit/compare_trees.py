"""Compares trees with CPython's: compare_trees.py TREE_DUMP FILE_OR_FOLDER...

Needs CPython 3.13. Prints the files whose trees differ, the first difference of each, and the count.
"""
import ast
import pathlib
import re
import subprocess
import sys
import warnings

sys.setrecursionlimit(100000)
warnings.simplefilter("ignore")


def text(value):
    if value is None:
        return "None"
    data = value if isinstance(value, bytes) else value.encode("utf-8", "surrogatepass")
    return "'" + "".join(chr(c) if 32 <= c <= 126 and c not in (39, 92) else f"\\x{c:02x}" for c in data) + "'"


def place(node):
    return f"[{node.lineno},{node.col_offset},{node.end_lineno},{node.end_col_offset}]"


def nodes(items):
    return "[" + ",".join(map(dump, items)) + "]"


def kind(node):
    return type(node).__name__


def parameter(arg):
    return "None" if arg is None else f"arg({text(arg.arg)},annotation={dump(arg.annotation)}){place(arg)}"


def parameters(a):
    return (f",args=arguments(posonly={len(a.posonlyargs)},[{''.join(map(parameter, a.posonlyargs + a.args))}]"
            f",vararg={parameter(a.vararg)},[{''.join(map(parameter, a.kwonlyargs))}],{nodes(a.kw_defaults)}"
            f",kwarg={parameter(a.kwarg)},defaults={nodes(a.defaults)})")


def keywords(items):
    return ",keywords=[" + "".join(f"keyword({text(k.arg)},value={dump(k.value)}){place(k)}" for k in items) + "]"


def type_parameters(items):
    return ",type_params=[" + "".join(
        f"{kind(p)}({text(p.name)},bound={dump(getattr(p, 'bound', None))},default={dump(p.default_value)}){place(p)}"
        for p in items) + "]"


def names(items):
    return "[" + ",".join(map(text, items)) + "]"


def constant(value):
    if value is None or value is True or value is False:
        return str(value)
    if value is ...:
        return "Ellipsis"
    if isinstance(value, int):
        return f"int:{value:x}"
    if isinstance(value, float):
        return "%.17g" % value
    if isinstance(value, complex):
        return "%.17gj" % value.imag
    return ("b" if isinstance(value, bytes) else "") + text(value)


def comprehension(n):
    first = f"{dump(n.key)},value={dump(n.value)}" if kind(n) == "DictComp" else dump(n.elt)
    return first + "".join(f",comprehension({dump(g.target)},iter={dump(g.iter)},ifs={nodes(g.ifs)},{g.is_async})"
                           for g in n.generators)


def definition(n):
    return (f"{text(n.name)}{parameters(n.args)},body={nodes(n.body)},decorator_list={nodes(n.decorator_list)}"
            f",returns={dump(n.returns)}{type_parameters(n.type_params)}")


def loop(n):
    return f"{dump(n.target)},iter={dump(n.iter)},body={nodes(n.body)},orelse={nodes(n.orelse)}"


def branch(n):
    return f"{dump(n.test)},body={nodes(n.body)},orelse={nodes(n.orelse)}"


def with_(n):
    return "".join(f"withitem({dump(i.context_expr)},vars={dump(i.optional_vars)})" for i in n.items) + \
        f",body={nodes(n.body)}"


def try_(n):
    handlers = "".join(f",ExceptHandler({dump(h.type)},{text(h.name)},body={nodes(h.body)}){place(h)}" for h in n.handlers)
    return f"{nodes(n.body)}{handlers},orelse={nodes(n.orelse)},finalbody={nodes(n.finalbody)}"


def aliases(n):
    return "".join(f",alias({text(a.name)},{text(a.asname)}){place(a)}" for a in n.names)


def value(n):
    return dump(n.value)


def sequence(n):
    return f"{nodes(n.elts)},{kind(n.ctx)}"


FORMS = {
    "FunctionDef": definition,
    "AsyncFunctionDef": definition,
    "ClassDef": lambda n: f"{text(n.name)},bases={nodes(n.bases)}{keywords(n.keywords)},body={nodes(n.body)}"
                          f",decorator_list={nodes(n.decorator_list)}{type_parameters(n.type_params)}",
    "Return": value,
    "Delete": lambda n: nodes(n.targets),
    "Assign": lambda n: f"{nodes(n.targets)},value={dump(n.value)}",
    "AugAssign": lambda n: f"{dump(n.target)},{kind(n.op)},value={dump(n.value)}",
    "AnnAssign": lambda n: f"{dump(n.target)},annotation={dump(n.annotation)},value={dump(n.value)},{n.simple}",
    "TypeAlias": lambda n: f"{dump(n.name)}{type_parameters(n.type_params)},value={dump(n.value)}",
    "For": loop,
    "AsyncFor": loop,
    "While": branch,
    "If": branch,
    "With": with_,
    "AsyncWith": with_,
    "Match": lambda n: dump(n.subject) + "".join(
        f",case({dump(c.pattern)},guard={dump(c.guard)},body={nodes(c.body)})" for c in n.cases),
    "Raise": lambda n: f"{dump(n.exc)},cause={dump(n.cause)}",
    "Try": try_,
    "TryStar": try_,
    "Assert": lambda n: f"{dump(n.test)},msg={dump(n.msg)}",
    "Import": aliases,
    "ImportFrom": lambda n: f"{text(n.module)},{n.level}{aliases(n)}",
    "Global": lambda n: names(n.names),
    "Nonlocal": lambda n: names(n.names),
    "Expr": value,
    "Pass": lambda n: "",
    "Break": lambda n: "",
    "Continue": lambda n: "",
    "NamedExpr": lambda n: f"{dump(n.target)},value={dump(n.value)}",
    "BinOp": lambda n: f"{dump(n.left)},{kind(n.op)},right={dump(n.right)}",
    "UnaryOp": lambda n: f"{kind(n.op)},operand={dump(n.operand)}",
    "Lambda": lambda n: f"{parameters(n.args)},body={dump(n.body)}",
    "IfExp": lambda n: f"{dump(n.test)},body={dump(n.body)},orelse={dump(n.orelse)}",
    "Dict": lambda n: ",".join(f"{dump(k)}:{dump(v)}" for k, v in zip(n.keys, n.values)),
    "Set": lambda n: nodes(n.elts),
    "ListComp": comprehension,
    "SetComp": comprehension,
    "DictComp": comprehension,
    "GeneratorExp": comprehension,
    "Await": value,
    "Yield": value,
    "YieldFrom": value,
    "Compare": lambda n: dump(n.left) + "".join(f",{kind(o)},{dump(c)}" for o, c in zip(n.ops, n.comparators)),
    "Call": lambda n: f"{dump(n.func)},args={nodes(n.args)}{keywords(n.keywords)}",
    "FormattedValue": lambda n: f"{dump(n.value)},{n.conversion},format_spec={dump(n.format_spec)}",
    "JoinedStr": lambda n: nodes(n.values),
    "Constant": lambda n: constant(n.value),
    "Attribute": lambda n: f"{dump(n.value)},{text(n.attr)},{kind(n.ctx)}",
    "Subscript": lambda n: f"{dump(n.value)},slice={dump(n.slice)},{kind(n.ctx)}",
    "Starred": lambda n: f"{dump(n.value)},{kind(n.ctx)}",
    "Name": lambda n: f"{text(n.id)},{kind(n.ctx)}",
    "List": sequence,
    "Tuple": sequence,
    "Slice": lambda n: f"{dump(n.lower)},upper={dump(n.upper)},step={dump(n.step)}",
    "MatchValue": value,
    "MatchSingleton": lambda n: str(n.value),
    "MatchSequence": lambda n: nodes(n.patterns),
    "MatchMapping": lambda n: f"{nodes(n.keys)},patterns={nodes(n.patterns)},rest={text(n.rest)}",
    "MatchClass": lambda n: f"{dump(n.cls)},patterns={nodes(n.patterns)},kwd_attrs={names(n.kwd_attrs)}"
                            f",kwd_patterns={nodes(n.kwd_patterns)}",
    "MatchStar": lambda n: text(n.name),
    "MatchAs": lambda n: f"{dump(n.pattern)},name={text(n.name)}",
    "MatchOr": lambda n: nodes(n.patterns),
}


def dump(n):
    if n is None:
        return "None"
    name = kind(n)
    if name == "BoolOp":
        return f"{kind(n.op)}({nodes(n.values)}){place(n)}"
    return f"{name}({FORMS[name](n)}){place(n)}"


def integers(line):
    return re.sub(r"int:(\d+):(\w+);", lambda m: f"int:{int(m[2], int(m[1])):x}", line)


def main():
    sys.set_int_max_str_digits(0)
    program, files = sys.argv[1], []
    for name in map(pathlib.Path, sys.argv[2:]):
        files += sorted(name.rglob("*.py")) if name.is_dir() else [name]
    same = refused = 0
    for start in range(0, len(files), 50):
        batch = files[start:start + 50]
        lines = subprocess.run([program, *map(str, batch)], capture_output=True).stdout.decode().split("\n")
        if len(lines) != len(batch) + 1:
            print("crashed within", batch[0], batch[-1], len(lines))
            lines += [""] * len(batch)
        for path, line in zip(batch, lines):
            line = line.split("\twarning ")[0]
            try:
                wanted = nodes(ast.parse(path.read_bytes()).body)
            except (SyntaxError, ValueError) as error:
                refused += 1
                if "Error\t" in line:
                    same += 1
                else:
                    print(path, "accepted, but CPython says", error)
                continue
            found = integers(line)
            if found == wanted:
                same += 1
                continue
            at = next((i for i, (a, b) in enumerate(zip(found, wanted)) if a != b), min(len(found), len(wanted)))
            print(f"{path}: differs\n    here    {found[max(0, at - 60):at + 120]}\n"
                  f"    CPython {wanted[max(0, at - 60):at + 120]}")
    print(f"{same} of {len(files)} the same ({refused} refused by CPython)")


main()
