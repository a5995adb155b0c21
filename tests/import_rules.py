"""The rules of the house, checked by reading the code: who may import whom, and what pages must not contain.

The rules are those of docs/architecture.md. The checker takes sources as text, so that tests/test_imports.py can
plant one violation of each kind and see it caught.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

CAPABILITIES = frozenset(
    "ingest behaviour segments recommend evaluate explain predict campaigns experiments takeout features"
    " attention funnel retention loyalty".split()
)
# Imports only go down: a package may import those with a smaller number.
LAYERS: dict[str, int] = {
    "errors": 0,
    "progress": 0,
    "store": 1,
    "interactions": 2,
    "quality": 2,  # below the capabilities: ingest works repairs out anew after every change of the data
    **dict.fromkeys(CAPABILITIES, 3),
    "jobs": 4,
    "figures": 4,
    "commands": 5,
    "__main__": 6,
}
FACE = 7  # pages and app.py
# Capabilities meet only through published result types: the first may use the root, or .types, of the second.
MEETINGS = frozenset(
    {
        ("campaigns", "segments"),
        ("segments", "features"),
        ("campaigns", "recommend"),
        ("campaigns", "predict"),
        ("evaluate", "recommend"),
        ("evaluate", "segments"),
        ("explain", "recommend"),
        ("experiments", "campaigns"),
        ("takeout", "ingest"),
        # the rooms of behaviour share its windows, periods and timeline, and say filters as rules do
        *((room, to) for room in ("attention", "funnel", "retention", "loyalty") for to in ("behaviour", "segments")),
        ("predict", "behaviour"),
    }
)
HIDDEN_FROM_PAGES = CAPABILITIES | {"store", "jobs", "quality"}  # pages use their roots; what is inside may change
MAX_LINES = 350

SQL = re.compile(
    r"""(?xs)
    \bSELECT\b.+\bFROM\b | \b(INSERT\s+INTO|DELETE\s+FROM|CREATE\s+(OR\s+REPLACE\s+)?(TEMP\s+)?(TABLE|VIEW|MACRO))\b
    | \b(DROP|ALTER)\s+(TABLE|VIEW)\b | \bUPDATE\s+\w+\s+SET\b | ^\s*(WITH|with)\s+\w+\s+(AS|as)\s*\(
    | ^\s*(COPY|ATTACH|PRAGMA|copy|attach|pragma)\s+['"\w]+(\s+(TO|FROM|AS|to|from|as)\b|\()
    | ^\s*select\s+[^ ,]+(\s+as\s+\w+)?(\s*,\s*[^ ,]+(\s+as\s+\w+)?)*\s+from\s+\w
    | \b(insert\s+into|delete\s+from|create\s+(or\s+replace\s+)?(temp\s+)?(table|view|macro)|drop\s+table)\s+\w
    """
)
AGGREGATES = frozenset({"groupby", "pivot_table", "agg", "resample", "cumsum", "pct_change"})


@dataclass(frozen=True)
class Use:
    """One import: the module that is imported, its line, and whether only the type checker sees it."""

    target: str
    line: int
    typing_only: bool


class Reader(ast.NodeVisitor):
    """Collects every import of one module, wherever it stands, with relative ones resolved."""

    def __init__(self, module: str, is_package: bool, known: Mapping[str, frozenset[str]], text: str) -> None:
        self.package = module if is_package else module.rpartition(".")[0]
        self.known = known
        self.uses: list[Use] = []
        self._typing = False
        # Most of a file is expressions, and those hold imports only where these words stand in it.
        self._calls = "import_module" in text or "__import__" in text
        self._types = "TYPE_CHECKING" in text

    def visit(self, node: ast.AST) -> None:
        if self._calls or not isinstance(node, ast.expr):
            super().visit(node)

    def visit_If(self, node: ast.If) -> None:
        before = self._typing
        self._typing = before or (self._types and "TYPE_CHECKING" in ast.unparse(node.test))
        self.visit(node.test)
        for part in node.body:
            self.visit(part)
        self._typing = before
        for part in node.orelse:
            self.visit(part)

    def visit_Import(self, node: ast.Import) -> None:
        for alias in node.names:
            self._add(alias.name, node.lineno)

    def visit_ImportFrom(self, node: ast.ImportFrom) -> None:
        base = node.module or ""
        if node.level:
            up = self.package.split(".")
            base = ".".join([*up[: len(up) - node.level + 1], *([base] if base else [])])
        for alias in node.names:
            inner = f"{base}.{alias.name}"
            # a name that the package's __init__ binds is published, even if a module has the same name
            is_module = inner in self.known and alias.name not in self.known.get(base, frozenset())
            self._add(inner if is_module else base, node.lineno)

    def visit_Call(self, node: ast.Call) -> None:
        name = ast.unparse(node.func).rpartition(".")[2]
        if name in {"import_module", "__import__"} and node.args and isinstance(node.args[0], ast.Constant):
            self._add(str(node.args[0].value), node.lineno)
        self.generic_visit(node)

    def _add(self, target: str, line: int) -> None:
        self.uses.append(Use(target, line, self._typing))


def module_name(path: str) -> str:
    """The dotted name of a source file: ``core/store/__init__.py`` is ``core.store``."""
    return path.removesuffix(".py").replace("/", ".").removesuffix(".__init__")


def sources(root: Path) -> dict[str, str]:
    """Path from the root -> text, of every file that the rules cover."""
    files = [*root.glob("core/**/*.py"), *root.glob("pages/**/*.py"), *root.glob("app.py")]
    return {f.relative_to(root).as_posix(): f.read_text("utf-8") for f in sorted(files)}


def violations(files: Mapping[str, str]) -> list[str]:
    """Every breach, as ``path:line: what is wrong``; empty when the house is in order."""
    trees = {path: ast.parse(text, path) for path, text in files.items()}
    known = {module_name(path): _bound(tree) for path, tree in trees.items()}
    found: list[str] = []
    graph: dict[str, set[str]] = {}
    for path, tree in trees.items():
        module = module_name(path)
        reader = Reader(module, path.endswith("__init__.py"), known, files[path])
        reader.visit(tree)
        graph[module] = {u.target for u in reader.uses if u.target in known and not u.typing_only} - {module}
        for use in reader.uses:
            found += [f"{path}:{use.line}: {why}" for why in _breaches(module, use.target)]
        if _is_face(module):
            found += [f"{path}:{line}: {why}" for line, why in _page_content(tree)]
        lines = files[path].count("\n")
        if lines > MAX_LINES and not path.endswith("__init__.py"):  # a root's list of names is no code
            found.append(f"{path}:{lines}: the file has more than {MAX_LINES} lines")
    return found + [f"cycle: {' -> '.join(cycle)}" for cycle in _cycles(graph)]


def _bound(tree: ast.Module) -> frozenset[str]:
    names: set[str] = set()
    for node in tree.body:
        if isinstance(node, ast.ImportFrom):
            # "from core.a import b" inside core/a/__init__.py only loads the module b; it publishes nothing of it
            names |= {a.asname or a.name for a in node.names if (node.module or "").count(".") > 1}
        elif isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.add(node.name)
        elif isinstance(node, ast.Assign):
            names |= {t.id for t in node.targets if isinstance(t, ast.Name)}
    return frozenset(names)


def _is_face(module: str) -> bool:
    return module == "app" or module.split(".", maxsplit=1)[0] == "pages"


def _breaches(module: str, target: str) -> Iterator[str]:
    library = target.split(".", maxsplit=1)[0]
    if library == "streamlit" and not _is_face(module):
        yield "core knows no browser: streamlit"
    if library == "duckdb" and _is_face(module):
        yield "pages ask core, never the database: duckdb"
    if library == "plotly" and not module.startswith("core.figures"):
        yield "only core/figures draws: plotly"
    if library in {"pages", "app"} and not _is_face(module):
        yield f"upward import: {target}"
    if library in {"tests", "data"}:
        yield f"the program does not import {target}"
    if library == "core" and "." in target:
        yield from _inside(module, target)


def _inside(module: str, target: str) -> Iterator[str]:
    to, private = target.split(".")[1], target.count(".") > 1
    if to not in LAYERS:
        yield f"core.{to} has no layer: give it one in tests/import_rules.py"
        return
    if _is_face(module):
        if to in {"commands", "__main__"}:
            yield f"pages and the command line stand side by side: {target}"
        elif private and to in HIDDEN_FROM_PAGES:
            yield f"pages use the package root, not {target}"
        return
    if module == "core":
        yield f"core/__init__.py imports nothing: {target}"
        return
    own = module.split(".")[1]
    if own == to:
        return
    if own not in LAYERS:
        yield f"core.{own} has no layer: give it one in tests/import_rules.py"
    elif own in CAPABILITIES and to in CAPABILITIES:
        if (own, to) not in MEETINGS:
            yield f"capabilities do not import each other: {own} -> {to}"
        elif private and target != f"core.{to}.types":
            yield f"capabilities meet through published types, not {target}"
    elif LAYERS[own] < LAYERS[to]:
        yield f"upward import: {own} -> {to}"
    elif LAYERS[own] == LAYERS[to] > 0:
        yield f"neighbours do not import each other: {own} -> {to}"


def _page_content(tree: ast.Module) -> Iterator[tuple[int, str]]:
    nodes = list(ast.walk(tree))
    docstrings = {id(n.value) for n in nodes if isinstance(n, ast.Expr)}
    inside_f = {id(part) for n in nodes if isinstance(n, ast.JoinedStr) for part in n.values}
    for node in nodes:
        text = ""
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in inside_f | docstrings:
            text = node.value
        elif isinstance(node, ast.JoinedStr):
            text = "".join(str(p.value) if isinstance(p, ast.Constant) else "x" for p in node.values)
        if text and SQL.search(text):
            yield node.lineno if isinstance(node, ast.expr) else 0, "SQL in a page"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr in AGGREGATES:
            yield node.lineno, f"a page aggregates: .{node.func.attr}()"


def _cycles(graph: Mapping[str, set[str]]) -> list[list[str]]:
    """One path per cycle found, by depth-first search."""
    found: list[list[str]] = []
    state: dict[str, int] = {}

    def visit(module: str, trail: list[str]) -> None:
        state[module] = 1
        for target in sorted(graph[module]):
            if state.get(target) == 1:
                found.append([*trail[trail.index(target) :], target])
            elif target not in state:
                visit(target, [*trail, target])
        state[module] = 2

    for module in sorted(graph):
        if module not in state:
            visit(module, [module])
    return found
