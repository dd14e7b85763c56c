/* AVERAGE_POOL_2D: the mean of the elements inside the input, halves rounded away from zero.
 *
 * The part of each window inside the input is found once per position; four channels are summed at
 * a time. The division is by a number that is the same for all channels of a position: cores
 * without a divider multiply by its reciprocal instead (tinynas_divide_round).
 * Instructions per element summed: ARMv7-M 2.4, ARMv6-M 3.6, plus about 11 and 18 per window row and
 * 22 and 39 per output. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

/* The part of a window that lies inside the input: `rows` by `columns` pixels. */
typedef struct {
    const int8_t *first;
    int32_t rows, columns;
    int32_t channels;
    int32_t row_step;
} tinynas_pool_window;

static void tinynas_pool_sum4(const tinynas_pool_window *w, int32_t c, int32_t *sums)
{
    const int32_t channels = w->channels;
    const int8_t *row = w->first + c;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, i, j;
    for (i = w->rows; i > 0; i--) {
        const int8_t *e = row;
        for (j = w->columns; j > 0; j--) {
            s0 += e[0];
            s1 += e[1];
            s2 += e[2];
            s3 += e[3];
            e += channels;
        }
        row += w->row_step;
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static void tinynas_pool_sum1(const tinynas_pool_window *w, int32_t c, int32_t *sums)
{
    const int8_t *row = w->first + c;
    int32_t s = 0, i, j;
    for (i = w->rows; i > 0; i--) {
        const int8_t *e = row;
        for (j = w->columns; j > 0; j--) {
            s += *e;
            e += w->channels;
        }
        row += w->row_step;
    }
    sums[0] = s;
}

void tinynas_average_pool_plain(const tinynas_average_pool_plain_params *p, const int8_t *in,
                                int8_t *out)
{
    const int32_t channels = p->channels, low = p->low, high = p->high;
    tinynas_pool_window w = {in, 0, 0, channels, p->in_w * channels};
    tinynas_divider divider = {0, 0};
    int32_t sums[4];
    int32_t image, y, x, c, k, n;

    for (image = 0; image < p->batches; image++) {
        for (y = 0; y < p->out_h; y++) {
            const int32_t top = y * p->stride_h - p->pad_top;
            const int32_t y0 = top < 0 ? 0 : top;
            w.rows = (top + p->kernel_h > p->in_h ? p->in_h : top + p->kernel_h) - y0;
            for (x = 0; x < p->out_w; x++) {
                const int32_t left = x * p->stride_w - p->pad_left;
                const int32_t x0 = left < 0 ? 0 : left;
                w.columns = (left + p->kernel_w > p->in_w ? p->in_w : left + p->kernel_w) - x0;
                w.first = in + (y0 * p->in_w + x0) * channels;
                if (w.rows * w.columns != divider.count) {
                    divider = tinynas_divider_of(w.rows * w.columns);
                }
                for (c = 0; c < channels; c += n) {
                    n = channels - c < 4 ? channels - c : 4;
                    if (n == 4) {
                        tinynas_pool_sum4(&w, c, sums);
                    } else {
                        for (k = 0; k < n; k++) {
                            tinynas_pool_sum1(&w, c + k, sums + k);
                        }
                    }
                    for (k = 0; k < n; k++) {
                        const int32_t mean = tinynas_divide_round(sums[k], divider);
                        *out++ = (int8_t)tinynas_clamp(mean, low, high);
                    }
                }
            }
        }
        in += p->in_h * w.row_step;
    }
}
