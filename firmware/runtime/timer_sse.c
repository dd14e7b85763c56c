/* System counter of Arm's SSE-300 subsystem (MPS3 AN547): 64 bits, counts up, read through its
 * status frame. The control frame that starts it lies one page below. */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

#define CONTROL (TN_TIMER_BASE - 0x1000u)
#define COUNT_LOW (TN_TIMER_BASE + 0x0u)
#define COUNT_HIGH (TN_TIMER_BASE + 0x4u)

uint32_t tn_ticks_hz = TN_TIMER_HZ;
const char *tn_counter_name = "sse";
uint32_t tn_counter_fallback;

void tn_timer_init(void) { TN_REG(CONTROL) |= 1u; }

uint64_t tn_ticks(void)
{
    uint32_t high, low;
    do {
        high = TN_REG(COUNT_HIGH);
        low = TN_REG(COUNT_LOW);
    } while (high != TN_REG(COUNT_HIGH));
    return ((uint64_t)high << 32) | low;
}
