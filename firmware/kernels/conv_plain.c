/* CONV_2D of any kernel, stride, dilation and padding.
 *
 * Every output position first copies its input window into scratch (padding as the input's zero
 * point, so that the zero point can live in the bias), then multiplies that vector with all rows
 * of the weights. The copy costs about 1 to 4 instructions per byte, shared by all output
 * channels, and lets the output overwrite the input up to the window. Which taps lie inside is
 * settled once per position, not per tap. Instructions per MAC: those of rows_plain.c. */
#include "rows_plain.h"
#include "tinynas_bytes.h"
#include "tinynas_kernels.h"

static void tinynas_conv_window(const tinynas_conv_plain_params *p, const int8_t *in, int32_t y,
                                int32_t x, int8_t *window)
{
    const int32_t depth = p->in_c;
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    int32_t first = 0, last = p->kernel_w, i, j;

    while (first < last && left + first * p->dilation_w < 0) {
        first++;
    }
    while (last > first && left + (last - 1) * p->dilation_w >= p->in_w) {
        last--;
    }
    for (i = 0; i < p->kernel_h; i++) {
        const int32_t row = top + i * p->dilation_h;
        const int8_t *from;
        if (row < 0 || row >= p->in_h || first == last) {
            memset(window, p->in_zero_point, (size_t)(p->kernel_w * depth));
            window += p->kernel_w * depth;
            continue;
        }
        if (first > 0) {
            memset(window, p->in_zero_point, (size_t)(first * depth));
            window += first * depth;
        }
        from = in + (row * p->in_w + left + first * p->dilation_w) * depth;
        if (p->dilation_w == 1) {
            tinynas_copy(window, from, (last - first) * depth);
            window += (last - first) * depth;
        } else {
            for (j = first; j < last; j++) {
                tinynas_copy(window, from, depth);
                window += depth;
                from += p->dilation_w * depth;
            }
        }
        if (last < p->kernel_w) {
            memset(window, p->in_zero_point, (size_t)((p->kernel_w - last) * depth));
            window += (p->kernel_w - last) * depth;
        }
    }
}

void tinynas_conv_plain(const tinynas_conv_plain_params *p, const int8_t *in, int8_t *out,
                        void *scratch)
{
    const tinynas_rows rows = {
        p->weights,
        p->kernel_h * p->kernel_w * p->in_c,
        p->out_c,
        {p->bias, p->multipliers, p->shifts, 0, p->any_left, p->low, p->high, p->zero_point}};
    int8_t *window = (int8_t *)scratch;
    const int32_t positions = p->batches * p->out_h * p->out_w;
    int32_t y = 0, x = 0, n;
    int32_t step = p->out_c;

    if (p->backward) {
        y = p->out_h - 1;
        x = p->out_w - 1;
        out += (positions - 1) * step;
        step = -step;
    }
    for (n = 0; n < positions; n++) {
        tinynas_conv_window(p, in, y, x, window);
        tinynas_rows_plain(&rows, window, out);
        out += step;
        if (!p->backward) {
            if (++x == p->out_w) {
                x = 0;
                if (++y == p->out_h) {
                    y = 0; /* of the next image */
                    in += p->in_h * p->in_w * p->in_c;
                }
            }
        } else if (--x < 0) {
            x = p->out_w - 1;
            y--;
        }
    }
}
