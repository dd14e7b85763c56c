/* Bias, factor, clamp and zero point for a run of channels.
 *
 * Limits stay in registers (an int8 store could alias any field, so fields are read once, before
 * the loop). Where every factor is below one half, as in nearly every layer, there is one path
 * through the loop. Cores with eight usable registers go over the run twice, which spares them
 * more than a load and a store. Per output: ARMv7-M 27 instructions, ARMv6-M 47. */
#include "requantize_run.h"

#include "tinynas_fixed.h"

/* Any shift, to the right by n + 1 or to the left. */
static int32_t tinynas_requantize_any(int32_t x, int32_t m, int32_t n)
{
    return tinynas_scale(x, m, -1 - n);
}

/* x / 2^(n + 1) to nearest, halves away from zero, as tinynas_shift_right. */
#define TINYNAS_ROUND(x, n) (((((x) + ((x) >> 31)) >> (n)) + 1) >> 1)

#if TINYNAS_NARROW
/* sums[i] = high product of (sums[i] + bias[i]) and m[i * step]. */
static inline void tinynas_requantize_multiply(int32_t *s, int32_t *end, const int32_t *bias,
                                               const int32_t *m, int32_t step)
{
#if TINYNAS_THUMB1_ASM
    /* tinynas_high_mul with its eight values in the low registers. */
    if (step == 1 && s != end) {
        int32_t xl, xh, ml, mh, t;
        __asm__ volatile(
            ".syntax unified\n"
            "1:\tldr %[xl], [%[s]]\n\tldmia %[b]!, {%[t]}\n\tadds %[xl], %[xl], %[t]\n\t"
            "ldmia %[m]!, {%[ml]}\n\tasrs %[xh], %[xl], #16\n\tuxth %[xl], %[xl]\n\t"
            "lsrs %[mh], %[ml], #16\n\tuxth %[ml], %[ml]\n\tmovs %[t], %[xl]\n\t"
            "muls %[t], %[ml], %[t]\n\tlsrs %[t], %[t], #16\n\tmuls %[ml], %[xh], %[ml]\n\t"
            "adds %[ml], %[ml], %[t]\n\tuxth %[t], %[ml]\n\tmuls %[xl], %[mh], %[xl]\n\t"
            "adds %[xl], %[xl], %[t]\n\tasrs %[ml], %[ml], #16\n\tmuls %[xh], %[mh], %[xh]\n\t"
            "adds %[xh], %[xh], %[ml]\n\tlsls %[xh], %[xh], #1\n\tasrs %[xl], %[xl], #14\n\t"
            "adds %[xl], #1\n\tasrs %[xl], %[xl], #1\n\tadds %[xl], %[xl], %[xh]\n\t"
            "stmia %[s]!, {%[xl]}\n\tcmp %[s], %[end]\n\tbne 1b"
            : [s] "+l"(s), [b] "+l"(bias), [m] "+l"(m), [xl] "=&l"(xl), [xh] "=&l"(xh),
              [ml] "=&l"(ml), [mh] "=&l"(mh), [t] "=&l"(t)
            : [end] "h"(end)
            : "cc", "memory");
        return;
    }
#endif
    for (; s != end; s++) {
        *s = tinynas_high_mul(TINYNAS_ADD_WRAP(*s, *bias++), *m);
        m += step;
    }
}
#endif

void tinynas_requantize_run(const tinynas_requantizer *q, int32_t *sums, int32_t first,
                            int32_t count, int8_t *out)
{
    const int32_t low = q->low, high = q->high, zero_point = q->zero_point;
    const int32_t step = q->per_tensor ? 0 : 1;
    const int32_t start = q->per_tensor ? 0 : first;
    const int32_t *bias = q->bias + first;
    const int32_t *m = q->multipliers + start;
    const int8_t *n = q->shifts + start;
    int32_t *const end = sums + count;
    int32_t *s;

    if (q->any_left) {
        for (s = sums; s != end; s++) {
            const int32_t x = tinynas_requantize_any(TINYNAS_ADD_WRAP(*s, *bias++), *m, *n);
            *out++ = (int8_t)(tinynas_clamp(x, low, high) + zero_point);
            m += step;
            n += step;
        }
        return;
    }
#if TINYNAS_NARROW
    tinynas_requantize_multiply(sums, end, bias, m, step);
    for (s = sums; s != end; s++) {
        const int32_t x = TINYNAS_ROUND(*s, (uint8_t)*n);
        *out++ = (int8_t)(tinynas_clamp(x, low, high) + zero_point);
        n += step;
    }
#else
    for (s = sums; s != end; s++) {
        const int32_t x = tinynas_high_mul(TINYNAS_ADD_WRAP(*s, *bias++), *m);
        *out++ = (int8_t)(tinynas_clamp(TINYNAS_ROUND(x, *n), low, high) + zero_point);
        m += step;
        n += step;
    }
#endif
}
