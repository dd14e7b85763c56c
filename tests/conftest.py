"""Fixtures and rules shared by all tests.

Tests that need something that is not here (the shared models, an emulator, a board) are skipped
with the reason; with CI=true a missing compiler or emulator is a failure, so that CI cannot pass
by skipping the point.
"""

from __future__ import annotations

import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from hypothesis import HealthCheck, settings

ROOT = Path(__file__).resolve().parent.parent
IN_CI = os.environ.get("CI", "").lower() in ("1", "true", "yes")

_COMMON = {"deadline": None, "suppress_health_check": [HealthCheck.too_slow, HealthCheck.data_too_large]}
settings.register_profile("dev", max_examples=25, **_COMMON)
settings.register_profile("ci", max_examples=50, derandomize=True, print_blob=True, **_COMMON)
settings.register_profile("thorough", max_examples=1000, print_blob=True, **_COMMON)
settings.load_profile(os.environ.get("HYPOTHESIS_PROFILE", "ci" if IN_CI else "dev"))

RunCli = Callable[..., "subprocess.CompletedProcess[str]"]


def _missing_tools(*names: str) -> list[str]:
    return [name for name in names if shutil.which(name) is None]


def _require(missing: list[str], what: str) -> None:
    """Skip on a developer's machine, fail in CI."""
    if not missing:
        return
    reason = f"{what}: not installed: {', '.join(missing)} (`tinynas doctor` says how)"
    if IN_CI:
        pytest.fail(reason, pytrace=False)
    pytest.skip(reason)


def pytest_runtest_setup(item: pytest.Item) -> None:
    if item.get_closest_marker("emulator"):
        _require(_missing_tools("arm-none-eabi-gcc", "qemu-system-arm"), "emulated run")
    if item.get_closest_marker("tflm"):
        found = importlib.util.find_spec("tflite_micro") is not None
        _require([] if found else ["tflite-micro"], "comparison with TFLite Micro")
    if item.get_closest_marker("renode") and _missing_tools(os.environ.get("RENODE") or "renode"):
        pytest.skip("renode is not installed")
    if item.get_closest_marker("board"):
        unset = [v for v in ("TINYNAS_TEST_BOARD", "TINYNAS_TEST_PORT") if not os.environ.get(v)]
        if unset:
            pytest.skip(f"needs a board on the desk: set {' and '.join(unset)}")


def _shared(folder: str) -> Path:
    """`folder` of the shared material: TINYNAS_SHARED, else ../shared beside the checkout."""
    base = Path(os.environ.get("TINYNAS_SHARED") or ROOT.parent / "shared")
    path = base / folder
    if not path.is_dir():
        pytest.skip(f"no shared {folder} at {path} (set TINYNAS_SHARED to the folder that holds '{folder}')")
    return path


@pytest.fixture(scope="session")
def shared_models() -> Path:
    """Folder with the five int8 reference models (.tflite)."""
    return _shared("models")


@pytest.fixture(scope="session")
def shared_datasets() -> Path:
    """Folder with the recorded keyword clips."""
    return _shared("datasets")


@pytest.fixture(scope="session")
def repo_root() -> Path:
    """The checkout."""
    return ROOT


@pytest.fixture(scope="session")
def in_ci() -> bool:
    """Whether what cannot be tested here is a failure (CI=true) or a skip."""
    return IN_CI


@pytest.fixture
def run_cli(tmp_path: Path) -> RunCli:
    """`run_cli("plan", "m.tflite", ...)` runs the real command in an empty folder.

    Keyword arguments: `env` (added to the environment; None removes a name), `cwd`, `timeout_s`.
    """

    def run(
        *args: str | Path,
        env: dict[str, str | None] | None = None,
        cwd: Path | None = None,
        timeout_s: float = 300,
    ) -> subprocess.CompletedProcess[str]:
        full = {k: v for k, v in os.environ.items() if k not in ("TINYNAS_DEBUG", "FORCE_COLOR")}
        full["PYTHONPATH"] = os.pathsep.join(filter(None, [str(ROOT), full.get("PYTHONPATH")]))
        full["COLUMNS"] = "160"
        for name, value in (env or {}).items():
            if value is None:
                full.pop(name, None)
            else:
                full[name] = value
        return subprocess.run(
            [sys.executable, "-m", "tinynas", *map(str, args)],
            capture_output=True,
            text=True,
            env=full,
            cwd=cwd or tmp_path,
            timeout=timeout_s,
            check=False,
        )

    return run
