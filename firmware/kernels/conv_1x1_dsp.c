/* CONV_2D with a 1 x 1 kernel: four positions are expanded to 16 bits in scratch, then multiplied with
 * all channels (group_dsp.c). Expanding costs 1.6 instructions a value, shared by all channels. */
#include "expand_dsp.h"
#include "group_dsp.h"
#include "tinynas_kernels.h"

void tinynas_conv_1x1_dsp(const tinynas_conv_1x1_dsp_params *p, const int8_t *in, int8_t *out,
                          void *scratch)
{
    const tinynas_dsp_layer layer = {p->stream, p->words, p->out_c,      p->any,
                                     p->low,    p->high,  p->zero_point};
    const tinynas_group group = tinynas_group_of(&layer, (const uint32_t *)scratch);
    const int32_t positions = p->rows * p->columns;
    const int32_t depth = p->in_c;
    int32_t first = p->backward ? (positions - 1) & ~3 : 0;

    while (first >= 0 && first < positions) {
        const int32_t count = positions - first < 4 ? positions - first : 4;
        const int32_t y = p->rows == 1 ? 0 : first / p->columns;
        int32_t x = first - y * p->columns, done = 0;
        const int8_t *row = in + y * p->in_row_step;
        while (done < count) { /* a row of them */
            const int32_t left = p->columns - x, run = count - done < left ? count - done : left;
            tinynas_expand_dsp((uint32_t *)scratch + done, row + x * p->in_column_step, depth, run,
                               p->in_column_step - depth, 1);
            done += run;
            row += p->in_row_step;
            x = 0;
        }
        tinynas_group_dsp(&group, out + first * p->out_c, count);
        first += p->backward ? -4 : 4;
    }
}
