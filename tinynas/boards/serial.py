"""Divisor registers of the serial ports, from clock and baud rate."""

from __future__ import annotations

from tinynas.boards.model import Uart
from tinynas.errors import BoardError

# nRF52840 product specification: the register takes tabulated values, there is no exact formula.
_UARTE = {9_600: 0x00275000, 115_200: 0x01D7E000, 1_000_000: 0x10000000}
_LEAST = {"cmsdk": 16, "stm32_new": 16, "stm32_old": 16, "pl011": 64}
_LEAST_LPUART = 0x300
_MOST_ERROR = 0.025


def uart_divisor(uart: Uart, clock_hz: int, baud: int) -> int:
    """Value of the divisor register. `divisor_scale` counts its units per clock: 1 (a USART, 16x
    oversampling), 256 (an LPUART), 4 (PL011: 64ths of clock/16).

    Raises BoardError when the port cannot make that rate within 2.5 %."""
    if uart.kind == "uarte":
        if baud not in _UARTE:
            raise BoardError(f"uart.baud: {baud} is not a rate known for this port "
                             f"(known: {', '.join(str(b) for b in _UARTE)})")
        return _UARTE[baud]
    divisor = (clock_hz * uart.divisor_scale + baud // 2) // baud
    least = _LEAST_LPUART if uart.divisor_scale == 256 else _LEAST[uart.kind]
    real = clock_hz * uart.divisor_scale / max(divisor, 1)
    if divisor < least or abs(real / baud - 1) > _MOST_ERROR:
        raise BoardError(f"uart.baud: {baud} cannot be made from a clock of {clock_hz} Hz")
    return divisor
