/* Receive ring and the text helpers every UART driver shares. */
#include "uart_ring.h"

#include "tinynas_runtime.h"

#ifndef TN_RX_RING
#define TN_RX_RING 1024u /* a power of two */
#endif
_Static_assert((TN_RX_RING & (TN_RX_RING - 1u)) == 0u, "TN_RX_RING must be a power of two");

static volatile uint8_t ring[TN_RX_RING];
static volatile uint32_t head; /* written by the interrupt only */
static volatile uint32_t tail; /* written by the reader only */
static volatile uint32_t lost;

void tn_ring_put(uint8_t byte)
{
    uint32_t at = head;
    if (at - tail >= TN_RX_RING) {
        lost++;
        return;
    }
    ring[at & (TN_RX_RING - 1u)] = byte;
    head = at + 1u;
}

void tn_ring_lost(void) { lost++; }

uint32_t tn_rx_lost(void) { return lost; }

int tn_getc(void)
{
    uint32_t at = tail;
    if (at == head) {
        return -1;
    }
    uint8_t byte = ring[at & (TN_RX_RING - 1u)];
    tail = at + 1u;
    return byte;
}

void tn_wait(void)
{
    /* With interrupts held back none slips between the question and the sleep; a pending one still wakes. */
    __asm volatile("cpsid i" ::: "memory");
    if (tail == head) {
        __asm volatile("dsb\n\twfi" ::: "memory");
    }
    __asm volatile("cpsie i\n\tisb" ::: "memory");
}

void tn_write(const void *bytes, size_t length)
{
    const uint8_t *at = (const uint8_t *)bytes;
    for (size_t i = 0; i < length; i++) {
        tn_putc(at[i]);
    }
}

void tn_puts(const char *text)
{
    while (*text != '\0') {
        tn_putc((uint8_t)*text++);
    }
}

void tn_put_hex32(uint32_t value)
{
    tn_puts("0x");
    for (int shift = 28; shift >= 0; shift -= 4) {
        tn_putc("0123456789abcdef"[(value >> shift) & 15u]);
    }
}

void tn_put_u64(uint64_t value)
{
    /* By subtraction of powers of ten: no 64-bit division, which small cores fetch from libgcc. */
    uint64_t power = 10000000000000000000u;
    int started = 0;
    static const uint32_t tens[] = {1u, 10u, 100u, 1000u, 10000u, 100000u, 1000000u, 10000000u,
                                    100000000u, 1000000000u};
    for (int digit = 19; digit >= 0; digit--) {
        if (digit >= 10) {
            power = (uint64_t)tens[digit - 10] * 1000000000u * 10u;
        } else {
            power = tens[digit];
        }
        int count = 0;
        while (value >= power) {
            value -= power;
            count++;
        }
        if (count != 0 || started || digit == 0) {
            tn_putc('0' + count);
            started = 1;
        }
    }
}
