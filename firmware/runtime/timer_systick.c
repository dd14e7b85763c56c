/* Counter of cores without DWT (M0+): SysTick. */
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

uint32_t tn_ticks_hz;
const char *tn_counter_name = "systick";
uint32_t tn_counter_fallback;

void tn_timer_init(void)
{
    tn_ticks_hz = tn_clock_hz;
    tn_systick_start();
}

uint64_t tn_ticks(void) { return tn_systick_ticks(); }
