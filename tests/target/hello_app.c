/* A small application for the tests: one letter in, one line out, and every way to go wrong. */
#include <string.h>

#include "board.h"
#include "tinynas_runtime.h"

/* Stand-ins for a model's parts, so that the footprint has something to tell apart. */
static uint8_t arena[100] __attribute__((section(".bss.tinynas.arena"), aligned(16)));
static uint8_t state[12] __attribute__((section(".bss.tinynas.state")));
static const uint8_t weights[40] __attribute__((section(".rodata.tinynas.weights"))) = {1, 2, 3};
static const uint32_t tables[5] __attribute__((section(".rodata.tinynas.tables"))) = {4, 5};
static uint32_t initialised = 0x1234;
static volatile uint32_t unaligned_address;

/* Three instructions a round. Not to be specialised: both calls must run the same code. */
__attribute__((noipa)) static void rounds(uint32_t n)
{
    __asm volatile(".syntax unified\n1:\n\tsubs %0, #1\n\tnop\n\tbne 1b" : "+l"(n)::"cc");
}

__attribute__((noinline)) uint32_t tinynas_fake(uint32_t index);
uint32_t tinynas_fake(uint32_t index)
{
    uint8_t copy[40];
    memcpy(copy, weights, index % 40u); /* of unknown length: a call */
    memset(arena, (int)index, index % 50u);
    return weights[index % 40u] + tables[index % 5u] + copy[0];
}

__attribute__((noipa)) static uint32_t deep(uint32_t n)
{
    volatile uint32_t room[64];
    room[n % 64u] = n;
    return n == 0u ? 0u : deep(n - 1u) + room[n % 64u];
}

static void line(uint32_t value)
{
    tn_put_u64(value);
    tn_puts("\r\n");
}

__attribute__((noipa)) static uint64_t measured(uint32_t n)
{
    uint64_t start = tn_ticks();
    rounds(n);
    return tn_ticks() - start;
}

static void hello(void)
{
    tn_puts("READY ");
    tn_puts(TN_BOARD_NAME " " TN_VARIANT " ");
    tn_puts(tn_counter_name);
    tn_puts(" ");
    tn_put_u64(tn_ticks_hz);
    tn_puts(" ");
    tn_put_u64(tn_clock_hz);
    tn_puts(" ");
    tn_put_u64(tn_clock_status);
    tn_puts(" ");
    tn_put_hex32(tn_image_crc());
    tn_puts("\r\n");
}

static void command(int letter)
{
    switch (letter) {
    case 'h': hello(); break;
    case 'c': line((uint32_t)measured(1000)); break;
    case 'C': line((uint32_t)measured(1001)); break;
    case 'd': line(tn_crc32(0, (const void *)(uintptr_t)TN_TESTDATA_ORIGIN, 1000)); break;
    case 'm': line(initialised + state[3] + tinynas_fake(2)); break;
    case 'b': *(volatile uint32_t *)0xF0000000u = 1; break;
    case 'i': __asm volatile("udf #1"); break;
    case 'u':
        unaligned_address = (uint32_t)(uintptr_t)arena + 1u;
        line(*(volatile uint32_t *)(uintptr_t)unaligned_address);
        break;
    case 'o': line(deep(100000)); break;
    case 'g': {
        volatile uint8_t *end = arena + sizeof arena;
        __asm volatile("" : "+r"(end));
        end[0] ^= 1u;
        line((uint32_t)tn_guards_broken());
        end[0] ^= 1u;
        end[-101] ^= 1u;
        line((uint32_t)tn_guards_broken());
        end[-101] ^= 1u;
        line((uint32_t)tn_guards_broken());
        break;
    }
    case 's':
        tn_stack_paint();
        (void)deep(4);
        line(tn_stack_high_water());
        line((uint32_t)tn_stack_overflowed());
        break;
    case 'w': {
        volatile uint8_t *code = (volatile uint8_t *)(uintptr_t)weights;
        code[39] ^= 1u;
        hello();
        break;
    }
    case 'l': line((uint32_t)measured(16000000)); break;
    case 'r': line(*(volatile uint32_t *)0x20006004u); break;
    case 'p': tn_put_u64(18446744073709551615u), line(0); break;
    case 'q': tn_exit(7);
    default: tn_putc(letter); break;
    }
}

int main(void)
{
    hello();
    for (;;) {
        int letter = tn_getc();
        if (letter >= 0) {
            command(letter);
        }
    }
}
