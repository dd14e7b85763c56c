/* What a pair of readings costs by itself. */
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

uint32_t tn_ticks_overhead;

void tn_timer_calibrate(void)
{
    uint32_t least = 0xFFFFFFFFu;
    for (int i = 0; i < 8; i++) {
        uint64_t start = tn_ticks();
        uint32_t took = (uint32_t)(tn_ticks() - start);
        least = took < least ? took : least;
    }
    tn_ticks_overhead = least;
}
