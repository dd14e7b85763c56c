/* The core's cycle counter (DWT.CYCCNT): 32 bits, extended at every reading. Some emulators and
 * locked-down chips have one that stands still: that is noticed, and SysTick counts instead. */
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

#define DEMCR 0xE000EDFCu
#define DEMCR_TRCENA (1u << 24)
#define DWT_CTRL 0xE0001000u
#define DWT_CYCCNT 0xE0001004u
#define DWT_LAR 0xE0001FB0u
#define DWT_KEY 0xC5ACCE55u

uint32_t tn_ticks_hz;
const char *tn_counter_name = "dwt";
uint32_t tn_counter_fallback;

static uint64_t total;
static uint32_t last;

static int counts(void)
{
    uint32_t before = TN_REG(DWT_CYCCNT);
    for (uint32_t i = 0; i < 32u; i++) {
        __asm volatile("nop");
    }
    return TN_REG(DWT_CYCCNT) != before;
}

void tn_timer_init(void)
{
    tn_ticks_hz = tn_clock_hz;
    TN_REG(DEMCR) |= DEMCR_TRCENA;
    TN_REG(DWT_LAR) = DWT_KEY; /* Cortex-M7 locks it; the others ignore this */
    TN_REG(DWT_CYCCNT) = 0;
    TN_REG(DWT_CTRL) |= 1u;
    last = TN_REG(DWT_CYCCNT);
    if (!counts()) {
        tn_counter_fallback = 1;
        tn_counter_name = "systick";
        tn_systick_start();
    }
}

uint64_t tn_ticks(void)
{
    if (tn_counter_fallback != 0u) {
        return tn_systick_ticks();
    }
    uint32_t now = TN_REG(DWT_CYCCNT);
    total += (uint32_t)(now - last);
    last = now;
    return total;
}
