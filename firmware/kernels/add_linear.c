/* ADD and SUB where one multiplication per operand is exact: out = (a A + b B + c) >> 22, saturated.
 *
 * Only 65,536 pairs of operands exist. The generator compares all of them with the reference, which
 * rounds five times, and looks for A, B and c that agree everywhere (tinynas/kernels/add_linear.py).
 * Per element: 2 loads, 2 multiplications, saturation, store; with the loop 6.5 instructions on cores
 * with DSP instructions, 13 elsewhere (plus shifts of bytes on ARMv6-M). */
#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

static inline int8_t tinynas_add_linear_one(int32_t sum)
{
    return (int8_t)tinynas_clamp(sum >> 22, -128, 127);
}

#if TINYNAS_DSP
/* Four elements, each read before it is written. */
static inline void tinynas_add_linear_four(const int8_t **a, const int8_t **b, int8_t **out,
                                           int32_t a_factor, int32_t b_factor, int32_t constant)
{
    int32_t u, v, w, x;
    __asm__("ldrsb %[u], [%[a]]\n\tldrsb %[v], [%[b]]\n\t"
            "ldrsb %[w], [%[a], #1]\n\tldrsb %[x], [%[b], #1]\n\t"
            "mla %[u], %[u], %[m], %[c]\n\tmla %[w], %[w], %[m], %[c]\n\t"
            "mla %[u], %[v], %[n], %[u]\n\tldrsb %[v], [%[b], #2]\n\t"
            "mla %[w], %[x], %[n], %[w]\n\tldrsb %[x], [%[b], #3]\n\t"
            "ssat %[u], #8, %[u], asr #22\n\tadd %[b], #4\n\t"
            "ssat %[w], #8, %[w], asr #22\n\tstrb %[u], [%[y]]\n\t"
            "ldrsb %[u], [%[a], #2]\n\tstrb %[w], [%[y], #1]\n\t"
            "ldrsb %[w], [%[a], #3]\n\t"
            "mla %[v], %[v], %[n], %[c]\n\tadd %[a], #4\n\t"
            "mla %[x], %[x], %[n], %[c]\n\t"
            "mla %[u], %[u], %[m], %[v]\n\tmla %[w], %[w], %[m], %[x]\n\t"
            "ssat %[u], #8, %[u], asr #22\n\tssat %[w], #8, %[w], asr #22\n\t"
            "strb %[w], [%[y], #3]\n\tstrb %[u], [%[y], #2]\n\tadd %[y], #4"
            : [a] "+r"(*a), [b] "+r"(*b), [y] "+r"(*out), [u] "=&r"(u), [v] "=&r"(v), [w] "=&r"(w),
              [x] "=&r"(x)
            : [m] "r"(a_factor), [n] "r"(b_factor), [c] "r"(constant)
            : "memory", "cc");
}
#endif

/* `count` neighbours of both operands. */
static void tinynas_add_linear_run(const tinynas_add_linear_params *p, const int8_t *a, const int8_t *b,
                                   int8_t *out, int32_t count)
{
    const int32_t a_factor = p->a_factor, b_factor = p->b_factor, constant = p->constant;
    int8_t *const end = out + count;
#if TINYNAS_DSP
    int8_t *const fours = out + (count & ~3);
    while (out != fours) {
        tinynas_add_linear_four(&a, &b, &out, a_factor, b_factor, constant);
    }
#endif
    while (out != end) {
        *out++ = tinynas_add_linear_one(*a++ * a_factor + *b++ * b_factor + constant);
    }
}

/* An operand repeated along the run. */
static void tinynas_add_linear_steps(const tinynas_add_linear_params *p, const int8_t *a,
                                     const int8_t *b, int8_t *out)
{
    const int32_t a_factor = p->a_factor, b_factor = p->b_factor, constant = p->constant;
    const int32_t a_step = p->a_step3, b_step = p->b_step3;
    int8_t *const end = out + p->dim3;
    while (out != end) {
        *out++ = tinynas_add_linear_one(*a * a_factor + *b * b_factor + constant);
        a += a_step;
        b += b_step;
    }
}

void tinynas_add_linear(const tinynas_add_linear_params *p, const int8_t *a, const int8_t *b,
                        int8_t *out)
{
    int8_t *const start = out;
    int32_t i, j, k;
    for (i = 0; i < p->dim0; i++) {
        for (j = 0; j < p->dim1; j++) {
            for (k = 0; k < p->dim2; k++) {
                const int8_t *x = a + i * p->a_step0 + j * p->a_step1 + k * p->a_step2;
                const int8_t *y = b + i * p->b_step0 + j * p->b_step1 + k * p->b_step2;
                if (p->a_step3 == 1 && p->b_step3 == 1) {
                    tinynas_add_linear_run(p, x, y, out, p->dim3);
                } else {
                    tinynas_add_linear_steps(p, x, y, out);
                }
                out += p->dim3;
            }
        }
    }
    if (p->low > -128 || p->high < 127) {
        int8_t *y = start;
        for (; y != out; y++) {
            *y = (int8_t)tinynas_clamp(*y, p->low, p->high);
        }
    }
}
