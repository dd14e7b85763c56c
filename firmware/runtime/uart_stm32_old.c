/* STM32 USART of the older kind (F4): one data register, flags cleared by reading SR, then DR. */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"
#include "uart_ring.h"

#define SR (TN_UART_BASE + 0x00u)
#define DR (TN_UART_BASE + 0x04u)
#define BRR (TN_UART_BASE + 0x08u)
#define CR1 (TN_UART_BASE + 0x0Cu)
#define CR1_RE (1u << 2)
#define CR1_TE (1u << 3)
#define CR1_RXNEIE (1u << 5)
#define CR1_UE (1u << 13)
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
    uint32_t flags = TN_REG(SR);
    if (flags & (FLAG_RXNE | FLAG_ORE)) {
        uint8_t byte = (uint8_t)TN_REG(DR); /* clears both flags */
        if (flags & FLAG_RXNE) {
            tn_ring_put(byte);
        }
        if (flags & FLAG_ORE) {
            tn_ring_lost();
        }
    }
}

void tn_putc(int byte)
{
    while ((TN_REG(SR) & FLAG_TXE) == 0u) {
    }
    TN_REG(DR) = (uint8_t)byte;
}
