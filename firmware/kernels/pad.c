/* PAD and PADV2 over up to four dimensions: the output is written once, in order, as runs of
 * padding and runs copied from the input; the innermost dimension should be as long as it can. */
#include "tinynas_bytes.h"
#include "tinynas_kernels.h"

static int8_t *tinynas_pad_fill(int8_t *out, int32_t value, int32_t count)
{
    memset(out, value, (size_t)count);
    return out + count;
}

void tinynas_pad(const tinynas_pad_params *p, const int8_t *in, int8_t *out)
{
    const int32_t size3 = p->before3 + p->in3 + p->after3;
    const int32_t size2 = (p->before2 + p->in2 + p->after2) * size3;
    const int32_t size1 = (p->before1 + p->in1 + p->after1) * size2;
    int32_t i, j, k;

    out = tinynas_pad_fill(out, p->value, p->before0 * size1);
    for (i = 0; i < p->in0; i++) {
        out = tinynas_pad_fill(out, p->value, p->before1 * size2);
        for (j = 0; j < p->in1; j++) {
            out = tinynas_pad_fill(out, p->value, p->before2 * size3);
            for (k = 0; k < p->in2; k++) {
                out = tinynas_pad_fill(out, p->value, p->before3);
                tinynas_copy(out, in, p->in3);
                in += p->in3;
                out += p->in3;
                out = tinynas_pad_fill(out, p->value, p->after3);
            }
            out = tinynas_pad_fill(out, p->value, p->after2 * size3);
        }
        out = tinynas_pad_fill(out, p->value, p->after1 * size2);
    }
    tinynas_pad_fill(out, p->value, p->after0 * size1);
}
