/* MAX_POOL_2D: the largest element inside the input, clamped.
 *
 * The part of each window inside the input is found once per position, then every channel walks
 * it. Instructions per element: 6 to 8. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

void tinynas_max_pool_plain(const tinynas_max_pool_plain_params *p, const int8_t *in, int8_t *out)
{
    const int32_t channels = p->channels, low = p->low, high = p->high;
    const int32_t row_step = p->in_w * channels;
    int32_t image, y, x, c, i, j;

    for (image = 0; image < p->batches; image++) {
        for (y = 0; y < p->out_h; y++) {
            const int32_t top = y * p->stride_h - p->pad_top;
            const int32_t y0 = top < 0 ? 0 : top;
            const int32_t y1 = top + p->kernel_h > p->in_h ? p->in_h : top + p->kernel_h;
            for (x = 0; x < p->out_w; x++) {
                const int32_t left = x * p->stride_w - p->pad_left;
                const int32_t x0 = left < 0 ? 0 : left;
                const int32_t x1 = left + p->kernel_w > p->in_w ? p->in_w : left + p->kernel_w;
                const int8_t *window = in + (y0 * p->in_w + x0) * channels;
                for (c = 0; c < channels; c++) {
                    const int8_t *row = window + c;
                    int32_t best = -128;
                    for (i = y0; i < y1; i++) {
                        const int8_t *e = row;
                        for (j = x0; j < x1; j++) {
                            if (*e > best) {
                                best = *e;
                            }
                            e += channels;
                        }
                        row += row_step;
                    }
                    *out++ = (int8_t)tinynas_clamp(best, low, high);
                }
            }
        }
        in += p->in_h * row_step;
    }
}
