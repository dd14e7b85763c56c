/* CONV_2D of any kernel, stride, dilation and padding, channels in fours, four neighbouring positions at
 * a time.
 *
 * Their inputs are expanded to 16 bits in scratch, padding as the input's zero point, then multiplied
 * with all channels (group_dsp.c). Two layouts:
 * - a strip, for kernels three wide that move by one: the six columns under four positions of a row,
 *   once. Half the scratch and half the work of expanding.
 * - windows: every position's own; groups run on across rows.
 * Expanding costs about 1.7 instructions a value, shared by all output channels. */
#include "expand_dsp.h"
#include "group_dsp.h"
#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

#define TINYNAS_STRIP 6 /* columns */

static uint32_t *tinynas_conv_fill(uint32_t *to, int32_t value, int32_t words, int32_t step)
{
    const uint32_t both = tinynas_pack16(value, value);
    for (; words > 0; words--) {
        *to = both;
        to += step;
    }
    return to;
}

/* Columns from `left` on of the rows under output row y. */
static void tinynas_conv_strip(const tinynas_conv_dsp_params *p, const int8_t *in, int32_t y, int32_t left,
                          uint32_t *to)
{
    const int32_t depth = p->in_c;
    const int32_t before = left < 0 ? -left : 0;
    const int32_t end = p->in_w - left < TINYNAS_STRIP ? p->in_w - left : TINYNAS_STRIP;
    int32_t row = y * p->stride_h - p->pad_top, i, column;

    for (i = 0; i < p->kernel_h; i++, row += p->dilation_h) {
        const int8_t *from = in + (row * p->in_w + left + before) * depth;
        uint32_t *const next = to + depth / 2 * TINYNAS_STRIP;
        if (row < 0 || row >= p->in_h) {
            tinynas_conv_fill(to, p->in_zero_point, depth / 2 * TINYNAS_STRIP, 1);
            to = next;
            continue;
        }
        for (column = 0; column < TINYNAS_STRIP; column++) {
            uint32_t *at = to++;
            if (column < before || column >= end) {
                tinynas_conv_fill(at, p->in_zero_point, depth / 2, TINYNAS_STRIP);
            } else {
                const int8_t *const stop = from + depth;
                if (depth & 4) {
                    const uint32_t v = tinynas_load4(from);
                    at[0] = tinynas_even_bytes(v);
                    at[TINYNAS_STRIP] = tinynas_odd_bytes(v);
                    from += 4;
                    at += 2 * TINYNAS_STRIP;
                }
                while (from != stop) {
                    const uint32_t v = tinynas_load4(from), w = tinynas_load4(from + 4);
                    at[0] = tinynas_even_bytes(v);
                    at[TINYNAS_STRIP] = tinynas_odd_bytes(v);
                    at[2 * TINYNAS_STRIP] = tinynas_even_bytes(w);
                    at[3 * TINYNAS_STRIP] = tinynas_odd_bytes(w);
                    from += 8;
                    at += 4 * TINYNAS_STRIP;
                    TINYNAS_OPAQUE(from);
                }
            }
        }
        to = next;
    }
}

/* Taps of a row that lie inside the image: from *first, how many. */
static int32_t tinynas_conv_inside(const tinynas_conv_dsp_params *p, int32_t left, int32_t *first)
{
    int32_t a = 0, b = p->kernel_w;
    while (a < b && left + a * p->dilation_w < 0) {
        a++;
    }
    while (b > a && left + (b - 1) * p->dilation_w >= p->in_w) {
        b--;
    }
    *first = a;
    return b - a;
}

static void tinynas_conv_window_dsp(const tinynas_conv_dsp_params *p, const int8_t *in, int32_t row, int32_t left,
                           uint32_t *to)
{
    const int32_t depth = p->in_c, half = depth / 2;
    int32_t first, i, j;
    const int32_t taps = tinynas_conv_inside(p, left, &first);

    for (i = 0; i < p->kernel_h; i++, row += p->dilation_h) {
        const int32_t inside = row >= 0 && row < p->in_h ? taps : 0;
        const int32_t before = inside ? first : p->kernel_w;
        to = tinynas_conv_fill(to, p->in_zero_point, before * half, 4);
        if (inside) {
            const int8_t *from = in + (row * p->in_w + left + first * p->dilation_w) * depth;
            if (p->dilation_w == 1) {
                to = tinynas_expand_dsp(to, from, inside * depth);
            } else {
                for (j = 0; j < inside; j++) {
                    to = tinynas_expand_dsp(to, from, depth);
                    from += p->dilation_w * depth;
                }
            }
            to = tinynas_conv_fill(to, p->in_zero_point, (p->kernel_w - first - inside) * half, 4);
        }
    }
}

/* The windows of `count` positions from `at` on, counted over rows. */
static void tinynas_conv_windows(const tinynas_conv_dsp_params *p, const int8_t *in, int32_t at, int32_t count,
                            uint32_t *to)
{
    int32_t y = at / p->out_w, x = at - y * p->out_w;

    for (; count > 0; count--) {
        tinynas_conv_window_dsp(p, in, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left, to);
        to++;
        if (++x == p->out_w) {
            x = 0;
            y++;
        }
    }
}

void tinynas_conv_dsp(const tinynas_conv_dsp_params *p, const int8_t *in, int8_t *out, void *scratch)
{
    const tinynas_dsp_layer layer = {p->stream, p->words, p->out_c,      p->any,
                                     p->low,    p->high,  p->zero_point, p->strip};
    uint32_t *const x = (uint32_t *)scratch;
    const int32_t rows = p->strip ? p->out_h : 1; /* groups do not cross */
    const int32_t width = p->strip ? p->out_w : p->out_h * p->out_w;
    const int32_t last = (width - 1) & ~3;
    int32_t y = p->backward ? rows - 1 : 0, at = p->backward ? last : 0;

    while (y >= 0 && y < rows) {
        const int32_t count = width - at < 4 ? width - at : 4;
        if (p->strip) {
            tinynas_conv_strip(p, in, y, at - p->pad_left, x);
        } else {
            tinynas_conv_windows(p, in, at, count, x);
        }
        tinynas_group_dsp(&layer, x, out + (y * width + at) * p->out_c, count);
        at += p->backward ? -4 : 4;
        if (at < 0 || at > last) {
            y += p->backward ? -1 : 1;
            at = p->backward ? last : 0;
        }
    }
}
