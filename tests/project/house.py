"""Count the figures of the house; fail where one that is a rule is broken: `python -m tests.project.house`.

The rules are kept by `make check`; the other figures stand in docs/architecture.md.
"""

from __future__ import annotations

import ast
import collections
import functools
import io
import statistics
import subprocess
import sys
import tokenize
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import grimp

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

ROOT = Path(__file__).parents[2]
PACKAGES = ("webhook", "worker")

MAX_FILE_LINES = 300
HISTORY = Path("migrations/versions")  #: grows with every release, so its files are not counted
MAX_FOLDER_FILES = 15  #: beside `__init__.py`, which every package has
MAX_LOOSE_FILES = 8  #: of worker/, which belong to no room
MAX_FUNCTION_LINES = 50  #: without its docstring

# What a function does is said by a verb in the imperative (PEP 257; ruff's D401 looks at verbs only).
# A property is a thing, and is called by a noun.
_NO_VERBS = """
a all an and another any anything as at both by each either every everything false for from given
here how if in is it its just least like most neither no nobody none not nothing of on one only or
other others our so some somebody something such that the their there these they this those three to
true two what whatever when where whether which who whoever whose why with without yes
"""
NO_VERBS = frozenset(_NO_VERBS.split())

Function = ast.FunctionDef | ast.AsyncFunctionDef


@dataclass
class House:
    """What was counted of the packages."""

    file_lines: dict[Path, int] = field(default_factory=dict)
    function_lines: dict[str, int] = field(default_factory=dict)
    homes: dict[str, set[Path]] = field(default_factory=lambda: collections.defaultdict(set))
    undocumented: list[str] = field(default_factory=list)
    verbless: list[str] = field(default_factory=list)
    local_imports: list[str] = field(default_factory=list)
    public_functions: int = 0
    documented_functions: int = 0
    typed_functions: int = 0
    comment_lines: int = 0
    code_lines: int = 0


def python_files(*folders: str) -> list[Path]:
    """List the Python files under folders that git tracks, as paths from the root."""
    told = subprocess.run(
        ["git", "ls-files", *folders],  # noqa: S607
        cwd=ROOT,
        check=True,
        capture_output=True,
        text=True,
    )
    return [Path(line) for line in told.stdout.split() if line.endswith(".py")]


def count(paths: list[Path]) -> House:
    """Read every file once."""
    house = House()
    for path in paths:
        source = (ROOT / path).read_text()
        tree = ast.parse(source)
        house.file_lines[path] = source.count("\n")
        house.code_lines += sum(1 for line in source.splitlines() if line.strip())
        house.comment_lines += comment_lines(source)
        if not ast.get_docstring(tree):
            house.undocumented.append(str(path))
        for node in tree.body:
            if isinstance(node, (*Function.__args__, ast.ClassDef)) and not node.name.startswith("_"):
                house.homes[node.name].add(path)
        for function in functions(tree):
            house.function_lines[f"{path}:{function.lineno} {function.name}"] = length(function)
            house.typed_functions += function.returns is not None
            if not function.name.startswith("_"):
                house.public_functions += 1
                house.documented_functions += ast.get_docstring(function) is not None
            if not starts_with_a_verb(function):
                house.verbless.append(f"{path}:{function.lineno} {function.name}")
            house.local_imports += [f"{path}:{node.lineno}" for node in imports_in(function)]
    return house


def functions(tree: ast.AST) -> Iterator[Function]:
    """Every function and method of a source."""
    yield from (node for node in ast.walk(tree) if isinstance(node, Function))


def length(function: Function) -> int:
    """Count a function's lines, without its docstring."""
    lines = (function.end_lineno or function.lineno) - function.lineno + 1
    if ast.get_docstring(function):
        docstring = function.body[0]
        lines -= (docstring.end_lineno or docstring.lineno) - docstring.lineno + 1
    return lines


def starts_with_a_verb(function: Function) -> bool:
    """Judge the first word of a docstring; a property, and a function without a docstring, pass."""
    docstring = ast.get_docstring(function) or ""
    is_property = any("property" in ast.unparse(decorator) for decorator in function.decorator_list)
    first = docstring.partition(" ")[0].strip("`,.:;\"'").lower()
    return is_property or not docstring or (first not in NO_VERBS and first.isalpha())


def imports_in(function: Function) -> list[ast.stmt]:
    """The imports that wait until a function runs."""
    return [node for node in ast.walk(function) if isinstance(node, ast.Import | ast.ImportFrom)]


def comment_lines(source: str) -> int:
    """Count the lines that hold a comment and nothing else."""
    tokens = tokenize.generate_tokens(io.StringIO(source).readline)
    comments = (token for token in tokens if token.type == tokenize.COMMENT)
    return sum(token.line.lstrip().startswith("#") for token in comments)


def folder_files(paths: list[Path]) -> collections.Counter[Path]:
    """Count the files of each folder beside its `__init__.py`."""
    return collections.Counter(path.parent for path in paths if path.name != "__init__.py")


def floors(part_of: Callable[[str], str]) -> int:
    """Count the parts of the longest chain of imports as the program runs.

    Args:
        part_of: names the part that a module belongs to: its room, or itself.
    """
    graph = grimp.build_graph(*PACKAGES, exclude_type_checking_imports=True)
    below: dict[str, set[str]] = collections.defaultdict(set)
    for module in graph.modules:
        if module.endswith(".__main__"):
            continue  # how a program is started, on top of all rooms
        for other in graph.find_modules_directly_imported_by(module):
            below[part_of(module)].add(part_of(other))

    @functools.cache
    def height(part: str) -> int:
        others = below[part] - {part, "worker"}  # `worker` itself is a docstring
        return 1 + max((height(other) for other in others), default=0)

    return max(height(part) for part in list(below))


def room_of(module: str) -> str:
    """Name the room of a module: `worker.jobs` of `worker.jobs.claims`, `webhook` of all of the receiver."""
    if module.startswith("worker.weights.training"):  # trains with the pipeline, which loads `worker.weights`
        return "worker.weights.training"
    parts = module.split(".")
    return ".".join(parts[: 1 if parts[0] == "webhook" else 2])


def broken_rules(house: House, tests: list[Path]) -> Iterator[str]:
    """Name each place that breaks a rule."""
    for path, lines in house.file_lines.items():
        if lines > MAX_FILE_LINES:
            yield f"{path}: {lines} lines; at most {MAX_FILE_LINES}"
    folders = folder_files([*house.file_lines, *tests])
    del folders[HISTORY]
    for folder, files in folders.items():
        limit = MAX_LOOSE_FILES if folder == Path("worker") else MAX_FOLDER_FILES
        if files > limit:
            yield f"{folder}/: {files} files; at most {limit}"
    for where, lines in house.function_lines.items():
        if lines > MAX_FUNCTION_LINES:
            yield f"{where}: {lines} lines; at most {MAX_FUNCTION_LINES}"
    yield from (f"{path}: no docstring" for path in house.undocumented)
    yield from (f"{where}: the docstring does not begin with a verb" for where in house.verbless)


def figures(house: House, tests: list[Path]) -> Iterator[tuple[str, str]]:
    """Say each figure in words."""
    folders = folder_files(list(house.file_lines))
    lengths = sorted(house.function_lines.values())
    fullest, files = folders.most_common(1)[0]
    twice = sorted(name for name, homes in house.homes.items() if len(homes) > 1)
    test_lines = sum((ROOT / path).read_text().count("\n") for path in tests)
    lines = sum(house.file_lines.values())
    yield "files / lines", f"{len(house.file_lines)} / {lines:,}"
    yield "file lines, median / p90 / max", spread(sorted(house.file_lines.values()))
    yield "function lines, median / p90 / max", spread(lengths)
    yield "functions of 25 lines or fewer", share(sum(size <= 25 for size in lengths), len(lengths))
    yield (
        "modules with a docstring",
        share(len(house.file_lines) - len(house.undocumented), len(house.file_lines)),
    )
    yield "public functions with a docstring", share(house.documented_functions, house.public_functions)
    yield "functions with a typed return", share(house.typed_functions, len(lengths))
    yield "comment lines", share(house.comment_lines, house.code_lines)
    yield "files in the fullest folder", f"{files} ({fullest}/)"
    yield "loose files in worker/", str(folders[Path("worker")])
    yield "folders / depth", f"{len(folders)} / {max(len(folder.parts) for folder in folders)}"
    yield "floors of rooms / of modules", f"{floors(room_of)} / {floors(str)}"
    yield "public names that stand in two or more files", f"{len(twice)}: {', '.join(twice)}"
    yield "imports inside functions", str(len(house.local_imports))
    yield "test lines for each line, benchmarks aside", f"{test_lines / lines:.2f}"


def share(part: int, whole: int) -> str:
    """Write a share as a percentage."""
    return f"{part / whole:.1%}"


def spread(values: list[int]) -> str:
    """The median, the 90th percentile and the maximum."""
    return f"{statistics.median(values):.0f} / {values[int(0.9 * len(values))]} / {values[-1]}"


def main() -> int:
    """Print the figures, then what breaks a rule; the exit code is 1 where something does."""
    house = count(python_files(*PACKAGES))
    tests = python_files("tests")
    broken = list(broken_rules(house, [*tests, *python_files("migrations")]))
    tests = [path for path in tests if "benchmarks" not in path.parts]
    if "--quiet" not in sys.argv:
        for what, figure in figures(house, tests):
            print(f"{what:56} {figure}")
    print(*broken, sep="\n", end="\n" if broken else "")
    return 1 if broken else 0


if __name__ == "__main__":
    sys.exit(main())
