"""What is installed, what is missing, and the command that installs it.

A requirement is data: a program on PATH or a Python module, why one wants it, and how to get it. Essential
is what planning, building and an emulated run need; everything else opens one more door.
"""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from tinynas.target.flash import TOOLS, Tool
from tinynas.target.flash.program import find_program

_PROGRAM_TIMEOUT_S = 20


@dataclass(frozen=True)
class Requirement:
    """`names`: alternatives, the first found counts. `look(name)`: what was found, None for nothing."""

    title: str
    names: tuple[str, ...]
    purpose: str
    install: str
    essential: bool
    look: Callable[[str], str | None]


@dataclass(frozen=True)
class Finding:
    """One line of the diagnosis. `found`: version or place; None when missing."""

    title: str
    purpose: str
    essential: bool
    found: str | None
    install: str


def diagnose() -> list[Finding]:
    """Look for everything; takes a second or two (programs are asked for their version)."""
    return [Finding(r.title, r.purpose, r.essential, _first(r), r.install) for r in requirements()]


def requirements() -> list[Requirement]:
    """Every requirement, with install commands for the machine this runs on."""
    return [
        Requirement(
            "Python 3.10-3.13", ("python",), "run tinynas", "install Python 3.10-3.13", True, _python
        ),
        *(_module(name, (name,), why, "", True) for name, why in _BASE_MODULES),
        _program("Arm compiler", (_arm_gcc(),), "build firmware", "gcc-arm-none-eabi", True),
        Requirement(
            "Arm C library",
            (_arm_gcc(),),
            "build firmware",
            _system("libnewlib-arm-none-eabi"),
            True,
            _newlib,
        ),
        _program(
            "QEMU",
            (os.environ.get("TINYNAS_QEMU", "qemu-system-arm"),),
            "bench --on qemu",
            "qemu-system-arm",
            True,
        ),
        _program("host C compiler", ("cc", "gcc", "clang"), "search: audio features", "gcc libc6-dev", False),
        _module("TensorFlow", ("tensorflow", "tensorflow-cpu"), "search and training", "train", False),
        _module("librosa", ("librosa",), "check of the audio features", "train", False),
        _module("soundfile", ("soundfile",), "reading FLAC and WAV", "train", False),
        _module("optuna", ("optuna",), "search", "search", False),
        _module("scikit-optimize", ("scikit-optimize",), "Bayesian search", "search", False),
        _module("ortools", ("ortools",), "proving plans optimal", "solver", False),
        _module("plotly", ("plotly",), "report", "report", False),
        _program(
            "espeak-ng", ("espeak-ng",), "made-up speech when no recordings are at hand", "espeak-ng", False
        ),
        *(_flasher(tool) for tool in TOOLS if tool.program),
        Requirement(
            "Renode", ("renode",), "bench --on renode", "download a package from renode.io", False, _which
        ),
        Requirement(
            "serial permission",
            ("serial",),
            "talk to boards",
            "sudo usermod -aG dialout $USER",
            False,
            _serial_permission,
        ),
    ]


_BASE_MODULES = (
    ("numpy", "all arithmetic"),
    ("tflite", "read models"),
    ("flatbuffers", "read models"),
    ("tflite-micro", "compare outputs"),
    ("capstone", "estimate cycles"),
    ("jinja2", "generate C"),
    ("pyelftools", "account for memory"),
    ("pyserial", "talk to boards"),
)

_BREW = {
    "gcc-arm-none-eabi": "brew install --cask gcc-arm-embedded",
    "libnewlib-arm-none-eabi": "brew install --cask gcc-arm-embedded",
    "qemu-system-arm": "brew install qemu",
    "gcc libc6-dev": "xcode-select --install",
    "espeak-ng": "brew install espeak-ng",
}


def _arm_gcc() -> str:
    return os.environ.get("TINYNAS_ARM_GCC", "arm-none-eabi-gcc")


def _flasher(tool: Tool) -> Requirement:
    return Requirement(
        tool.name, (tool.name,), "flash boards", tool.install, False, lambda _: find_program(tool)
    )


def _program(title: str, names: tuple[str, ...], purpose: str, package: str, essential: bool) -> Requirement:
    return Requirement(title, names, purpose, _system(package), essential, _program_version)


def _module(title: str, names: tuple[str, ...], purpose: str, extra: str, essential: bool) -> Requirement:
    """A Python distribution; `extra`: the extra of tinynas that brings it, "" for the base."""
    wanted = _with_extra(extra) if extra else f"'{names[0]}'"
    return Requirement(
        title, names, purpose, f"{sys.executable} -m pip install {wanted}", essential, _module_version
    )


def _with_extra(extra: str) -> str:
    """What pip must be given: the checkout when tinynas runs from one."""
    checkout = Path(__file__).resolve().parent.parent
    if (checkout / "pyproject.toml").is_file():
        return f"-e '{checkout}[{extra}]'"
    return f"'tinynas[{extra}]'"


def _system(package: str) -> str:
    """The command that installs a Debian package, or its like on macOS."""
    if sys.platform == "darwin":
        return _BREW[package]
    is_root = hasattr(os, "geteuid") and os.geteuid() == 0
    return f"{'' if is_root else 'sudo '}apt-get install -y {package}"


def _first(requirement: Requirement) -> str | None:
    for name in requirement.names:
        found = requirement.look(name)
        if found is not None:
            return found
    return None


def _python(_name: str) -> str | None:
    version = ".".join(map(str, sys.version_info[:3]))
    return version if (3, 10) <= sys.version_info[:2] <= (3, 13) else None


def _module_version(distribution: str) -> str | None:
    try:
        return importlib.metadata.version(distribution)
    except importlib.metadata.PackageNotFoundError:
        return None


def _which(name: str) -> str | None:
    return shutil.which(name)


def _program_version(name: str) -> str | None:
    """First line of `name --version`; None when the program is not there or does not start."""
    path = shutil.which(name)
    if path is None:
        return None
    try:
        result = subprocess.run(
            [path, "--version"],
            capture_output=True,
            text=True,
            timeout=_PROGRAM_TIMEOUT_S,
            check=False,
            stdin=subprocess.DEVNULL,
            errors="replace",
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    if result.returncode != 0:
        return None
    lines = (result.stdout or result.stderr).strip().splitlines()
    return lines[0].strip() if lines else path


def _newlib(compiler: str) -> str | None:
    """The cross compiler's C library, a package of its own on Debian; without it gcc echoes the bare name."""
    path = shutil.which(compiler)
    if path is None:
        return None
    try:
        result = subprocess.run(
            [path, "-print-file-name=libc.a"],
            capture_output=True,
            text=True,
            timeout=_PROGRAM_TIMEOUT_S,
            check=False,
        )
    except (OSError, subprocess.TimeoutExpired):
        return None
    place = result.stdout.strip()
    return str(Path(place).resolve().parent) if os.path.isabs(place) else None


def _serial_permission(_name: str) -> str | None:
    """Whether this user may open serial ports (Linux: root, or member of the group that owns them)."""
    if not sys.platform.startswith("linux"):
        return "not restricted here"
    if os.geteuid() == 0:
        return "root"
    ports = [*Path("/dev").glob("ttyACM*"), *Path("/dev").glob("ttyUSB*")]
    if ports:
        return (
            f"{len(ports)} port(s) open to you"
            if all(os.access(p, os.R_OK | os.W_OK) for p in ports)
            else None
        )
    import grp

    try:
        group = grp.getgrnam("dialout").gr_gid
    except KeyError:
        return "no dialout group here"
    return "member of dialout" if group in os.getgroups() else None
