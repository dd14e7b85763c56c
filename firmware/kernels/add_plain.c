/* ADD and SUB with broadcasting: both operands are raised by 2^20, brought to one scale, combined
 * and requantized. Three high multiplications an element: 66 instructions on ARMv7-M, 120 on
 * ARMv6-M. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

/* All parameters of the inner loop: a copy on the stack cannot be changed by a store to the output. */
typedef struct {
    int32_t a_step, b_step;
    int32_t a_zero_point, b_zero_point;
    int32_t a_multiplier, a_shift, b_multiplier, b_shift, multiplier, shift;
    int32_t low, high, zero_point;
    int32_t sign; /* 0, or -1 to subtract */
} tinynas_add_row;

static inline int32_t tinynas_add_operand(int32_t x, int32_t zero_point, int32_t m, int32_t shift)
{
    return tinynas_shift_right(tinynas_high_mul(TINYNAS_SHIFT_LEFT(x - zero_point, 20), m), shift);
}

static int8_t *tinynas_add_run(tinynas_add_row r, const int8_t *a, const int8_t *b, int8_t *out,
                               int32_t count)
{
    int8_t *end = out + count;
    while (out != end) {
        const int32_t u = tinynas_add_operand(*a, r.a_zero_point, r.a_multiplier, r.a_shift);
        const int32_t v = tinynas_add_operand(*b, r.b_zero_point, r.b_multiplier, r.b_shift);
        const int32_t sum = u + ((v ^ r.sign) - r.sign);
        const int32_t q = tinynas_shift_right(tinynas_high_mul(sum, r.multiplier), r.shift);
        *out++ = (int8_t)(tinynas_clamp(q, r.low, r.high) + r.zero_point);
        a += r.a_step;
        b += r.b_step;
    }
    return out;
}

void tinynas_add_plain(const tinynas_add_plain_params *p, const int8_t *a, const int8_t *b,
                       int8_t *out)
{
    const tinynas_add_row row = {p->a_step3,
                                 p->b_step3,
                                 p->a_zero_point,
                                 p->b_zero_point,
                                 p->a_multiplier,
                                 p->a_shift,
                                 p->b_multiplier,
                                 p->b_shift,
                                 p->multiplier,
                                 p->shift,
                                 p->low,
                                 p->high,
                                 p->zero_point,
                                 p->subtract ? -1 : 0};
    int32_t i, j, k;
    for (i = 0; i < p->dim0; i++) {
        for (j = 0; j < p->dim1; j++) {
            for (k = 0; k < p->dim2; k++) {
                out = tinynas_add_run(row, a + i * p->a_step0 + j * p->a_step1 + k * p->a_step2,
                                      b + i * p->b_step0 + j * p->b_step1 + k * p->b_step2, out,
                                      p->dim3);
            }
        }
    }
}
