/* SOFTMAX by rows in 32-bit fixed point, with exponentials from a table: as softmax_plain computes them,
 * one for every difference to the row's maximum that counts, 0 after the last.
 *
 * What a row costs hardly depends on its values. Three passes: maximum, sum, outputs. Per element 43
 * instructions on ARMv7-M, 74 on ARMv6-M; per row about 120 and 400. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

#define TINYNAS_SUM_BITS 12 /* integer bits of the sum */

static int32_t tinynas_saturating_left(int32_t x, int32_t n)
{
    const int32_t limit = (int32_t)((1u << (31 - n)) - 1u);
    if (x > limit) {
        return INT32_MAX;
    }
    if (x < -limit) {
        return INT32_MIN;
    }
    return TINYNAS_SHIFT_LEFT(x, n);
}

/* 1 / (1 + a) in Q0 for a in [0, 1) in Q0. */
static int32_t tinynas_reciprocal(int32_t a)
{
    const int32_t half = (int32_t)(((uint32_t)a + 0x80000000u) >> 1); /* (1 + a) / 2, rounded up */
    int32_t x = 1515870810 + tinynas_high_mul(-1010580540, half);     /* 48/17 - 32/17 half, in Q2 */
    int32_t k;
    for (k = 0; k < 3; k++) {
        const int32_t error = (1 << 29) - tinynas_high_mul(x, half);
        x += tinynas_saturating_left(tinynas_high_mul(error, x), 2);
    }
    return tinynas_saturating_left(x, 1);
}

/* Bits above the highest one that is set; x > 0. */
static int32_t tinynas_headroom(uint32_t x)
{
#if defined(__GNUC__) && !TINYNAS_NARROW
    return __builtin_clz(x);
#else
    int32_t n = 0;
    while (x < 0x80000000u) {
        x <<= 1;
        n++;
    }
    return n;
#endif
}

void tinynas_softmax_table(const tinynas_softmax_table_params *p, const int8_t *in, int8_t *out)
{
    const int32_t *const table = p->table;
    const int32_t depth = p->depth, last = p->last;
    int32_t row, i;
    for (row = 0; row < p->rows; row++) {
        int32_t best = -128, headroom, scale, shift;
        uint32_t sum = 0;
        for (i = 0; i < depth; i++) {
            best = in[i] > best ? in[i] : best;
        }
        for (i = 0; i < depth; i++) {
            const int32_t below = best - in[i];
            const uint32_t e = (uint32_t)table[below < last ? below : last];
            sum += (e + (1u << (TINYNAS_SUM_BITS - 1))) >> TINYNAS_SUM_BITS;
        }
        headroom = tinynas_headroom(sum);
        scale = tinynas_reciprocal((int32_t)((sum << headroom) - 0x80000000u));
        shift = TINYNAS_SUM_BITS - headroom + 31 - 8;
        if (shift > 31) { /* every share is below half a step */
            scale = 0;
            shift = 31;
        }
        for (i = 0; i < depth; i++) {
            const int32_t below = best - in[i];
            const int32_t q = tinynas_high_mul(table[below < last ? below : last], scale);
            out[i] = (int8_t)tinynas_clamp(tinynas_shift_right(q, shift) - 128, -128, 127);
        }
        in += depth;
        out += depth;
    }
}
