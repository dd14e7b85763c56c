/* SysTick extended to 64 bits by its interrupt: every core has it, but it counts only 24 bits, and
 * the interrupt steals a few cycles from what is measured every 2^24 ticks. */
#include "registers.h"
#include "tinynas_internal.h"

#define CTRL 0xE000E010u
#define LOAD 0xE000E014u
#define VALUE 0xE000E018u
#define MASK 0x00FFFFFFu

static volatile uint32_t wraps;

void tn_systick_start(void)
{
    TN_REG(LOAD) = MASK;
    TN_REG(VALUE) = 0;
    TN_REG(CTRL) = 7; /* core clock, interrupt, on */
}

void tn_systick_irq(void) { wraps++; }

uint64_t tn_systick_ticks(void)
{
    uint32_t high, low;
    do {
        high = wraps;
        low = TN_REG(VALUE);
    } while (high != wraps);
    /* The interrupt comes when VALUE reaches 0, which therefore already is the next period's start. */
    return ((uint64_t)high << 24) + ((0u - low) & MASK);
}
