/* STM32 USART and LPUART of the newer kind (F7, H7, L4, U5): separate data and flag-clear registers. */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"
#include "uart_ring.h"

#define CR1 (TN_UART_BASE + 0x00u)
#define BRR (TN_UART_BASE + 0x0Cu)
#define ISR (TN_UART_BASE + 0x1Cu)
#define ICR (TN_UART_BASE + 0x20u)
#define RDR (TN_UART_BASE + 0x24u)
#define TDR (TN_UART_BASE + 0x28u)
#define CR1_UE (1u << 0)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define FLAG_ORE (1u << 3)
#define FLAG_RXNE (1u << 5)
#define FLAG_TXE (1u << 7)

void tn_uart_init(uint32_t divisor)
{
    TN_REG(CR1) = 0;
    TN_REG(BRR) = divisor;
    TN_REG(CR1) = CR1_UE | CR1_RE | CR1_TE | CR1_RXNEIE;
    tn_enable_irq(TN_UART_IRQ);
}

void tn_uart_irq(void)
{
    uint32_t flags = TN_REG(ISR);
    if (flags & FLAG_ORE) {
        TN_REG(ICR) = FLAG_ORE;
        tn_ring_lost();
    }
    if (flags & FLAG_RXNE) {
        tn_ring_put((uint8_t)TN_REG(RDR));
    }
}

void tn_putc(int byte)
{
    while ((TN_REG(ISR) & FLAG_TXE) == 0u) {
    }
    TN_REG(TDR) = (uint8_t)byte;
}
