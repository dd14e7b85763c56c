/* Gathers runs by up to five strided loops: TRANSPOSE (steps permuted) and STRIDED_SLICE (steps
 * multiplied, negative ones too). The run is the contiguous innermost part. About 8 instructions
 * per run of one byte. */
#include "tinynas_bytes.h"
#include "tinynas_kernels.h"

void tinynas_copy_steps(const tinynas_copy_steps_params *p, const int8_t *in, int8_t *out)
{
    const int32_t run = p->run;
    int32_t h, i, j, k, l;
    in += p->start;
    for (h = 0; h < p->dim0; h++) {
        for (i = 0; i < p->dim1; i++) {
            for (j = 0; j < p->dim2; j++) {
                const int8_t *row = in + h * p->step0 + i * p->step1 + j * p->step2;
                for (k = 0; k < p->dim3; k++) {
                    const int8_t *from = row;
                    for (l = 0; l < p->dim4; l++) {
                        if (run == 1) {
                            *out++ = *from;
                        } else {
                            tinynas_copy(out, from, run);
                            out += run;
                        }
                        from += p->step4;
                    }
                    row += p->step3;
                }
            }
        }
    }
}
