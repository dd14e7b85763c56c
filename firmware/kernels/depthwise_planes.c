/* Planes of the depthwise kernels: expansion, strips, and the channels that need step-by-step rounding.
 * Instructions: 2.5 per input byte and about 25 a line; about 40 per channel and strip. */
#include "depthwise_planes.h"

#include "tinynas_bytes.h"
#include "tinynas_fixed.h"

/* What is the same for all lines, steps in bytes. The assembly knows the order. */
typedef struct {
    int32_t step;      /* between pixels */
    int32_t pixels;
    int32_t next_from; /* from the end of one line to the next */
    int32_t next_to;
} tinynas_lines;

/* Bytes `step` apart to consecutive halfwords, `lines` lines (at least one). */
void tinynas_expand_lines(const int8_t *from, int16_t *to, int32_t lines, const tinynas_lines *of);

#if TINYNAS_DSP
/* r0 from, r1 to, r2 lines, r3 step, r4 three steps, r5 pixels, r6 r7 nexts, r8-r11 values, r12 end. */
__asm__(".syntax unified\n"
        ".macro tn_expand4\n"
        "ldrsb r8, [r0]\n"
        "ldrsb r9, [r0, r3]\n"
        "ldrsb r10, [r0, r3, lsl #1]\n"
        "ldrsb r11, [r0, r4]\n"
        "add r0, r0, r3, lsl #2\n"
        "strh r9, [r1, #2]\n"
        "strh r10, [r1, #4]\n"
        "strh r11, [r1, #6]\n"
        "strh r8, [r1], #8\n"
        ".endm\n"
        ".section .text.tinynas_expand_lines, \"ax\", %progbits\n"
        ".thumb_func\n"
        ".type tinynas_expand_lines, %function\n"
        "tinynas_expand_lines:\n"
        "push {r4-r11, lr}\n"
        "ldm r3, {r3, r5-r7}\n"
        "add r4, r3, r3, lsl #1\n"
        "1:\n"
        "asrs r12, r5, #3\n"
        "beq 3f\n"
        "add r12, r1, r12, lsl #4\n"
        "2:\n"
        "tn_expand4\n"
        "tn_expand4\n"
        "cmp r1, r12\n"
        "bne 2b\n"
        "3:\n"
        "lsls r12, r5, #30\n" /* carry: 4, negative: 2 */
        "bcc 4f\n"
        "tn_expand4\n"
        "lsls r12, r5, #30\n"
        "4:\n"
        "bpl 5f\n"
        "ldrsb r8, [r0]\n"
        "ldrsb r9, [r0, r3]\n"
        "add r0, r0, r3, lsl #1\n"
        "strh r9, [r1, #2]\n"
        "strh r8, [r1], #4\n"
        "5:\n"
        "lsls r12, r5, #31\n"
        "beq 6f\n"
        "ldrsb r8, [r0]\n"
        "add r0, r3\n"
        "strh r8, [r1], #2\n"
        "6:\n"
        "add r0, r6\n"
        "add r1, r7\n"
        "subs r2, #1\n"
        "bne 1b\n"
        "pop {r4-r11, pc}\n"
        ".size tinynas_expand_lines, . - tinynas_expand_lines\n"
        ".text\n");
#else
void tinynas_expand_lines(const int8_t *from, int16_t *to, int32_t lines, const tinynas_lines *of)
{
    int32_t x;
    for (; lines != 0; lines--) {
        for (x = 0; x < of->pixels; x++) {
            *to++ = from[x * of->step];
        }
        from += of->pixels * of->step + of->next_from;
        to += of->next_to / 2;
    }
}
#endif

/* `words` pairs of one value. */
static TINYNAS_APART void tinynas_fill(int16_t *to, int32_t words, int32_t value)
{
    const uint32_t pair = tinynas_pack16(value, value);
    int16_t *const end = to + 2 * words;
    while (to != end) {
        memcpy(TINYNAS_ALIGNED(to), &pair, 4);
        to += 2;
        TINYNAS_OPAQUE(to);
    }
}

/* A later strip's first lines are the last ones of the strip before it. */
static TINYNAS_APART void tinynas_move_lines(const tinynas_depthwise_planes_params *p, int16_t *plane)
{
    tinynas_copy((int8_t *)plane, (const int8_t *)(plane + p->strip * p->stride_lines * p->pitch),
                 2 * (p->kernel_lines - p->stride_lines) * p->pitch);
}

/* Lines [line, end) of a plane, line 0 of which is line `at` of the image. The padding beside lines is
 * there already and stays; lines outside the image are filled when `fill`. */
static void tinynas_expand_strip(const tinynas_depthwise_planes_params *p, const tinynas_lines *of,
                                 const int8_t *in, int32_t at, int32_t line, int32_t end, int32_t fill,
                                 int16_t *plane)
{
    int32_t last = p->in_lines - at;
    if (last > end) {
        last = end;
    }
    if (at + line < 0) {
        const int32_t above = -at < end ? -at : end;
        if (fill) {
            tinynas_fill(plane + line * p->pitch, (above - line) * (p->pitch / 2), p->in_zero_point);
        }
        line = above;
    }
    if (line < last) {
        tinynas_expand_lines(in + (at + line) * p->in_line_step, plane + line * p->pitch + p->pad_pixels,
                             last - line, of);
        line = last;
    }
    if (fill && line < end) {
        tinynas_fill(plane + line * p->pitch, (end - line) * (p->pitch / 2), p->in_zero_point);
    }
}

/* One input channel: planes, and the output channels that read them. */
static TINYNAS_APART void tinynas_plane_strips(const tinynas_depthwise_planes_params *p, const tinynas_lines *of,
                                 const int8_t *in, int8_t *out, int32_t o, tinynas_plane *plane,
                                 tinynas_plane_kernel kernel)
{
    int16_t *const lines = (int16_t *)(uintptr_t)plane->in;
    const int32_t shared = p->kernel_lines - p->stride_lines;
    int32_t left = p->out_lines, at = -p->pad_lines, kept = 0, k;
    while (left > 0) {
        plane->lines = left < p->strip ? left : p->strip;
        plane->out = out;
        if (kept > 0) {
            tinynas_move_lines(p, lines);
        }
        tinynas_expand_strip(p, of, in, at, kept, (plane->lines - 1) * p->stride_lines + p->kernel_lines,
                             p->strip < p->out_lines, lines);
        for (k = 0; k < p->multiplier; k++) {
            kernel(plane, o + k);
            plane->out++;
        }
        kept = shared > 0 ? shared : 0;
        at += p->strip * p->stride_lines;
        out += p->strip * p->out_line_step;
        left -= p->strip;
    }
}

void tinynas_plane_any(const tinynas_plane *plane, int32_t o)
{
    const tinynas_depthwise_planes_params *p = plane->p;
    const int8_t *const weights = p->weights + o * p->kernel_lines * p->weight_row;
    const int32_t shift = TINYNAS_ANY_SHIFT - p->shifts[o];
    const int16_t *lines = plane->in;
    int8_t *out = plane->out;
    int32_t y, x, i, j;
    for (y = 0; y < plane->lines; y++) {
        for (x = 0; x < p->out_pixels; x++) {
            const int16_t *line = lines + x * p->stride_pixels;
            const int8_t *w = weights;
            int32_t sum = p->bias[o];
            for (i = 0; i < p->kernel_lines; i++) {
                for (j = 0; j < p->kernel_pixels; j++) {
                    sum = TINYNAS_ADD_WRAP(sum, line[j] * w[j]);
                }
                w += p->weight_row;
                line += p->pitch;
            }
            out[x * p->out_pixel_step] =
                tinynas_requantize(sum, p->multipliers[o], shift, -128 - p->zero_point,
                                   127 - p->zero_point, p->zero_point);
        }
        lines += p->stride_lines * p->pitch;
        out += p->out_line_step;
    }
}

static TINYNAS_APART void tinynas_clamp_all(int8_t *out, int32_t count, int32_t low, int32_t high)
{
    int8_t *const end = out + count;
    while (out != end) {
        *out = (int8_t)tinynas_clamp(*out, low, high);
        out++;
    }
}

void tinynas_depthwise_planes(const tinynas_depthwise_planes_params *p, const int8_t *in, int8_t *out,
                              void *scratch, tinynas_plane *plane, tinynas_plane_kernel kernel)
{
    const tinynas_lines of = {p->in_pixel_step, p->in_pixels, p->in_line_step - p->in_pixels * p->in_pixel_step,
                              2 * (p->pitch - p->in_pixels)};
    const int32_t simple = p->strip >= p->out_lines && p->multiplier == 1 && p->whole_lines > 0;
    int32_t image, c;

    plane->p = p;
    plane->in = (int16_t *)scratch;
    tinynas_fill((int16_t *)scratch, p->plane_words, p->in_zero_point);
    for (image = 0; image < p->batches; image++) {
        const int8_t *from = in + p->in_start;
        int8_t *to = out + p->out_start;
        if (simple) {
            int16_t *const first = (int16_t *)scratch + p->pad_lines * p->pitch + p->pad_pixels;
            const int32_t lines = p->whole_lines;
            plane->lines = p->out_lines;
            plane->out = to;
            for (c = 0; c < p->channels; c++) {
                tinynas_expand_lines(from++, first, lines, &of);
                kernel(plane, c);
                plane->out++;
            }
        } else {
            for (c = 0; c < p->channels; c++) {
                tinynas_plane_strips(p, &of, from++, to, c * p->multiplier, plane, kernel);
                to += p->multiplier;
            }
        }
        if (p->low > -128 || p->high < 127) {
            tinynas_clamp_all(out, p->out_bytes, p->low, p->high);
        }
        in += p->in_bytes;
        out += p->out_bytes;
    }
}
