/* DEQUANTIZE to float32: one float multiplication an element, from the last to the first. */
#include "tinynas_kernels.h"

void tinynas_dequantize_float(const tinynas_dequantize_float_params *p, const int8_t *in,
                              float *out)
{
    int32_t i;
    for (i = p->count - 1; i >= 0; i--) {
        out[i] = p->scale * (float)(in[i] - p->zero_point);
    }
}
