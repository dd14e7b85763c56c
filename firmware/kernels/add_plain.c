/* ADD and SUB with broadcasting: both operands are raised by 2^20, brought to one scale, combined
 * and requantized. Three high multiplications an element: about 45 instructions on ARMv7-M, 120 on
 * ARMv6-M. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

static inline int32_t tinynas_add_operand(int32_t x, int32_t zero_point, int32_t m, int32_t shift)
{
    return tinynas_shift_right(tinynas_high_mul(TINYNAS_SHIFT_LEFT(x - zero_point, 20), m), shift);
}

void tinynas_add_plain(const tinynas_add_plain_params *p, const int8_t *a, const int8_t *b,
                       int8_t *out)
{
    int32_t i, j, k, l;
    for (i = 0; i < p->dim0; i++) {
        for (j = 0; j < p->dim1; j++) {
            for (k = 0; k < p->dim2; k++) {
                const int8_t *x = a + i * p->a_step0 + j * p->a_step1 + k * p->a_step2;
                const int8_t *y = b + i * p->b_step0 + j * p->b_step1 + k * p->b_step2;
                for (l = 0; l < p->dim3; l++) {
                    const int32_t u =
                        tinynas_add_operand(*x, p->a_zero_point, p->a_multiplier, p->a_shift);
                    const int32_t v =
                        tinynas_add_operand(*y, p->b_zero_point, p->b_multiplier, p->b_shift);
                    *out++ = tinynas_requantize(p->subtract ? u - v : u + v, p->multiplier,
                                                p->shift, p->low, p->high, p->zero_point);
                    x += p->a_step3;
                    y += p->b_step3;
                }
            }
        }
    }
}
