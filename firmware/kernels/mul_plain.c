/* MUL with broadcasting: one product and one requantization an element, about 30 instructions on
 * ARMv7-M, 55 on ARMv6-M. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

void tinynas_mul_plain(const tinynas_mul_plain_params *p, const int8_t *a, const int8_t *b,
                       int8_t *out)
{
    int32_t i, j, k, l;
    for (i = 0; i < p->dim0; i++) {
        for (j = 0; j < p->dim1; j++) {
            for (k = 0; k < p->dim2; k++) {
                const int8_t *x = a + i * p->a_step0 + j * p->a_step1 + k * p->a_step2;
                const int8_t *y = b + i * p->b_step0 + j * p->b_step1 + k * p->b_step2;
                for (l = 0; l < p->dim3; l++) {
                    const int32_t product = (*x - p->a_zero_point) * (*y - p->b_zero_point);
                    *out++ = tinynas_requantize(product, p->multiplier, p->shift, p->low, p->high,
                                                p->zero_point);
                    x += p->a_step3;
                    y += p->b_step3;
                }
            }
        }
    }
}
