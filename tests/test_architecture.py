"""The rules of the house, read off the code itself."""

from __future__ import annotations

import ast
import re
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[1]
SOURCE = ROOT / "src" / "descend"
MODULES = sorted(SOURCE.rglob("*.py"))
OTHERS = sorted((ROOT / "tests").rglob("*.py")) + sorted((ROOT / "benchmarks").rglob("*.py"))
MOST_LINES = 400
NAMELESS = {"common", "core", "helpers", "misc", "util", "utils"}

FLAT = ("activations", "fixed_point", "initializers", "schedules")
"""Mathematics in one file each, which share their level with the packages losses and metrics."""

LEVELS = (
    ({"errors"},),
    ({"spec"},),
    ({"version"}, {"surroundings"}),
    ({*FLAT, "losses", "metrics"},),
    ({"layers"}, {"optimizers"}, {"data"}),
    ({"training"},),
    ({"models"},),
    ({"estimators"}, {"feedback"}),
    ({"cli"},),
)
"""Who may import whom: a group those on the levels above it and itself, none beside it."""


def name_of(path: Path) -> str:
    return str(path.relative_to(ROOT))


def room(path: Path) -> str:
    """Return the package or file directly under ``descend`` to which a module belongs."""
    first = path.relative_to(SOURCE).parts[0]
    return first.removesuffix(".py")


def parsed(path: Path) -> ast.Module:
    return ast.parse(path.read_text("utf-8"), str(path))


def allowed(name: str) -> set[str]:
    """Return the rooms that a room may import."""
    above: set[str] = set()
    for level in LEVELS:
        for group in level:
            if name in group:
                return above | group
        above |= set().union(*level)
    raise AssertionError(f"{name} has no level: say in LEVELS who may import it")


def imported(tree: ast.Module) -> Iterator[tuple[int, str]]:
    """Yield the line and the room of every import of Descend, also inside functions."""
    for node in ast.walk(tree):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom):
            assert not node.level, f"line {node.lineno}: a relative import"
            module = node.module or ""
            names = [module]
            if module == "descend":
                names = [f"descend.{alias.name}" for alias in node.names]
        for name in names:
            package, _, rest = name.partition(".")
            if package == "descend":
                yield node.lineno, rest.partition(".")[0]


INSIDE = [path for path in MODULES if path.parent != SOURCE or path.stem[0] != "_"]
"""All modules but the package's own ``__init__`` and ``__main__``, which only hand on."""


@pytest.mark.parametrize("path", INSIDE, ids=name_of)
def test_imports_go_one_way(path):
    may = allowed(room(path))
    known = {room(module) for module in INSIDE}
    for line, name in imported(parsed(path)):
        # ``from descend import losses`` names a room, and ``from descend import train`` a function.
        assert name in known, f"line {line} imports {name or 'descend'} from the package itself"
        assert name in may, f"line {line}: {room(path)} must not import {name}"


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_files_are_short(path):
    lines = len(path.read_text("utf-8").splitlines())
    assert lines <= MOST_LINES, f"{lines} lines: it does more than one thing"


@pytest.mark.parametrize("path", MODULES + OTHERS, ids=name_of)
def test_every_module_says_what_it_is(path):
    assert ast.get_docstring(parsed(path))


def exported(tree: ast.Module) -> list[str] | None:
    """Return ``__all__``, which is a plain list; None where there is none."""
    for node in tree.body:
        if isinstance(node, ast.Assign):
            names = [target.id for target in node.targets if isinstance(target, ast.Name)]
            if "__all__" in names:
                return ast.literal_eval(node.value)
    return None


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_all_is_sorted_and_complete(path):
    tree = parsed(path)
    public = {
        node.name
        for node in tree.body
        if isinstance(node, ast.FunctionDef | ast.ClassDef) and not node.name.startswith("_")
    }
    listed = exported(tree)
    if listed is None:
        # A package that exports nothing, and the way in of ``python -m``.
        assert path.stem in ("__init__", "__main__")
        assert not public
        return
    assert listed == sorted(set(listed))
    assert public <= set(listed), f"not in __all__: {sorted(public - set(listed))}"
    defined = set(public)
    for node in ast.walk(tree):
        if isinstance(node, ast.Import | ast.ImportFrom):
            defined |= {alias.asname or alias.name for alias in node.names}
        elif isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store):
            defined.add(node.id)
    assert set(listed) <= defined


@pytest.mark.parametrize("path", MODULES, ids=name_of)
def test_no_assert_no_print_no_star(path):
    for node in ast.walk(parsed(path)):
        assert not isinstance(node, ast.Assert), f"line {node.lineno}: raise an error instead"
        if isinstance(node, ast.ImportFrom):
            assert all(alias.name != "*" for alias in node.names), f"line {node.lineno}: import *"
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and room(path) != "cli":
            assert node.func.id != "print", f"line {node.lineno}: print outside cli"


@pytest.mark.parametrize("path", MODULES + OTHERS, ids=name_of)
def test_names_say_something(path):
    assert not NAMELESS & {*path.relative_to(ROOT).with_suffix("").parts}


QUICK = """
import sys
import {module}
heavy = ("jax", "jaxlib", "optax", "polars", "sklearn", "rich", "PIL", "pandas", "pyarrow")
sys.exit(", ".join(name for name in heavy if name in sys.modules) or 0)
"""


@pytest.mark.parametrize("module", ["descend", "descend.cli.main", "descend.errors"])
def test_the_door_is_light(module):
    code = QUICK.format(module=module)
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert done.returncode == 0, f"{module} imports {done.stderr}"


def test_the_names_of_the_package_are_found():
    import descend

    tree = parsed(SOURCE / "__init__.py")
    assert exported(tree) == descend.__all__
    for name in descend.__all__:
        assert getattr(descend, name) is not None
    assert dir(descend) == descend.__all__
    with pytest.raises(AttributeError, match="no attribute 'fitt'"):
        descend.__getattr__("fitt")


def drawn(text: str) -> set[str]:
    """Return the files of the tree in ARCHITECTURE.md, relative to the package.

    The tree is the fenced block that names ``descend/``; folders end with ``/``, depth is
    indentation (the branches of ``tree`` count as blanks), and a remark follows two blanks and #.
    """
    blocks = re.findall(r"^```[^\n]*\n(.*?)^```", text, re.MULTILINE | re.DOTALL)
    trees = [block for block in blocks if re.search(r"^\W*(src/)?descend/", block, re.MULTILINE)]
    assert len(trees) == 1, "ARCHITECTURE.md must have one fenced block with the tree of descend/"
    files: set[str] = set()
    folders: list[tuple[int, str]] = []
    for line in trees[0].splitlines():
        line = re.sub(r" +#.*", "", line)
        line = re.sub(r"[│├└─|`]", " ", line).rstrip()
        for place, name in ((m.start(), m.group()) for m in re.finditer(r"\S+", line)):
            if place == len(line) - len(line.lstrip()):
                depth = place
                while folders and folders[-1][0] >= depth:
                    folders.pop()
            if name.endswith("/"):
                folders.append((depth, name))
            else:
                files.add("".join(folder for _, folder in folders) + name)
    return {re.sub(r"^(src/)?descend/", "", name) for name in files}


def test_the_tree_in_the_architecture_page():
    page = ROOT / "ARCHITECTURE.md"
    if not page.exists():
        pytest.skip("ARCHITECTURE.md is not written yet")
    # A folder in the tree stands for its __init__.py.
    inits = {str(path.relative_to(SOURCE)) for path in SOURCE.rglob("*/__init__.py")}
    real = {str(path.relative_to(SOURCE)) for path in MODULES} - inits
    told = {name for name in drawn(page.read_text("utf-8")) if name.endswith(".py")} - inits
    assert sorted(real - told) == [], "files that the page does not name"
    assert sorted(told - real) == [], "files that the page names and that do not exist"


def test_the_reading_of_trees():
    page = """Text.

```
src/descend/
  errors.py      # the exception tree
  data/          # files -> arrays
    table.py  # one door
    text/
      words.py
  cli/
    main.py
```
"""
    assert drawn(page) == {"errors.py", "data/table.py", "data/text/words.py", "cli/main.py"}
