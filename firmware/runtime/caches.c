/* The core's own caches (Cortex-M7, M55): invalidate, then enable (ARMv7-M ARM, B2.2). */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"

#define TN_CCSIDR 0xE000ED80u
#define TN_CSSELR 0xE000ED84u
#define TN_ICIALLU 0xE000EF50u
#define TN_DCISW 0xE000EF60u
#define TN_CCR_DC (1u << 16)
#define TN_CCR_IC (1u << 17)

#if TN_DCACHE
static void invalidate_dcache(void)
{
    TN_REG(TN_CSSELR) = 0; /* level 1 data */
    tn_barrier();
    uint32_t size = TN_REG(TN_CCSIDR);
    uint32_t line_shift = (size & 7u) + 4u;
    uint32_t ways = (size >> 3) & 0x3FFu;
    uint32_t sets = (size >> 13) & 0x7FFFu;
    uint32_t way_shift = 32u;
    for (uint32_t w = ways; w != 0u; w >>= 1) {
        way_shift--;
    }
    for (uint32_t set = 0; set <= sets; set++) {
        for (uint32_t way = 0; way <= ways; way++) {
            uint32_t which = ways == 0u ? 0u : way << way_shift;
            TN_REG(TN_DCISW) = which | (set << line_shift);
        }
    }
    tn_barrier();
}
#endif

void tn_caches_on(void)
{
#if TN_ICACHE
    tn_barrier();
    TN_REG(TN_ICIALLU) = 0;
    tn_barrier();
    TN_REG(TN_SCB_CCR) |= TN_CCR_IC;
    tn_barrier();
#endif
#if TN_DCACHE
    invalidate_dcache();
    TN_REG(TN_SCB_CCR) |= TN_CCR_DC;
    tn_barrier();
#endif
}
