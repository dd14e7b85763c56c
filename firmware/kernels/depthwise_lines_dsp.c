/* DEPTHWISE_CONV_2D of any kernel up to 17 taps along a line, any stride and multiplier, on cores with DSP
 * instructions; dilated ones come as one call per phase, in which neighbours are `dilation` apart.
 *
 * A row of the kernel becomes words of two taps: (w0, w1), (w2, w3), ... for outputs that begin in the low
 * half of a word of the plane, (0, w0), (w1, w2), ... for those that begin in the high half. Stride 1, eight
 * neighbouring outputs: per pair of such words 3 loads and 8 multiplications for 16 MACs. Registers:
 * r0-r7 sums, r8 r9 weights, r10 r11 inputs, r12 position, r14 weights' position; straight code for nine
 * pairs, entered where the kernel's are left. Instructions per group and kernel row 11 a pair and 6; per
 * group 62. Other strides: two outputs at a time in C, 8 instructions per 4 MACs. */
#include "depthwise_planes.h"

#define TINYNAS_LINE_GROUP 8

/* One line of outputs; the assembly knows the order (bytes on the right). */
typedef struct {
    tinynas_plane_factors factors; /* 0 multiplier, 4 round, 8 bias, 12 shift */
    int32_t out_step;              /* 16 */
    int32_t groups;                /* 20 of eight */
    int32_t tail;                  /* 24 outputs after them */
    int32_t rows;                  /* 28 of the kernel */
    int32_t pitch;                 /* 32 bytes */
    int32_t pairs;                 /* 36 of words in a row of the kernel */
    int32_t weight_row;            /* 40 bytes from a row of weights to the next */
} tinynas_line;

#if TINYNAS_DSP
/* r0 line, r1 plane, r2 weights, r3 output. Stack: 0 the line, 40 plane, 44 weights, 48 output, 52 rows left,
 * 56 entry, 60 a row of weights in bytes, 64 sums of the tail. */
__asm__(".syntax unified\n"
        ".macro tn_dwl_pair k\n"
        "ldrd r8, r9, [lr, #8*\\k]\n"
        "ldrd r10, r11, [r12, #4*\\k]\n"
        "smlad r0, r10, r8, r0\n"
        "smlad r1, r10, r9, r1\n"
        "smlad r2, r11, r8, r2\n"
        "smlad r3, r11, r9, r3\n"
        "ldrd r10, r11, [r12, #4*\\k+8]\n"
        "smlad r4, r10, r8, r4\n"
        "smlad r5, r10, r9, r5\n"
        "smlad r6, r11, r8, r6\n"
        "smlad r7, r11, r9, r7\n"
        ".endm\n"
        ".macro tn_dwl_two a, b\n"
        "smmlar r0, \\a, r8, r9\n"
        "smmlar r1, \\b, r8, r9\n"
        "add lr, lr, r10, lsl #1\n"
        "add r0, r0, \\a, asr #31\n"
        "add r1, r1, \\b, asr #31\n"
        "asr r0, r0, r11\n"
        "asr r1, r1, r11\n"
        "ssat r0, #8, r0\n"
        "ssat r1, #8, r1\n"
        "strb r0, [lr]\n"
        "strb r1, [lr, r10]\n"
        ".endm\n"
        ".section .text.tinynas_dwl_line, \"ax\", %progbits\n"
        ".thumb_func\n"
        ".type tinynas_dwl_line, %function\n"
        "tinynas_dwl_line:\n"
        "push {r4-r11, lr}\n"
        "sub sp, #96\n"
        "ldr r12, [r0, #36]\n"
        "rsb r4, r12, #9\n" /* pairs that are left out */
        "sub r1, r1, r4, lsl #2\n"
        "sub r2, r2, r4, lsl #3\n"
        "movs r5, #44\n" /* bytes of a pair */
        "adr r6, 3f\n"
        "mla r5, r4, r5, r6\n"
        "orr r5, #1\n"
        "ldr r6, [r0, #40]\n"
        "add r4, sp, #40\n"
        "stm r4, {r1-r3}\n"
        "strd r5, r6, [sp, #56]\n"
        "ldm r0!, {r4-r7}\n"
        "mov r8, sp\n"
        "stm r8!, {r4-r7}\n"
        "ldm r0!, {r4-r7, r9}\n"
        "stm r8, {r4-r7, r9}\n"
        "b 5f\n"
        "1:\n"
        "ldrd r12, lr, [sp, #40]\n"
        "ldr r8, [sp, #28]\n"
        "ldr r7, [sp, #8]\n"
        "mov r0, r7\n"
        "mov r1, r7\n"
        "mov r2, r7\n"
        "mov r3, r7\n"
        "mov r4, r7\n"
        "mov r5, r7\n"
        "mov r6, r7\n"
        "2:\n"
        "str r8, [sp, #52]\n"
        "ldr pc, [sp, #56]\n"
        ".balign 4\n"
        "3:\n"
        "tn_dwl_pair 0\n"
        "tn_dwl_pair 1\n"
        "tn_dwl_pair 2\n"
        "tn_dwl_pair 3\n"
        "tn_dwl_pair 4\n"
        "tn_dwl_pair 5\n"
        "tn_dwl_pair 6\n"
        "tn_dwl_pair 7\n"
        "tn_dwl_pair 8\n"
        "ldr r8, [sp, #52]\n"
        "ldr r9, [sp, #32]\n"
        "subs r8, #1\n"
        "ldr r10, [sp, #60]\n"
        "add r12, r12, r9\n"
        "add lr, lr, r10\n"
        "bne 2b\n"
        "ldrd r8, r9, [sp]\n" /* factor, rounding */
        "ldr lr, [sp, #48]\n"
        "ldr r12, [sp, #20]\n"
        "ldr r11, [sp, #12]\n"
        "ldr r10, [sp, #16]\n"
        "cmp r12, #0\n"
        "beq 6f\n"
        "smmulr r0, r0, r8\n"
        "smmulr r1, r1, r8\n"
        "add r0, r0, r0, asr #31\n"
        "add r1, r1, r1, asr #31\n"
        "add r0, r0, r9\n"
        "add r1, r1, r9\n"
        "asr r0, r0, r11\n"
        "asr r1, r1, r11\n"
        "ssat r0, #8, r0\n"
        "ssat r1, #8, r1\n"
        "strb r0, [lr]\n"
        "strb r1, [lr, r10]\n"
        "tn_dwl_two r2, r3\n"
        "tn_dwl_two r4, r5\n"
        "tn_dwl_two r6, r7\n"
        "add lr, lr, r10, lsl #1\n"
        "ldr r0, [sp, #40]\n"
        "str lr, [sp, #48]\n"
        "adds r0, #16\n"
        "str r0, [sp, #40]\n"
        "subs r12, #1\n"
        "str r12, [sp, #20]\n"
        "bne 1b\n"
        "5:\n" /* what is left */
        "ldrd r12, r8, [sp, #20]\n"
        "orrs r12, r8\n"
        "bne 1b\n"
        "b 8f\n"
        "6:\n" /* the tail: sums to the stack, one after the other */
        "add r12, sp, #64\n"
        "stm r12, {r0-r7}\n"
        "ldr r0, [sp, #24]\n"
        "7:\n"
        "ldr r1, [r12], #4\n"
        "smmlar r2, r1, r8, r9\n"
        "subs r0, #1\n"
        "add r2, r2, r1, asr #31\n"
        "asr r2, r2, r11\n"
        "ssat r2, #8, r2\n"
        "strb r2, [lr]\n"
        "add lr, lr, r10\n"
        "bne 7b\n"
        "8:\n"
        "add sp, #96\n"
        "pop {r4-r11, pc}\n"
        ".size tinynas_dwl_line, . - tinynas_dwl_line\n"
        ".text\n");
void tinynas_dwl_line(const tinynas_line *line, const int16_t *plane, const uint32_t *weights,
                      int8_t *out);
#else
static void tinynas_dwl_line(const tinynas_line *line, const int16_t *plane, const uint32_t *weights,
                             int8_t *out)
{
    const tinynas_plane_factors f = line->factors;
    const int32_t count = TINYNAS_LINE_GROUP * line->groups + line->tail;
    int32_t x, i, j;
    for (x = 0; x < count; x++) {
        const int16_t *in = plane + (x & ~1);
        const uint32_t *w = weights + (x & 1);
        int32_t sum = f.bias;
        for (i = 0; i < line->rows; i++) {
            for (j = 0; j < line->pairs; j++) {
                sum = tinynas_dot2(tinynas_pack16(in[2 * j], in[2 * j + 1]), *w, sum);
                w += 2;
            }
            w += line->weight_row / 4 - 2 * line->pairs;
            in += line->pitch / 2;
        }
        out[x * line->out_step] =
            (int8_t)tinynas_finish_signed(sum, f.multiplier, f.round, f.shift);
    }
}
#endif

/* Words of taps, (from the low half, from the high half) pair after pair, row after row; doubled. Four taps
 * give two pairs; rows are padded with zeros to whole such fours. */
static void tinynas_line_weights(const tinynas_depthwise_planes_params *p, const int8_t *w, uint32_t *words)
{
    const int32_t row = p->weight_row;
    int32_t i;
    for (i = p->kernel_lines; i != 0; i--) {
        const int8_t *const end = w + row;
        uint32_t before = 0; /* in its high half, the tap before */
        while (w != end) {
            const uint32_t taps = tinynas_load4(w);
            const uint32_t even = tinynas_twice16(tinynas_even_bytes(taps));
            const uint32_t odd = tinynas_twice16(tinynas_odd_bytes(taps));
            words[0] = tinynas_pack16((int32_t)even, (int32_t)odd);
            words[1] = (before >> 16) | (even << 16);
            words[2] = (even >> 16) | (odd & 0xffff0000u);
            words[3] = (odd & 0xffffu) | (even & 0xffff0000u);
            before = odd;
            words += 4;
            w += 4;
        }
    }
}

/* Strides above one: two outputs at a time, words of the plane from any halfword. */
static uint32_t tinynas_two_inputs(const int16_t *at)
{
    uint32_t x;
    memcpy(&x, at, 4);
    return x;
}

static void tinynas_line_strided(const tinynas_line *line, const int16_t *plane, const uint32_t *weights,
                                 int8_t *out, int32_t count, int32_t stride)
{
    const tinynas_plane_factors f = line->factors;
    for (; count > 0; count -= 2) {
        const int32_t second = count > 1 ? stride : 0;
        const int16_t *row = plane;
        const uint32_t *w = weights;
        int32_t s = f.bias, t = f.bias, i;
        for (i = line->rows; i != 0; i--) {
            const int16_t *in = row;
            const uint32_t *const end = w + 2 * line->pairs;
            for (; w != end; w += 2) {
                s = tinynas_dot2(tinynas_two_inputs(in), *w, s);
                t = tinynas_dot2(tinynas_two_inputs(in + second), *w, t);
                in += 2;
            }
            w += line->weight_row / 4 - 2 * line->pairs;
            row += line->pitch / 2;
        }
        *out = (int8_t)tinynas_finish_signed(s, f.multiplier, f.round, f.shift);
        out += line->out_step;
        if (second) {
            *out = (int8_t)tinynas_finish_signed(t, f.multiplier, f.round, f.shift);
            out += line->out_step;
        }
        plane += 2 * stride;
    }
}

static void tinynas_line_plane(tinynas_plane *plane, int32_t o)
{
    const tinynas_depthwise_planes_params *p = plane->p;
    const int32_t shift = p->shifts[o], taps = p->kernel_pixels, stride = p->stride_pixels;
    const int16_t *in = plane->in;
    uint32_t *const words = (uint32_t *)(void *)(uintptr_t)plane->in + p->plane_words;
    int8_t *out = plane->out;
    tinynas_line line;
    int32_t scale, n;

    if (shift >= TINYNAS_MARKED) {
        tinynas_plane_any(plane, o);
        return;
    }
    line.factors = tinynas_plane_factors_of(p, o, shift, TINYNAS_SIGNED, &scale);
    line.out_step = p->out_pixel_step;
    line.groups = p->out_pixels / TINYNAS_LINE_GROUP;
    line.tail = p->out_pixels % TINYNAS_LINE_GROUP;
    line.rows = p->kernel_lines;
    line.pitch = 2 * p->pitch;
    line.pairs = stride == 1 ? taps / 2 + 1 : (taps + 1) / 2;
    line.weight_row = 4 * p->weight_row;
    tinynas_line_weights(p, p->weights + o * p->kernel_lines * p->weight_row, words);
    for (n = plane->lines; n != 0; n--) {
        if (stride == 1) {
            tinynas_dwl_line(&line, in, words, out);
        } else {
            tinynas_line_strided(&line, in, words, out, p->out_pixels, stride);
        }
        in += p->stride_lines * p->pitch;
        out += p->out_line_step;
    }
}

void tinynas_depthwise_lines_dsp(const tinynas_depthwise_lines_dsp_params *p, const int8_t *in,
                                 int8_t *out, void *scratch)
{
    tinynas_plane plane;
    tinynas_depthwise_planes(p, in, out, scratch, &plane, tinynas_line_plane);
}
