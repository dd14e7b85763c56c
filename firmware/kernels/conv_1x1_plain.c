/* CONV_2D with a 1 x 1 kernel: a dense layer at every position.
 *
 * The input vector of a position is copied to scratch by words (0.7 instructions a byte, shared by
 * all output channels) before its outputs are written, so input and output may be one buffer.
 * Instructions per MAC: those of rows_plain.c. */
#include "rows_plain.h"
#include "tinynas_bytes.h"
#include "tinynas_kernels.h"

void tinynas_conv_1x1_plain(const tinynas_conv_1x1_plain_params *p, const int8_t *in, int8_t *out,
                            void *scratch)
{
    const tinynas_rows rows = {
        p->weights,
        p->in_c,
        p->out_c,
        {p->bias, p->multipliers, p->shifts, 0, p->any_left, p->low, p->high, p->zero_point}};
    int8_t *vector = (int8_t *)scratch;
    const int8_t *row = in + p->in_start;
    int32_t y, x;

    out += p->out_start;
    for (y = 0; y < p->rows; y++) {
        const int8_t *from = row;
        for (x = 0; x < p->columns; x++) {
            tinynas_copy(vector, from, p->in_c);
            tinynas_rows_plain(&rows, vector, out);
            from += p->in_column_step;
            out += p->out_step;
        }
        row += p->in_row_step;
    }
}
