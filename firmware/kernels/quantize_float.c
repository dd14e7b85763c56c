/* QUANTIZE from float32: x / scale rounded to nearest, halves away from zero, plus zero point,
 * clamped. Values beyond int8 are clamped before they become integers; not-a-number counts as the
 * lowest value. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

void tinynas_quantize_float(const tinynas_quantize_float_params *p, const float *in, int8_t *out)
{
    int32_t i;
    for (i = 0; i < p->count; i++) {
        float x = in[i] / p->scale;
        int32_t q;
        if (!(x > -512.0f)) {
            x = -512.0f;
        }
        if (x > 512.0f) {
            x = 512.0f;
        }
        q = (int32_t)x; /* towards zero; what is left is exact */
        x -= (float)q;
        if (x >= 0.5f) {
            q++;
        } else if (x <= -0.5f) {
            q--;
        }
        out[i] = (int8_t)tinynas_clamp(q + p->zero_point, -128, 127);
    }
}
