/* One input vector times all rows of a weight matrix, four rows at a time.
 *
 * Each input byte is loaded once per four rows; weights keep their natural order. 1.25 loads per
 * MAC. Instructions per MAC: ARMv7-M 2.75, ARMv6-M 3.75, where the loop needs exactly the eight
 * low registers (input, four rows, one index counting up to 0, two values) and keeps the sums in
 * high ones; compilers do not find that allocation, so it is written down here.
 * Sums of up to 16 rows wait on the stack and are requantized together (requantize_run.c). */
#include "rows_plain.h"

#include "tinynas_fixed.h"

#if TINYNAS_THUMB1_ASM
#define TINYNAS_ROWS_STEP(row, sum) \
    "ldrsb %[w], [%[" #row "], %[i]]\n\tmuls %[w], %[v], %[w]\n\tadd %[" #sum "], %[w]\n\t"

static inline void tinynas_rows_sum4(const int8_t *x, const int8_t *w, int32_t depth, int32_t *sums)
{
    const int8_t *w0 = w + depth, *w1 = w0 + depth, *w2 = w1 + depth, *w3 = w2 + depth;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, i = -depth, v, u;
    x += depth;
    __asm__ volatile(".syntax unified\n1:\tldrsb %[v], [%[x], %[i]]\n\t" TINYNAS_ROWS_STEP(w0, s0)
                     TINYNAS_ROWS_STEP(w1, s1) TINYNAS_ROWS_STEP(w2, s2) TINYNAS_ROWS_STEP(w3, s3)
                     "adds %[i], #1\n\tbne 1b"
                     : [s0] "+h"(s0), [s1] "+h"(s1), [s2] "+h"(s2), [s3] "+h"(s3), [i] "+l"(i),
                       [v] "=&l"(v), [w] "=&l"(u)
                     : [x] "l"(x), [w0] "l"(w0), [w1] "l"(w1), [w2] "l"(w2), [w3] "l"(w3)
                     : "cc", "memory");
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#else
static inline void tinynas_rows_sum4(const int8_t *x, const int8_t *w, int32_t depth, int32_t *sums)
{
    const int8_t *w0 = w, *w1 = w0 + depth, *w2 = w1 + depth, *w3 = w2 + depth;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, i;
    for (i = 0; i < depth; i++) {
        const int32_t v = x[i];
        s0 += v * w0[i];
        s1 += v * w1[i];
        s2 += v * w2[i];
        s3 += v * w3[i];
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#endif

void tinynas_rows_plain(const tinynas_rows *r, const int8_t *x, int8_t *out)
{
    const int32_t depth = r->depth;
    const int32_t outputs = r->outputs;
    const int8_t *w = r->weights;
    int32_t sums[TINYNAS_RUN];
    int32_t o = 0;

    while (o < outputs) {
        const int32_t run = outputs - o < TINYNAS_RUN ? outputs - o : TINYNAS_RUN;
        int32_t k = 0, i;
        for (; k + 4 <= run; k += 4) {
            tinynas_rows_sum4(x, w, depth, sums + k);
            w += 4 * depth;
        }
        for (; k < run; k++) {
            int32_t s = 0;
            for (i = 0; i < depth; i++) {
                s += x[i] * w[i];
            }
            sums[k] = s;
            w += depth;
        }
        tinynas_requantize_run(&r->requantizer, sums, o, run, out + o);
        o += run;
    }
}
