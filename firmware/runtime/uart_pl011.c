/* Arm PL011 (RP2040). The divisor is in 64ths: 16 whole bits, 6 of fraction. */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"
#include "uart_ring.h"

#define DR (TN_UART_BASE + 0x00u)
#define FR (TN_UART_BASE + 0x18u)
#define IBRD (TN_UART_BASE + 0x24u)
#define FBRD (TN_UART_BASE + 0x28u)
#define LCR_H (TN_UART_BASE + 0x2Cu)
#define CR (TN_UART_BASE + 0x30u)
#define IMSC (TN_UART_BASE + 0x38u)
#define ICR (TN_UART_BASE + 0x44u)
#define FR_RXFE (1u << 4)
#define FR_TXFF (1u << 5)
#define DR_OVERRUN (1u << 11)
#define INT_RX (1u << 4)
#define INT_RX_TIMEOUT (1u << 6)

void tn_uart_init(uint32_t divisor)
{
    TN_REG(CR) = 0;
    TN_REG(IBRD) = divisor >> 6;
    TN_REG(FBRD) = divisor & 63u;
    TN_REG(LCR_H) = 0x70; /* 8 bits, FIFOs on; also latches the divisor */
    TN_REG(CR) = 0x301;   /* enable, transmit, receive */
    TN_REG(IMSC) = INT_RX | INT_RX_TIMEOUT;
    tn_enable_irq(TN_UART_IRQ);
}

void tn_uart_irq(void)
{
    while ((TN_REG(FR) & FR_RXFE) == 0u) {
        uint32_t data = TN_REG(DR);
        tn_ring_put((uint8_t)data);
        if (data & DR_OVERRUN) {
            tn_ring_lost();
        }
    }
    TN_REG(ICR) = INT_RX | INT_RX_TIMEOUT;
}

void tn_putc(int byte)
{
    while (TN_REG(FR) & FR_TXFF) {
    }
    TN_REG(DR) = (uint8_t)byte;
}
