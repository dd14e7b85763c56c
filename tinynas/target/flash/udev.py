"""Linux: the rule that lets the user at the desk open debug probes and boot loaders."""

from __future__ import annotations

RULES_FILE = "/etc/udev/rules.d/60-tinynas.rules"

# USB vendor ids of probes and boot loaders tinynas can use.
VENDORS = {
    0x0483: "STMicroelectronics: ST-LINK, DFU boot loader",
    0x1366: "SEGGER: J-Link",
    0x0D28: "Arm: DAPLink",
    0x2E8A: "Raspberry Pi: debug probe, boot loader",
    0x2341: "Arduino: boot loader",
}


def line(vendor: int) -> str:
    """One rule: everything of this vendor, for whoever sits at the machine."""
    return f'SUBSYSTEMS=="usb", ATTRS{{idVendor}}=="{vendor:04x}", MODE="0660", TAG+="uaccess"'


def rules_text() -> str:
    """A whole rules file."""
    lines = ["# Debug probes and boot loaders for the user at the desk. Install with:",
             f"#   tinynas probes --udev | sudo tee {RULES_FILE} && sudo udevadm control --reload && "
             "sudo udevadm trigger"]
    for vendor, what in VENDORS.items():
        lines += [f"# {what}", line(vendor)]
    return "\n".join(lines) + "\n"


def rule(vendor: int | None) -> str:
    """The advice for one probe, or for all."""
    if vendor is not None and vendor not in VENDORS:
        return (f"put the line '{line(vendor)}' into {RULES_FILE}, run `sudo udevadm control --reload`, and "
                f"plug "
                "it in again")
    return (f"run `tinynas probes --udev | sudo tee {RULES_FILE} && sudo udevadm control --reload`, and "
            f"plug it "
            "in again")
