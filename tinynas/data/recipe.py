"""The data set files (`datasets/*.toml`): where a set comes from, under which licence, how it is split."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

from tinynas.errors import DataError
from tinynas.resources import resource_dir

if sys.version_info >= (3, 11):
    import tomllib
else:
    import tomli as tomllib


def recipe_names() -> tuple[str, ...]:
    """The data sets this installation knows, sorted."""
    return tuple(sorted(path.stem for path in resource_dir("datasets").glob("*.toml")))


def recipe_path(name: str | Path) -> Path:
    """The file of a known data set, or the path itself when a file is given. Raises DataError."""
    given = Path(name)
    if given.suffix == ".toml":
        if not given.is_file():
            raise DataError(f"no data set file at {given}")
        return given
    path = resource_dir("datasets") / f"{name}.toml"
    if str(name) not in recipe_names():
        raise DataError(
            f"unknown data set '{name}'; known: {', '.join(recipe_names())}, or the path of a .toml file"
        )
    return path


def recipe_text(name: str | Path) -> str:
    """The file's text, for content keys."""
    return recipe_path(name).read_text(encoding="utf-8")


def load_recipe(name: str | Path) -> dict[str, Any]:
    """The file's tables. Raises DataError when it is unknown or no TOML."""
    path = recipe_path(name)
    try:
        return tomllib.loads(path.read_text(encoding="utf-8"))
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise DataError(f"{path} is no valid TOML: {error}") from error
