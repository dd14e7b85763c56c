/* Nordic UARTE (nRF52840): every byte moves by EasyDMA, so buffers live in RAM. One byte a transfer:
 * the receiver holds the next ones in its FIFO until the interrupt has started it again. */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"
#include "uart_ring.h"

#define STARTRX (TN_UART_BASE + 0x000u)
#define STARTTX (TN_UART_BASE + 0x008u)
#define ENDRX (TN_UART_BASE + 0x110u)
#define ENDTX (TN_UART_BASE + 0x120u)
#define ERROR (TN_UART_BASE + 0x124u)
#define INTENSET (TN_UART_BASE + 0x304u)
#define ERRORSRC (TN_UART_BASE + 0x480u)
#define ENABLE (TN_UART_BASE + 0x500u)
#define BAUDRATE (TN_UART_BASE + 0x524u)
#define RXD_PTR (TN_UART_BASE + 0x534u)
#define RXD_MAXCNT (TN_UART_BASE + 0x538u)
#define TXD_PTR (TN_UART_BASE + 0x544u)
#define TXD_MAXCNT (TN_UART_BASE + 0x548u)
#define CONFIG (TN_UART_BASE + 0x56Cu)
#define INT_ENDRX (1u << 4)
#define INT_ERROR (1u << 9)

static volatile uint8_t received;
static volatile uint8_t sent;

static void start_receive(void)
{
    TN_REG(RXD_PTR) = (uint32_t)(uintptr_t)&received;
    TN_REG(RXD_MAXCNT) = 1;
    TN_REG(STARTRX) = 1;
}

void tn_uart_init(uint32_t divisor)
{
    TN_REG(BAUDRATE) = divisor;
    TN_REG(CONFIG) = 0; /* no parity, no flow control */
    TN_REG(ENABLE) = 8;
    TN_REG(ENDRX) = 0;
    TN_REG(ERROR) = 0;
    TN_REG(INTENSET) = INT_ENDRX | INT_ERROR;
    tn_enable_irq(TN_UART_IRQ);
    start_receive();
}

void tn_uart_irq(void)
{
    if (TN_REG(ERROR)) {
        TN_REG(ERROR) = 0;
        TN_REG(ERRORSRC) = TN_REG(ERRORSRC); /* written ones clear */
        tn_ring_lost();
    }
    if (TN_REG(ENDRX)) {
        TN_REG(ENDRX) = 0;
        (void)TN_REG(ENDRX); /* the event must be gone before the interrupt ends */
        tn_ring_put(received);
        start_receive();
    }
}

void tn_putc(int byte)
{
    sent = (uint8_t)byte;
    TN_REG(ENDTX) = 0;
    TN_REG(TXD_PTR) = (uint32_t)(uintptr_t)&sent;
    TN_REG(TXD_MAXCNT) = 1;
    __asm volatile("dsb 0xf" ::: "memory");
    TN_REG(STARTTX) = 1;
    while (TN_REG(ENDTX) == 0u) {
    }
}
