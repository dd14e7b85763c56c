/* FULLY_CONNECTED: rows_plain.c on every input vector. Instructions per MAC: 2.75 on ARMv7-M, 3.75
 * on ARMv6-M, plus requantization per output. */
#include "rows_plain.h"
#include "tinynas_kernels.h"

void tinynas_dense_plain(const tinynas_dense_plain_params *p, const int8_t *in, int8_t *out)
{
    const tinynas_rows rows = {
        p->weights,
        p->depth,
        p->outputs,
        {p->bias, p->multipliers, p->shifts, p->per_tensor, p->any_left, p->low, p->high,
         p->zero_point}};
    int32_t n;
    for (n = 0; n < p->rows; n++) {
        tinynas_rows_plain(&rows, in, out);
        in += p->depth;
        out += p->outputs;
    }
}
