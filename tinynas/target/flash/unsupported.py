"""Tools people know and tinynas does not use, each with the reason and the way out."""

from __future__ import annotations

REASONS = {
    "esptool": "it writes Espressif chips, and tinynas builds firmware for Arm Cortex-M",
    "avrdude": "it writes AVR chips, and tinynas builds firmware for Arm Cortex-M",
    "nrfjprog": "Nordic has retired it; J-Link probes are reached through openocd, pyocd or probe-rs",
    "nrfutil": "J-Link probes are reached through openocd, pyocd or probe-rs",
    "jlink": "J-Link probes are reached through openocd, pyocd or probe-rs",
    "stm32cubeprogrammer": "ST-LINK probes are reached through openocd, st-flash or probe-rs",
    "stm32programmercli": "ST-LINK probes are reached through openocd, st-flash or probe-rs",
    "picotool": "RP2040 boards are written by uf2, or by openocd through a debug probe",
    "west": "it calls the tools that tinynas calls itself: openocd, pyocd, probe-rs",
    "teensyloader": "no Teensy board is known to tinynas",
}
ALIASES = {"jlinkexe": "jlink", "teensyloadercli": "teensyloader", "cubeprogrammer": "stm32cubeprogrammer"}


def why_not(name: str) -> str | None:
    """The reason, or None for a name nobody knows. Case, hyphens, underscores and .py do not matter."""
    key = name.lower().removesuffix(".py").removesuffix(".exe").replace("-", "").replace("_", "")
    return REASONS.get(ALIASES.get(key, key))
