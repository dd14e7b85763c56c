/* Depthwise 3 x 3 on planes (depthwise_planes.h), stride 1 or 2 along a line: groups of eight (then six, four,
 * two, one) neighbouring outputs. To include once, in the file of a kernel.
 *
 * A word of the plane holds two neighbouring inputs. With a row's weights as pairs (w0, w1) and (w1, w2)
 * each word serves four multiplications (stride 1):
 *     even output: word k . (w0, w1) + low of word k+1 * w2
 *     odd output:  high of word k * w0 + word k+1 . (w1, w2)
 * With stride 2 all outputs are even ones. 6 instructions an output where 4.5 would be the least. Registers: r0-r7 sums, r8 r9 weights, r10 r11
 * words, r12 position, r14 pitch; the rest lies on the stack. */
#ifndef TINYNAS_DEPTHWISE_3X3_H
#define TINYNAS_DEPTHWISE_3X3_H

#include "depthwise_planes.h"
#include "tinynas_dsp.h"

/* Groups that lie at the same pixels of every line: offsets and steps in bytes. The assembly knows the
 * order. */
typedef struct {
    int32_t pitch;        /* from a row of the plane to the next */
    int32_t in_group;     /* from a group's last row to the next group's first */
    int32_t out_step;     /* between neighbouring outputs */
    int32_t out_step3;    /* three of them */
    int32_t out_group;    /* to the next group, from where the pointer is left */
    int32_t out_end;      /* where the line's last group ends */
    int32_t out;          /* where the first begins */
    int32_t lines;
    int32_t in_line;      /* after a line */
    int32_t out_line;
    int32_t out_end_line;
    int32_t in;           /* where the first begins */
} tinynas_dw3_columns;

/* One channel: three rows of (w0, w1), (w1, w2), and factors. */
typedef struct {
    uint32_t weights[6];
    tinynas_plane_factors factors;
} tinynas_dw3_channel;

typedef void (*tinynas_dw3_groups)(const tinynas_dw3_channel *channel,
                                   const tinynas_dw3_columns *columns, int8_t *out,
                                   const int16_t *plane);

#define TINYNAS_DW3_SIZES 5 /* of groups: 8, 6, 4, 2, 1 */
#define TINYNAS_DW3_COLUMNS 3 /* kinds that occur in a line: eights, one of six, four, two, and a one */

typedef struct {
    tinynas_plane plane; /* first */
    const tinynas_dw3_groups *groups;
    int32_t lines; /* that columns are made for */
    tinynas_dw3_columns columns[TINYNAS_DW3_COLUMNS];
    int8_t kind[TINYNAS_DW3_COLUMNS + 1]; /* index of the size; -1 ends */
} tinynas_dw3;

/* How many outputs further the pointer is left when a group has been stored. */
static inline int32_t tinynas_dw3_moved(int32_t outs, tinynas_finish finish)
{
    if (finish == TINYNAS_SIGNED) {
        return outs > 2 ? outs - 2 : 0;
    }
    return outs > 4 ? 4 : 0;
}

/* In C, word for word what the assembly does. */
static inline int32_t tinynas_dw3_output(const tinynas_dw3_channel *f, int32_t pitch, const int16_t *in,
                                         int32_t odd)
{
    int32_t sum = f->factors.bias, i;
    for (i = 0; i < 3; i++) {
        const uint32_t near = tinynas_pack16(in[0], in[1]), far = tinynas_pack16(in[2], in[3]);
        const uint32_t *w = f->weights + 2 * i;
        if (odd) {
            sum = tinynas_dot2(near & 0xffff0000u, w[0] << 16, tinynas_dot2(far, w[1], sum));
        } else {
            sum = tinynas_dot2(near, w[0], tinynas_dot2(far & 0xffffu, w[1] >> 16, sum));
        }
        in += pitch / 2;
    }
    return sum;
}

static inline void tinynas_dw3_run(const tinynas_dw3_channel *channel, const tinynas_dw3_columns *columns,
                                   int8_t *out, const int16_t *plane, int32_t outs, int32_t stride,
                                   tinynas_finish finish)
{
    const tinynas_plane_factors f = channel->factors;
    tinynas_dw3_columns c = *columns;
    for (; c.lines != 0; c.lines--) {
        do {
            int32_t k;
            for (k = 0; k < outs; k++) {
                const int32_t odd = stride == 1 && (k & 1);
                const int32_t sum = tinynas_dw3_output(channel, c.pitch,
                                                       plane + c.in / 2 + k * stride - odd, odd);
                out[c.out + k * c.out_step] =
                    (int8_t)(finish == TINYNAS_SIGNED
                                 ? tinynas_finish_signed(sum, f.multiplier, f.round, f.shift)
                                 : tinynas_finish_from_low(sum, f.multiplier, f.round));
            }
            c.in += 2 * c.pitch + c.in_group;
            c.out += tinynas_dw3_moved(outs, finish) * c.out_step + c.out_group;
        } while (c.out != c.out_end);
        c.in += c.in_line;
        c.out += c.out_line;
        c.out_end += c.out_end_line;
    }
}

/* Groups of `size` outputs from pixel x on, `count` side by side in each of `lines` lines. */
static inline void tinynas_dw3_column(tinynas_dw3_columns *f, const tinynas_depthwise_planes_params *p,
                                      int32_t lines, int32_t size, int32_t count, int32_t x,
                                      tinynas_finish finish)
{
    const int32_t step = p->out_pixel_step, pitch = 2 * p->pitch;
    const int32_t in_size = 2 * size * p->stride_pixels, in_line = pitch * p->stride_lines;
    const int32_t out_size = size * step, out_line = p->out_line_step;
    const int32_t moved = tinynas_dw3_moved(size, finish) * step;
    f->pitch = pitch;
    f->out_step = step;
    f->out_step3 = 3 * step;
    f->in = 2 * x * p->stride_pixels;
    f->out = x * step;
    if (count == 1) { /* lines are the groups */
        f->in_group = in_line - 2 * pitch;
        f->out_group = out_line - moved;
        f->out_end = f->out + lines * out_line;
        f->lines = 1;
        f->in_line = f->out_line = f->out_end_line = 0;
    } else {
        f->in_group = in_size - 2 * pitch;
        f->out_group = out_size - moved;
        f->out_end = f->out + count * out_size;
        f->lines = lines;
        f->in_line = in_line - count * in_size;
        f->out_line = out_line - count * out_size;
        f->out_end_line = out_line;
    }
}

static TINYNAS_APART void tinynas_dw3_divide(tinynas_dw3 *d, tinynas_finish finish)
{
    static const int8_t sizes[TINYNAS_DW3_SIZES] = {8, 6, 4, 2, 1};
    const int32_t pixels = d->plane.p->out_pixels;
    int32_t i, n = 0, x = 0;
    for (i = 0; i < TINYNAS_DW3_SIZES; i++) {
        const int32_t size = sizes[i], count = (pixels - x) / size;
        if (count != 0) {
            tinynas_dw3_column(&d->columns[n], d->plane.p, d->plane.lines, size, count, x, finish);
            d->kind[n++] = (int8_t)i;
            x += count * size;
        }
    }
    d->kind[n] = -1;
    d->lines = d->plane.lines;
}

/* A tinynas_plane_kernel, but for `finish`. */
static inline void tinynas_dw3_plane(tinynas_plane *plane, int32_t o, tinynas_finish finish)
{
    const tinynas_depthwise_planes_params *p = plane->p;
    tinynas_dw3 *const d = (tinynas_dw3 *)(void *)plane;
    const tinynas_dw3_columns *columns = d->columns;
    const int8_t *w = p->weights + 9 * o, *kind;
    const int32_t shift = p->shifts[o];
    tinynas_dw3_channel channel;
    int32_t scale;

    if (shift >= TINYNAS_MARKED) {
        tinynas_plane_any(plane, o);
        return;
    }
    if (d->lines != plane->lines) {
        tinynas_dw3_divide(d, finish);
    }
    channel.factors = tinynas_plane_factors_of(p, o, shift, finish, &scale);
#define TINYNAS_DW3_ROW(row)                                                         \
    {                                                                                \
        const int32_t w0 = TINYNAS_SHIFT_LEFT(w[3 * row], scale);                    \
        const int32_t w1 = TINYNAS_SHIFT_LEFT(w[3 * row + 1], scale);                \
        const int32_t w2 = TINYNAS_SHIFT_LEFT(w[3 * row + 2], scale);                \
        channel.weights[2 * row] = tinynas_pack16(w0, w1);                           \
        channel.weights[2 * row + 1] = tinynas_pack16(w1, w2);                       \
    }
    TINYNAS_DW3_ROW(0)
    TINYNAS_DW3_ROW(1)
    TINYNAS_DW3_ROW(2)
    for (kind = d->kind; *kind >= 0; kind++) {
        d->groups[*kind](&channel, columns++, plane->out, plane->in);
    }
}

#endif
