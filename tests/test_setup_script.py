"""tools/setup.sh on pretended machines: only the programs linked into a made-up PATH exist there."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

BASICS = ("bash", "cat", "chmod", "cut", "dirname", "env", "id", "mkdir", "rm", "sha256sum", "touch", "tr")
FAKE_COMPILER = "#!/bin/sh\necho /usr/lib/libc.a\n"
FAKE_CC = "#!/bin/sh\ncat >/dev/null\n"
# Stands in for the interpreter: good enough as a Python, and as the pip of the environment it makes.
FAKE_PYTHON = """#!/bin/sh
case "$*" in
  *"-m venv"*) mkdir -p .venv/bin && cat "$0" > .venv/bin/python && chmod +x .venv/bin/python;;
  *"pip install"*) echo "$*" >> pip.log; [ ! -e pip-fails ];;
esac
"""
PROGRAMS = {
    "cc": FAKE_CC,
    "c++": "#!/bin/sh\n",
    "arm-none-eabi-gcc": FAKE_COMPILER,
    "qemu-system-arm": "#!/bin/sh\n",
    "espeak-ng": "#!/bin/sh\n",
    "python3": FAKE_PYTHON,
}


class Machine:
    """A folder with a checkout's set-up script and a PATH of its own."""

    def __init__(self, root: Path, repo_root: Path) -> None:
        self.checkout = root / "a checkout"
        self.bin = root / "bin"
        (self.checkout / "tools").mkdir(parents=True)
        self.bin.mkdir()
        shutil.copy(repo_root / "tools" / "setup.sh", self.checkout / "tools")
        (self.checkout / "pyproject.toml").write_text("[project]\n")
        for name in BASICS:
            found = shutil.which(name)
            assert found is not None
            (self.bin / name).symlink_to(found)

    def add(self, name: str, text: str) -> None:
        path = self.bin / name
        path.write_text(text)
        path.chmod(0o755)

    def setup(self, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [str(self.bin / "bash"), str(self.checkout / "tools" / "setup.sh")],
            env={"PATH": str(self.bin), "HOME": str(self.checkout), **env},
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            timeout=60,
            check=False,
        )

    @property
    def pip_runs(self) -> int:
        log = self.checkout / "pip.log"
        return len(log.read_text().splitlines()) if log.exists() else 0


@pytest.fixture
def machine(tmp_path: Path, repo_root: Path) -> Machine:
    return Machine(tmp_path, repo_root)


def test_a_ready_machine_installs_python_packages_once(machine: Machine) -> None:
    for name, text in PROGRAMS.items():
        machine.add(name, text)
    first = machine.setup()
    assert first.returncode == 0, first.stderr
    assert machine.pip_runs == 1
    second = machine.setup()
    assert (second.returncode, second.stdout, machine.pip_runs) == (0, "", 1)
    (machine.checkout / "pyproject.toml").write_text("[project]\nname = 'new'\n")
    assert machine.setup().returncode == 0
    assert machine.pip_runs == 2


def test_a_failed_pip_is_tried_again_next_time(machine: Machine) -> None:
    for name, text in PROGRAMS.items():
        machine.add(name, text)
    (machine.checkout / "pip-fails").touch()
    failed = machine.setup()
    assert failed.returncode == 1
    assert "pip could not install" in failed.stderr
    (machine.checkout / "pip-fails").unlink()
    assert machine.setup().returncode == 0
    assert machine.pip_runs == 2


def test_no_apt_says_what_to_install(machine: Machine) -> None:
    machine.add("python3", FAKE_PYTHON)
    result = machine.setup()
    assert result.returncode == 1
    (line,) = result.stderr.splitlines()
    for package in ("gcc-arm-none-eabi", "libnewlib-arm-none-eabi", "qemu-system-arm"):
        assert package in line
    assert "no Debian or Ubuntu" in line
    assert machine.pip_runs == 0


APT = """#!/bin/sh
echo "$*" >> {log}
case "$*" in *install*)
for p in arm-none-eabi-gcc qemu-system-arm cc c++ espeak-ng; do
  cat {store}/$p > {bin}/$p; chmod +x {bin}/$p
done;;
esac
"""


@pytest.mark.skipif(sys.platform != "linux", reason="apt machines are Linux")
def test_root_installs_what_is_missing_and_nothing_else(machine: Machine, tmp_path: Path) -> None:
    store = tmp_path / "store"
    store.mkdir()
    for name, text in PROGRAMS.items():
        (store / name).write_text(text)
    machine.add("python3", FAKE_PYTHON)
    machine.add("cc", FAKE_CC)
    machine.add("id", "#!/bin/sh\necho 0\n")
    log = tmp_path / "apt.log"
    machine.add("apt-get", APT.format(log=log, store=store, bin=machine.bin))
    result = machine.setup()
    assert result.returncode == 0, result.stderr
    (install,) = [line for line in log.read_text().splitlines() if "install" in line]
    assert "qemu-system-arm" in install and "gcc-arm-none-eabi" in install
    assert "python3-venv" not in install and "libc6-dev" not in install
    assert machine.setup().returncode == 0
    assert log.read_text().count("qq install") == 1


def test_without_rights_it_says_so_and_asks_nothing(machine: Machine) -> None:
    machine.add("python3", FAKE_PYTHON)
    machine.add("apt-get", "#!/bin/sh\nexit 99\n")
    machine.add("id", "#!/bin/sh\necho 1000\n")
    machine.add("sudo", '#!/bin/sh\n[ "$1" = -n ] && exit 1\nread answer\n')
    result = machine.setup()
    assert result.returncode == 1
    assert "sudo apt-get install -y" in result.stderr
    assert result.stderr.count("\n") == 1


@pytest.mark.skipif(not hasattr(os, "geteuid"), reason="POSIX shell script")
def test_espeak_is_wanted_but_not_needed(machine: Machine) -> None:
    for name, text in PROGRAMS.items():
        if name != "espeak-ng":
            machine.add(name, text)
    result = machine.setup(TINYNAS_NO_APT="1")
    assert result.returncode == 0, result.stderr
    assert "espeak-ng is not installed" in result.stdout
