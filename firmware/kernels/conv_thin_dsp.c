/* CONV_2D of any kernel, stride, dilation and padding with any number of input channels, made for first
 * layers, where a row of the kernel is a few bytes side by side.
 *
 * Four neighbouring positions at a time (also across rows) are expanded to 16 bits in scratch, then
 * multiplied with all channels (group_dsp.c). The fours of a kernel row are expanded as they are; what
 * is left of each row, up to three bytes, joins what is left of the others behind them. Windows that leave
 * the image, and dilated ones, are first put together as bytes. Instructions per position: a kernel of 3 x 9
 * bytes (three colours) 60; else about 8 a row, 8 a four and 11 a byte left over. */
#include "group_dsp.h"
#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

/* Rows of `run` bytes, `step` apart. */
static void tinynas_thin_rows(uint32_t *to, const int8_t *from, int32_t rows, int32_t run, int32_t step)
{
    const int32_t rest = run & 3, fours = run >> 2;
    const int8_t *row = from;
    int8_t *lane;
    int32_t turn = 0, i, k;

    if (fours != 0) {
        for (i = rows; i > 0; i--) {
            from = row;
            row += step;
            k = fours;
            do {
                const uint32_t v = tinynas_load4(from);
                to[0] = tinynas_even_bytes(v);
                to[4] = tinynas_odd_bytes(v);
                from += 4;
                to += 8;
                TINYNAS_OPAQUE(from);
                TINYNAS_OPAQUE(to);
            } while (--k != 0);
        }
        row -= rows * step;
    }
    lane = (int8_t *)to;
    row += run - rest;
    for (i = rest != 0 ? rows : 0; i > 0; i--) {
        for (k = 0; k < rest; k++) { /* the low lanes of two words, then the high ones */
            const int16_t v = row[k];
            memcpy(lane, &v, 2);
            lane += (turn & 1) != 0 ? 14 * turn - 28 : 16;
            turn = (turn + 1) & 3;
        }
        row += step;
    }
}

/* Eight of nine bytes; returns the ninth. */
static inline int32_t tinynas_thin_nine(uint32_t *to, const int8_t *from)
{
    const uint32_t v = tinynas_load4(from), w = tinynas_load4(from + 4);
    const int32_t left = from[8];
    to[0] = tinynas_even_bytes(v);
    to[4] = tinynas_odd_bytes(v);
    to[8] = tinynas_even_bytes(w);
    to[12] = tinynas_odd_bytes(w);
    return left;
}

static void tinynas_thin_3_nines(uint32_t *to, const int8_t *from, int32_t step)
{
    const int32_t a = tinynas_thin_nine(to, from);
    const int32_t b = tinynas_thin_nine(to + 16, from + step);
    const int32_t c = tinynas_thin_nine(to + 32, from + 2 * step);
    to[48] = tinynas_pack16(a, c);
    to[52] = (uint32_t)b & 0xffffu;
}

/* Puts a window together as bytes: all padding, then what lies inside the image. */
static void tinynas_thin_gather(const tinynas_conv_thin_dsp_params *p, const int8_t *in, int32_t row,
                                int32_t left, int8_t *to)
{
    const int32_t depth = p->in_c, run = p->kernel_w * depth;
    const uint32_t padding = ((uint32_t)p->in_zero_point & 0xffu) * 0x01010101u;
    int32_t first = 0, end = p->kernel_w, i, k;

    for (k = 0; k < p->kernel_h * run; k += 4) {
        memcpy(to + k, &padding, 4);
    }
    while (first < end && left + first * p->dilation_w < 0) {
        first++;
    }
    while (end > first && left + (end - 1) * p->dilation_w >= p->in_w) {
        end--;
    }
    for (i = 0; i < p->kernel_h; i++, row += p->dilation_h, to += run) {
        const int8_t *from = in + (row * p->in_w + left) * depth;
        if (row < 0 || row >= p->in_h) {
            continue;
        }
        if (p->dilation_w == 1) {
            for (k = first * depth; k < end * depth; k++) {
                to[k] = from[k];
            }
        } else {
            int32_t j;
            for (j = first; j < end; j++) {
                for (k = 0; k < depth; k++) {
                    to[j * depth + k] = from[j * p->dilation_w * depth + k];
                }
            }
        }
    }
}

void tinynas_conv_thin_dsp(const tinynas_conv_thin_dsp_params *p, const int8_t *in, int8_t *out,
                           void *scratch)
{
    const tinynas_dsp_layer layer = {p->stream, p->words, p->out_c,      p->any,
                                     p->low,    p->high,  p->zero_point};
    uint32_t *const expanded = (uint32_t *)scratch;
    const tinynas_group group = tinynas_group_of(&layer, expanded);
    int8_t *const bytes = (int8_t *)(expanded + 4 * p->words);
    const int32_t run = p->kernel_w * p->in_c, step = p->dilation_h * p->in_w * p->in_c;
    const int32_t positions = p->out_h * p->out_w;
    int32_t at = p->backward ? (positions - 1) & ~3 : 0;

    while (at >= 0 && at < positions) {
        const int32_t count = positions - at < 4 ? positions - at : 4;
        int32_t y = at / p->out_w, x = at - y * p->out_w, n = 0;
        while (n < count) { /* neighbours inside the image, or one at its border */
            const int32_t row = y * p->stride_h - p->pad_top, left = x * p->stride_w - p->pad_left;
            const int8_t *from = in + (row * p->in_w + left) * p->in_c;
            int32_t from_step = step, end = n + 1;
            if (y >= p->inner_y && y < p->inner_end_y && x >= p->inner_x && x < p->inner_end_x) {
                end = n + p->inner_end_x - x < count ? n + p->inner_end_x - x : count;
            } else {
                tinynas_thin_gather(p, in, row, left, bytes);
                from = bytes;
                from_step = run;
            }
            x += end - n;
            for (; n < end; n++) {
                if (run == 9 && p->kernel_h == 3) {
                    tinynas_thin_3_nines(expanded + n, from, from_step);
                } else {
                    tinynas_thin_rows(expanded + n, from, p->kernel_h, run, from_step);
                }
                from += p->stride_w * p->in_c;
            }
            if (x == p->out_w) {
                x = 0;
                y++;
            }
        }
        tinynas_group_dsp(&group, out + at * p->out_c, count);
        at += p->backward ? -4 : 4;
    }
}
