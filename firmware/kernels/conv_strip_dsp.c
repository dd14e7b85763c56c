/* CONV_2D with kernels three wide that move by one, channels in fours: four neighbouring positions of a row
 * at a time.
 *
 * The six columns under them are expanded to 16 bits in scratch once, padding as the input's zero point,
 * then multiplied with all channels (strip_dsp.c). The next four positions keep two of the columns. Half the
 * scratch and a third of the work of expanding every window. */
#include "expand_dsp.h"
#include "group_dsp.h"
#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

#define TINYNAS_COLUMNS 6

static uint32_t *tinynas_strip_fill(uint32_t *to, int32_t value, int32_t words, int32_t step)
{
    const uint32_t both = tinynas_pack16(value, value);
    for (; words > 0; words--) {
        *to = both;
        to += step;
    }
    return to;
}

/* Columns `first` to `end` - 1 of the strip that begins at `left`, of the rows under output row y. */
static void tinynas_strip_columns(const tinynas_conv_strip_dsp_params *p, const int8_t *in, int32_t y,
                                  int32_t left, int32_t first, int32_t end, uint32_t *to)
{
    const int32_t depth = p->in_c, words = depth / 2 * TINYNAS_COLUMNS;
    const int32_t from = left + first < 0 ? -left : first; /* inside the image */
    const int32_t until = left + end > p->in_w ? p->in_w - left : end;
    int32_t row = y * p->stride_h - p->pad_top, i, k;

    for (i = 0; i < p->kernel_h; i++, row += p->dilation_h, to += words) {
        if (row < 0 || row >= p->in_h) {
            tinynas_strip_fill(to, p->in_zero_point, words, 1);
            continue;
        }
        if (until > from) {
            tinynas_expand_vectors(to + from, in + (row * p->in_w + left + from) * depth, depth, until - from,
                                   TINYNAS_COLUMNS);
        }
        if (until - from < end - first) {
            for (k = first; k < end; k++) {
                if (k < from || k >= until) {
                    tinynas_strip_fill(to + k, p->in_zero_point, depth / 2, TINYNAS_COLUMNS);
                }
            }
        }
    }
}

/* Moves two columns of each six to where the next strip has them. */
static void tinynas_strip_keep(uint32_t *x, int32_t words, int32_t backward)
{
    const uint32_t *const end = x + words;
    const int32_t from = backward ? 0 : 4, to = backward ? 4 : 0;
    const uint32_t *read = x + from;
    uint32_t *write = x + to;
    for (; x != end; x += 2 * TINYNAS_COLUMNS) { /* rows are words times an even number */
        const uint32_t a = read[0], b = read[1], c = read[TINYNAS_COLUMNS], d = read[TINYNAS_COLUMNS + 1];
        write[0] = a;
        write[1] = b;
        write[TINYNAS_COLUMNS] = c;
        write[TINYNAS_COLUMNS + 1] = d;
        read += 2 * TINYNAS_COLUMNS;
        write += 2 * TINYNAS_COLUMNS;
    }
}

void tinynas_conv_strip_dsp(const tinynas_conv_strip_dsp_params *p, const int8_t *in, int8_t *out,
                            void *scratch)
{
    const tinynas_dsp_layer layer = {p->stream, p->words, p->out_c,      p->any,
                                     p->low,    p->high,  p->zero_point};
    uint32_t *const x = (uint32_t *)scratch;
    const tinynas_group group = tinynas_strip_of(&layer, x);
    const int32_t last = (p->out_w - 1) & ~3, start = p->backward ? last : 0;
    int32_t y = p->backward ? p->out_h - 1 : 0, at = start;

    while (y >= 0 && y < p->out_h) {
        const int32_t count = p->out_w - at < 4 ? p->out_w - at : 4;
        int32_t first = 0, end = TINYNAS_COLUMNS;
        if (at != start) {
            tinynas_strip_keep(x, p->kernel_h * p->in_c / 2 * TINYNAS_COLUMNS, p->backward);
            first = p->backward ? 0 : 2;
            end = p->backward ? 4 : TINYNAS_COLUMNS;
        }
        tinynas_strip_columns(p, in, y, at - p->pad_left, first, end, x);
        tinynas_strip_dsp(&group, out + (y * p->out_w + at) * p->out_c, count);
        at += p->backward ? -4 : 4;
        if (at < 0 || at > last) {
            y += p->backward ? -1 : 1;
            at = start;
        }
    }
}
