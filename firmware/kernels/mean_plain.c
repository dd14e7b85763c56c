/* MEAN over any axes: a sum over two strided loops per output, then one requantization, into which
 * the division is folded. Instructions per element: 6 to 7. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

void tinynas_mean_plain(const tinynas_mean_plain_params *p, const int8_t *in, int8_t *out)
{
    const int32_t offset = p->offset, sum0 = p->sum0, sum1 = p->sum1;
    const int32_t step0 = p->sum_step0, step1 = p->sum_step1;
    int32_t a, b, i, j;
    for (a = 0; a < p->keep0; a++) {
        for (b = 0; b < p->keep1; b++) {
            const int8_t *row = in + a * p->keep_step0 + b * p->keep_step1;
            int32_t sum = offset;
            for (i = 0; i < sum0; i++) {
                const int8_t *e = row;
                for (j = 0; j < sum1; j++) {
                    sum += *e;
                    e += step1;
                }
                row += step0;
            }
            *out++ = tinynas_requantize(sum, p->multiplier, p->shift, p->low, p->high,
                                        p->zero_point);
        }
    }
}
