/* Runs of bytes from one stride to another. One call joins one input of a CONCATENATION or takes
 * one output of a SPLIT; a plain copy is one run. About 0.7 instructions a byte where aligned. */
#include "tinynas_bytes.h"
#include "tinynas_kernels.h"

void tinynas_copy_rows(const tinynas_copy_rows_params *p, const int8_t *in, int8_t *out)
{
    int32_t row;
    in += p->in_start;
    out += p->out_start;
    for (row = 0; row < p->rows; row++) {
        tinynas_copy(out, in, p->run);
        in += p->in_stride;
        out += p->out_stride;
    }
}
