"""What the package imports is what pyproject.toml declares; the base install is enough where it must be."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib

MODULE_OF = {
    "jinja2": "jinja2",
    "pyelftools": "elftools",
    "pyserial": "serial",
    "scikit-learn": "sklearn",
    "scikit-optimize": "skopt",
    "tensorflow-cpu": "tensorflow",
    "tflite-micro": "tflite_micro",
}
WITH_EXTRAS = ("train", "search", "report")  # packages that may import their extra's modules at the top


def declared(repo_root: Path) -> tuple[set[str], set[str]]:
    """Importable names of the base dependencies, and of these with every extra (dev aside)."""
    project = tomllib.loads((repo_root / "pyproject.toml").read_text())["project"]

    def modules(requirements: list[str]) -> set[str]:
        names = (
            r.split(";")[0].split("[")[0].split(">")[0].split("<")[0].split("=")[0] for r in requirements
        )
        return {MODULE_OF.get(n.strip(), n.strip().replace("-", "_")) for n in names}

    base = modules(project["dependencies"])
    extras = [r for name, group in project["optional-dependencies"].items() if name != "dev" for r in group]
    return base, base | modules(extras)


def imports(tree: ast.Module) -> Iterator[tuple[str, bool]]:
    """(top-level module name, whether importing the file imports it)."""
    at_top = {id(node) for statement in tree.body for node in _executed(statement)}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.level == 0 and node.module:
            names = [node.module]
        else:
            continue
        for name in names:
            yield name.split(".")[0], id(node) in at_top


def _executed(statement: ast.AST) -> Iterator[ast.AST]:
    """Nodes that run when the module is imported: not function bodies, not `if TYPE_CHECKING`."""
    if isinstance(statement, ast.FunctionDef | ast.AsyncFunctionDef):
        return
    if isinstance(statement, ast.If) and "TYPE_CHECKING" in ast.dump(statement.test):
        return
    yield statement
    for child in ast.iter_child_nodes(statement):
        if isinstance(child, ast.stmt | ast.excepthandler):
            yield from _executed(child)


def third_party(repo_root: Path) -> Iterator[tuple[Path, str, bool]]:
    for file in sorted((repo_root / "tinynas").rglob("*.py")):
        for name, at_top in imports(ast.parse(file.read_text(), str(file))):
            if name not in sys.stdlib_module_names and name not in ("tinynas", "__future__"):
                yield file.relative_to(repo_root / "tinynas"), name, at_top


def test_every_import_is_declared(repo_root: Path) -> None:
    _, everything = declared(repo_root)
    undeclared = {(str(f), name) for f, name, _ in third_party(repo_root) if name not in everything}
    assert not undeclared


def test_the_base_install_is_enough_to_import_what_plans_builds_and_benches(repo_root: Path) -> None:
    base, _ = declared(repo_root)
    beyond = {
        (str(file), name)
        for file, name, at_top in third_party(repo_root)
        if at_top and name not in base and file.parts[0] not in WITH_EXTRAS
    }
    assert not beyond


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("import numpy as np", [("numpy", True)]),
        ("def f():\n    from keras import layers", [("keras", False)]),
        (
            "try:\n    import tomllib\nexcept ImportError:\n    import tomli",
            [("tomllib", True), ("tomli", True)],
        ),
        ("if TYPE_CHECKING:\n    import optuna", [("optuna", False)]),
        (
            "class A:\n    import jinja2\n    def f(self):\n        import rich",
            [("jinja2", True), ("rich", False)],
        ),
    ],
)
def test_the_reading_of_imports(source: str, expected: list[tuple[str, bool]]) -> None:
    assert sorted(imports(ast.parse(source))) == sorted(expected)
