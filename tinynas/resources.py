"""Where the data files that belong to the package lie: firmware/, boards/, datasets/.

In a checkout they are folders at its top; in an installed wheel hatchling has put the same
folders under `tinynas/_data/` (see pyproject.toml, force-include). Everything that reads them
asks here, so the same code works in both.
"""

from __future__ import annotations

from pathlib import Path

from tinynas.errors import UsageError

_PACKAGE = Path(__file__).resolve().parent


def resource_dir(name: str) -> Path:
    """Folder of package data, e.g. `resource_dir("firmware") / "runtime"`.

    Raises UsageError when the installation lacks it."""
    for root in (_PACKAGE / "_data", _PACKAGE.parent):
        folder = root / name
        if folder.is_dir():
            return folder
    raise UsageError(f"package data '{name}' is missing beside {_PACKAGE.name}/: reinstall tinynas")
