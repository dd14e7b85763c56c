/* AVERAGE_POOL_2D: the mean of the elements inside the input, halves rounded away from zero.
 *
 * The part of each window inside the input is found once per position; four channels are summed at
 * a time. The division is by a number that is the same for all channels of a position: cores
 * without a divider multiply by its reciprocal instead (tinynas_divide_round).
 * Instructions per element summed: ARMv7-M 2.5, ARMv6-M 3.5; per output about 12. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

void tinynas_average_pool_plain(const tinynas_average_pool_plain_params *p, const int8_t *in,
                                int8_t *out)
{
    const int32_t channels = p->channels;
    const int32_t row_step = p->in_w * channels;
    tinynas_divider divider = {0, 0};
    int32_t image, y, x, c, i, j, k;

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
                const int32_t count = (y1 - y0) * (x1 - x0);
                if (count != divider.count) {
                    divider = tinynas_divider_of(count);
                }
                for (c = 0; c < channels;) {
                    const int32_t n = channels - c >= 4 ? 4 : 1;
                    const int8_t *row = window + c;
                    int32_t sums[4] = {0, 0, 0, 0};
                    for (i = y0; i < y1; i++) {
                        const int8_t *e = row;
                        if (n == 4) {
                            int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
                            for (j = x0; j < x1; j++) {
                                s0 += e[0];
                                s1 += e[1];
                                s2 += e[2];
                                s3 += e[3];
                                e += channels;
                            }
                            sums[0] += s0;
                            sums[1] += s1;
                            sums[2] += s2;
                            sums[3] += s3;
                        } else {
                            for (j = x0; j < x1; j++) {
                                sums[0] += *e;
                                e += channels;
                            }
                        }
                        row += row_step;
                    }
                    for (k = 0; k < n; k++) {
                        *out++ = (int8_t)tinynas_clamp(tinynas_divide_round(sums[k], &divider), p->low,
                                                       p->high);
                    }
                    c += n;
                }
            }
        }
        in += p->in_h * row_step;
    }
}
