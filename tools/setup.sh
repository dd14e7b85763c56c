#!/usr/bin/env bash
# Prepares a fresh Debian or Ubuntu machine for `make demo` and `make test`; quick when it is done already.
#
# System packages come from apt (as root, or by sudo without a prompt), and only when their program is missing.
# Python packages go into .venv beside this checkout; a stamp file named after the checksum of pyproject.toml says
# that they are there. Settings: TINYNAS_PYTHON (interpreter to use), TINYNAS_NO_APT=1 (never call apt).
set -euo pipefail
cd "$(dirname "${BASH_SOURCE[0]}")/.."

say() { printf 'setup: %s\n' "$*"; }
die() { printf 'setup: error: %s\n' "$*" >&2; exit 1; }
have() { command -v "$1" >/dev/null 2>&1; }

# A Python that tinynas supports and that can make a virtual environment; prints its path.
find_python() {
    local candidate
    for candidate in ${TINYNAS_PYTHON:-python3 python3.13 python3.12 python3.11 python3.10}; do
        if "$candidate" -c 'import ensurepip, sys, venv; sys.exit(not (3, 10) <= sys.version_info[:2] <= (3, 13))' \
            >/dev/null 2>&1; then
            command -v "$candidate"
            return 0
        fi
    done
    return 1
}

# The C library of the cross compiler is a package of its own on Debian.
have_newlib() { [ "$(arm-none-eabi-gcc -print-file-name=libc.a 2>/dev/null)" != libc.a ]; }
have_host_c() { printf '#include <stdint.h>\nint main(void){return 0;}\n' | cc -x c - -o /dev/null 2>/dev/null; }

missing_packages() {
    have_host_c || echo gcc libc6-dev
    have c++ || echo g++
    have arm-none-eabi-gcc || echo gcc-arm-none-eabi
    { have arm-none-eabi-gcc && have_newlib; } || echo libnewlib-arm-none-eabi
    have qemu-system-arm || echo qemu-system-arm
    find_python >/dev/null || echo python3 python3-venv
}

install_packages() {
    local command="apt-get install -y --no-install-recommends $*"
    local become=()
    [ "${TINYNAS_NO_APT:-}" != 1 ] || die "missing system packages, and TINYNAS_NO_APT=1; install them with: $command"
    have apt-get || die "missing system packages ($*) and this is no Debian or Ubuntu; install their equivalents, then run make again"
    if [ "$(id -u)" -ne 0 ]; then
        { have sudo && sudo -n true 2>/dev/null; } ||
            die "missing system packages; install them once with: sudo apt-get update && sudo $command"
        become=(sudo -n)
    fi
    say "installing $*"
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq update ||
        say "apt-get update failed (no network?); trying with the package lists at hand"
    "${become[@]}" env DEBIAN_FRONTEND=noninteractive apt-get -qq install -y --no-install-recommends "$@" >/dev/null ||
        return 1
}

system_packages() {
    local packages
    read -r -a packages <<<"$(missing_packages | tr '\n' ' ')"
    if [ ${#packages[@]} -gt 0 ]; then
        install_packages "${packages[@]}" || die "apt could not install: ${packages[*]} (see above)"
        read -r -a packages <<<"$(missing_packages | tr '\n' ' ')"
        [ ${#packages[@]} -eq 0 ] || die "still missing after apt: ${packages[*]}"
    fi
    # espeak-ng only speaks the made-up data set of last resort: its absence is no reason to stop.
    have espeak-ng || (install_packages espeak-ng) ||
        say "espeak-ng is not installed; only the synthetic data set needs it"
}

python_packages() {
    local python stamp
    python=$(find_python) || die "no Python 3.10-3.13 with venv found; set TINYNAS_PYTHON to one"
    stamp=".venv/.tinynas-$( (cat pyproject.toml; pwd) | sha256sum | cut -c1-16)"
    [ -f "$stamp" ] && .venv/bin/python -c '' 2>/dev/null && return 0
    if ! .venv/bin/python -c 'import pip' 2>/dev/null; then
        say "making .venv with $("$python" --version 2>&1)"
        "$python" -m venv --clear .venv || die "could not make .venv with $python"
    fi
    say "installing Python packages into .venv (about 2 GB, a few minutes the first time)"
    .venv/bin/python -m pip install --quiet --disable-pip-version-check --no-input -e ".[all,dev]" ||
        die "pip could not install the Python packages (see above); is the package index reachable?"
    rm -f .venv/.tinynas-*
    touch "$stamp"
}

system_packages
python_packages
