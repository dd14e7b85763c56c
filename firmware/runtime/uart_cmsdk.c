/* Arm CMSDK APB UART (MPS2 and MPS3 machines). */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"
#include "uart_ring.h"

#define DATA (TN_UART_BASE + 0x00u)
#define STATE (TN_UART_BASE + 0x04u)
#define CTRL (TN_UART_BASE + 0x08u)
#define INTCLEAR (TN_UART_BASE + 0x0Cu)
#define BAUDDIV (TN_UART_BASE + 0x10u)
#define STATE_TX_FULL 1u
#define STATE_RX_FULL 2u
#define STATE_RX_OVERRUN 8u
#define CTRL_TX 1u
#define CTRL_RX 2u
#define CTRL_RX_IRQ 8u
#define INT_RX 2u

void tn_uart_init(uint32_t divisor)
{
    TN_REG(BAUDDIV) = divisor;
    TN_REG(CTRL) = CTRL_TX | CTRL_RX | CTRL_RX_IRQ;
    tn_enable_irq(TN_UART_IRQ);
}

void tn_uart_irq(void)
{
    TN_REG(INTCLEAR) = INT_RX;
    while (TN_REG(STATE) & STATE_RX_FULL) {
        tn_ring_put((uint8_t)TN_REG(DATA));
    }
    if (TN_REG(STATE) & STATE_RX_OVERRUN) {
        TN_REG(STATE) = STATE_RX_OVERRUN;
        tn_ring_lost();
    }
}

void tn_putc(int byte)
{
    while (TN_REG(STATE) & STATE_TX_FULL) {
    }
    TN_REG(DATA) = (uint8_t)byte;
}
