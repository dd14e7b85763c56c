"""Making room for a run without losing the one that is there."""

from __future__ import annotations

import os
from pathlib import Path


def set_aside(folder: Path) -> Path:
    """Rename `folder` to `folder.1`, `folder.2`, ...: the first free name, which is returned."""
    number = 1
    while (aside := folder.with_name(f"{folder.name}.{number}")).exists():
        number += 1
    os.rename(folder, aside)
    return aside
