/* CONV_2D of any kernel, stride, dilation and padding, channels in fours, four neighbouring positions at
 * a time (also across rows).
 *
 * Their windows are expanded to 16 bits in scratch, padding as the input's zero point, then multiplied
 * with all channels (group_dsp.c). Expanding costs about 1.7 instructions a value and 100 a
 * position, shared by all output channels. */
#include "expand_dsp.h"
#include "group_dsp.h"
#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

static uint32_t *tinynas_conv_fill(uint32_t *to, int32_t value, int32_t words)
{
    const uint32_t both = tinynas_pack16(value, value);
    for (; words > 0; words--) {
        *to = both;
        to += 4;
    }
    return to;
}

/* Of `count` places from `start` on, `step` apart, how many lie in 0 to size - 1, after *before others. */
static int32_t tinynas_conv_inside(int32_t start, int32_t step, int32_t count, int32_t size, int32_t *before)
{
    int32_t first = 0;
    while (first < count && start < 0) {
        start += step;
        first++;
    }
    *before = first;
    start += (count - first - 1) * step;
    while (count > first && start >= size) {
        start -= step;
        count--;
    }
    return count - first;
}

static void tinynas_conv_window(const tinynas_conv_dsp_params *p, const int8_t *in, int32_t row, int32_t left,
                                uint32_t *to)
{
    const int32_t depth = p->in_c, tap = 2 * depth, line = p->kernel_w * tap; /* words */
    int32_t above, before, j;
    const int32_t rows = tinynas_conv_inside(row, p->dilation_h, p->kernel_h, p->in_h, &above);
    const int32_t taps = tinynas_conv_inside(left, p->dilation_w, p->kernel_w, p->in_w, &before);
    const int32_t together = p->dilation_w == 1 ? taps : 1; /* side by side */
    const int8_t *from =
        in + ((row + above * p->dilation_h) * p->in_w + left + before * p->dilation_w) * depth;

    if (rows < p->kernel_h || taps < p->kernel_w) {
        tinynas_conv_fill(to, p->in_zero_point, p->kernel_h * line / 4);
    }
    to += above * line + before * tap;
    for (j = 0; j < taps; j += together) {
        tinynas_expand_dsp(to, from, together * depth, rows, (p->dilation_h * p->in_w - together) * depth, line);
        to += together * tap;
        from += together * p->dilation_w * depth;
    }
}

/* The windows of `count` positions from `at` on, counted over rows. */
static void tinynas_conv_windows(const tinynas_conv_dsp_params *p, const int8_t *in, int32_t at, int32_t count,
                            uint32_t *to)
{
    int32_t y = at / p->out_w, x = at - y * p->out_w;

    for (; count > 0; count--) {
        tinynas_conv_window(p, in, y * p->stride_h - p->pad_top, x * p->stride_w - p->pad_left, to);
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
                                     p->low,    p->high,  p->zero_point};
    uint32_t *const x = (uint32_t *)scratch;
    const tinynas_group group = tinynas_group_of(&layer, x);
    const int32_t positions = p->out_h * p->out_w;
    int32_t at = p->backward ? (positions - 1) & ~3 : 0;

    while (at >= 0 && at < positions) {
        const int32_t count = positions - at < 4 ? positions - at : 4;
        tinynas_conv_windows(p, in, at, count, x);
        tinynas_group_dsp(&group, out + at * p->out_c, count);
        at += p->backward ? -4 : 4;
    }
}
