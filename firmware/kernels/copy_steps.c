/* Gathers runs by up to four strided loops: TRANSPOSE (steps permuted) and STRIDED_SLICE (steps
 * multiplied, negative ones too). The run is the contiguous innermost part. About 8 instructions
 * per run of one byte. */
#include "tinynas_bytes.h"
#include "tinynas_kernels.h"

void tinynas_copy_steps(const tinynas_copy_steps_params *p, const int8_t *in, int8_t *out)
{
    const int32_t run = p->run;
    int32_t i, j, k, l;
    in += p->start;
    for (i = 0; i < p->dim0; i++) {
        for (j = 0; j < p->dim1; j++) {
            for (k = 0; k < p->dim2; k++) {
                const int8_t *from = in + i * p->step0 + j * p->step1 + k * p->step2;
                for (l = 0; l < p->dim3; l++) {
                    if (run == 1) {
                        *out++ = *from;
                    } else {
                        tinynas_copy(out, from, run);
                        out += run;
                    }
                    from += p->step3;
                }
            }
        }
    }
}
