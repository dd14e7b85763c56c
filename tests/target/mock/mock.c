/* Drives a serial driver by hand: what it writes, what it takes from the receiver, what it sends.
 * Prints one line per observation for the test to compare. Built once per driver. */
#include <stdio.h>
#include <string.h>

#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

static volatile uint32_t registers[0x400];
static volatile uint32_t nvic;
static uint32_t ready_address, ready_value; /* a flag the hardware raises when it is asked for */

volatile uint32_t *mock_register(uint32_t address)
{
    if (address == 0xE000E100u) {
        return &nvic;
    }
    uint32_t offset = address - 0x40000000u;
    if (offset == ready_address) {
        registers[offset / 4u] |= ready_value;
    }
    return &registers[offset / 4u];
}

static uint32_t at(uint32_t offset) { return registers[offset / 4u]; }
static void show(const char *name, uint32_t value) { printf("%s=0x%x\n", name, (unsigned)value); }

static void received(uint32_t data, uint32_t flags)
{
    (void)data;
    (void)flags;
#if defined DRIVER_stm32_new
    registers[0x24 / 4] = data;
    registers[0x1C / 4] = flags;
    tn_uart_irq();
    registers[0x1C / 4] = 0;
#elif defined DRIVER_uarte
    *(volatile uint8_t *)(uintptr_t)at(0x534) = (uint8_t)data;
    registers[0x110 / 4] = 1;
    registers[0x124 / 4] = flags;
    registers[0x000 / 4] = 0;
    tn_uart_irq();
    show("endrx", at(0x110));
    show("startrx", at(0x000));
#endif
}

int main(void)
{
    tn_uart_init(938);
    show("irq", nvic);
#if defined DRIVER_stm32_new
    show("cr1", at(0x00));
    show("brr", at(0x0C));
    received('A', 1u << 5);
    received('B', (1u << 5) | (1u << 3));
    show("icr", at(0x20));
    ready_address = 0x1C, ready_value = 1u << 7;
    tn_putc('t');
    show("tdr", at(0x28));
#elif defined DRIVER_uarte
    show("enable", at(0x500));
    show("baudrate", at(0x524));
    show("inten", at(0x304));
    show("maxcnt", at(0x538));
    show("startrx", at(0x000));
    received('A', 0);
    received('B', 1);
    show("error", at(0x124));
    ready_address = 0x120, ready_value = 0;
    registers[0x120 / 4] = 0;
    ready_value = 1; /* ENDTX reads as set from now on */
    tn_putc('t');
    show("starttx", at(0x008));
    show("sent", *(volatile uint8_t *)(uintptr_t)at(0x544));
    show("count", at(0x548));
#endif
    show("first", (uint32_t)tn_getc());
    show("second", (uint32_t)tn_getc());
    show("none", (uint32_t)tn_getc());
    show("lost", tn_rx_lost());
    return 0;
}
