"""Reading a TOML table field by field, with errors that name the file and the field.

Every field asked for is checked for type and range; `done()` refuses fields nobody asked for, so a
misspelt optional field cannot pass silently."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tinynas.errors import BoardError

_MISSING = object()


class Table:
    """A TOML table and its path inside the file ("clock.setup[3]")."""

    def __init__(self, data: Mapping[str, Any], where: str, file: str) -> None:
        self._data = data
        self._where = where
        self.file = file
        self._seen: set[str] = set()

    def fail(self, field: str, why: str) -> BoardError:
        path = f"{self._where}.{field}" if self._where else field
        return BoardError(f"{self.file}: {path}: {why}")

    def has(self, field: str) -> bool:
        return field in self._data

    def _get(self, field: str, default: Any) -> Any:
        self._seen.add(field)
        if field in self._data:
            return self._data[field]
        if default is _MISSING:
            raise self.fail(field, "missing")
        return default

    def text(self, field: str, default: Any = _MISSING) -> str:
        value = self._get(field, default)
        if not isinstance(value, str) or (default is _MISSING and not value.strip()):
            raise self.fail(field, f"{value!r} is not a text")
        return value

    def choice(self, field: str, allowed: tuple[str, ...], default: Any = _MISSING) -> str:
        value = self.text(field, default)
        if value not in allowed:
            raise self.fail(field, f"'{value}' is not one of {', '.join(allowed)}")
        return value

    def integer(self, field: str, default: Any = _MISSING, low: int = 0, high: int = 0xFFFFFFFF) -> int:
        value = self._get(field, default)
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise self.fail(field, f"{value!r} is not a whole number from {low} to {high}")
        return value

    def maybe_integer(self, field: str, low: int = 0, high: int = 0xFFFFFFFF) -> int | None:
        """None when the field is absent: a figure without a source."""
        return self.integer(field, low=low, high=high) if self.has(field) else None

    def number(self, field: str, low: float, high: float) -> float:
        value = self._get(field, _MISSING)
        if isinstance(value, bool) or not isinstance(value, (int, float)) or not low <= value <= high:
            raise self.fail(field, f"{value!r} is not a number from {low:g} to {high:g}")
        return float(value)

    def flag(self, field: str, default: Any = _MISSING) -> bool:
        value = self._get(field, default)
        if not isinstance(value, bool):
            raise self.fail(field, f"{value!r} is neither true nor false")
        return value

    def maybe_flag(self, field: str) -> bool | None:
        return self.flag(field) if self.has(field) else None

    def texts(self, field: str, default: Any = _MISSING) -> tuple[str, ...]:
        value = self._get(field, default)
        if not isinstance(value, (list, tuple)) or not all(isinstance(v, str) for v in value):
            raise self.fail(field, f"{value!r} is not a list of texts")
        return tuple(value)

    def table(self, field: str) -> Table:
        value = self._get(field, _MISSING)
        return self._child(field, value)

    def maybe_table(self, field: str) -> Table | None:
        return self.table(field) if self.has(field) else None

    def tables(self, field: str, default: Any = _MISSING) -> list[Table]:
        value = self._get(field, default)
        if not isinstance(value, (list, tuple)):
            raise self.fail(field, f"{value!r} is not a list of tables")
        return [self._child(f"{field}[{i}]", v) for i, v in enumerate(value)]

    def _child(self, field: str, value: Any) -> Table:
        if not isinstance(value, Mapping):
            raise self.fail(field, f"{value!r} is not a table")
        where = f"{self._where}.{field}" if self._where else field
        return Table(value, where, self.file)

    def raw(self, field: str) -> Any:
        return self._get(field, _MISSING)

    def keys(self) -> tuple[str, ...]:
        return tuple(self._data)

    def done(self) -> None:
        """Refuse fields nobody asked for."""
        for key in self._data:
            if key not in self._seen:
                known = ", ".join(sorted(self._seen))
                raise self.fail(key, f"unknown field (known here: {known})")
