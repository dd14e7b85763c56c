/* Arm CMSDK APB timer: 32 bits, counts down; extended to 64 bits at every reading. */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

#define CTRL (TN_TIMER_BASE + 0x0u)
#define VALUE (TN_TIMER_BASE + 0x4u)
#define RELOAD (TN_TIMER_BASE + 0x8u)

uint32_t tn_ticks_hz = TN_TIMER_HZ;
const char *tn_counter_name = "cmsdk";
uint32_t tn_counter_fallback;

static uint64_t total;
static uint32_t last;

void tn_timer_init(void)
{
    TN_REG(CTRL) = 0;
    TN_REG(RELOAD) = 0xFFFFFFFFu;
    TN_REG(VALUE) = 0xFFFFFFFFu;
    TN_REG(CTRL) = 1u;
    last = TN_REG(VALUE);
}

uint64_t tn_ticks(void)
{
    uint32_t now = TN_REG(VALUE);
    total += (uint32_t)(last - now);
    last = now;
    return total;
}
