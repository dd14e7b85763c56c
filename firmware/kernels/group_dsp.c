/* Four pixels times all output channels: see group_dsp_loops.h. A word of weights takes 12 instructions, 16
 * cycles on Cortex-M4. On Cortex-M7 single loads issue beside multiplications, pairs do not: 13 instructions
 * and 10 cycles, or 12 and 12. Both kinds are mixed: the first ten of sixteen words are short, so that few words
 * (short sums, where instructions beside the loop dominate) are quick ones. One and two pixels have loops
 * of their own with 5 and 7 instructions a word. */
#include "group_dsp.h"

#include "group_dsp_loops.h"

#define TINYNAS_UNROLLED 16
#define TINYNAS_SHORT 10 /* of them */

#if TINYNAS_DSP_ASM
#if TINYNAS_DUAL_ISSUE
#define TINYNAS_WORD(b0, b1, b2, b3, a0, a1, a2, a3)                                              \
    "ldrd r2, r3, [r0], #8\n\tsxtb16 lr, r12\n\t"                                                 \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\tldr r2, [r0], #4\n\t"               \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldr r3, [r0], #4\n\t"               \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\tldr r12, [r1], #4\n\t"           \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_SHORT_WORD(b0, b1, b2, b3, a0, a1, a2, a3)                                        \
    "ldrd r2, r3, [r0], #8\n\tsxtb16 lr, r12\n\t"                                                 \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\tsmlad r9, r12, r3, " b1 "\n\t"      \
    "smlad r5, lr, r3, " a1 "\n\tldrd r2, r3, [r0], #8\n\t"                                       \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\tldr r12, [r1], #4\n\t"           \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_WORD_BYTES 52
#define TINYNAS_ONE                                                                               \
    "ldr r2, [r0], #16\n\tsxtb16 lr, r12\n\tsmlad r8, r12, r2, r8\n\tldr r12, [r1], #4\n\t"       \
    "smlad r4, lr, r2, r4\n\t"
#define TINYNAS_BOTH                                                                              \
    "ldrd r2, r3, [r0], #16\n\tsxtb16 lr, r12\n\tsmlad r8, r12, r2, r8\n\t"                       \
    "smlad r9, r12, r3, r9\n\tldr r12, [r1], #4\n\tsmlad r4, lr, r2, r4\n\tsmlad r5, lr, r3, r5\n\t"
#else
#define TINYNAS_WORD(b0, b1, b2, b3, a0, a1, a2, a3)                                              \
    "ldrd r2, r3, [r0], #8\n\tldr r12, [r1], #4\n\tsxtb16 lr, r12\n\t"                            \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\t"                                   \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldrd r2, r3, [r0], #8\n\t"          \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\t"                                \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_SHORT_WORD TINYNAS_WORD
#define TINYNAS_WORD_BYTES 48
#define TINYNAS_ONE                                                                               \
    "ldr r2, [r0], #16\n\tldr r12, [r1], #4\n\tsxtb16 lr, r12\n\tsmlad r8, r12, r2, r8\n\t"       \
    "smlad r4, lr, r2, r4\n\t"
#define TINYNAS_BOTH                                                                              \
    "ldrd r2, r3, [r0], #16\n\tldr r12, [r1], #4\n\tsxtb16 lr, r12\n\tsmlad r8, r12, r2, r8\n\t"  \
    "smlad r9, r12, r3, r9\n\tsmlad r4, lr, r2, r4\n\tsmlad r5, lr, r3, r5\n\t"
#endif

#define TINYNAS_TWO_SHORT TINYNAS_ON(TINYNAS_SHORT_WORD) TINYNAS_ON(TINYNAS_SHORT_WORD)
#define TINYNAS_TWO TINYNAS_ON(TINYNAS_WORD) TINYNAS_ON(TINYNAS_WORD)

/* 1: a pair; 2: the loop; 3: outputs; 30, 40: loops for one and two pixels, entered at their second word
 * (an odd number of words is left). */
#define TINYNAS_GROUP(f)                                                                          \
    __asm__ volatile(                                                                             \
        ".syntax unified\n\tldr r2, %[few]\n\tldr r1, %[w]\n\tcmp r2, #0\n\tbeq.w 1f\n\t"         \
        "adr.w r3, 31f\n\tcmp r2, #1\n\tbeq.n 20f\n\tadr.w r3, 41f\n"                             \
        "20:\tadr.w r2, 2f\n\tsubs r3, r3, r2\n\tstr r3, %[entry]\n\tb.w 1f\n"                    \
        "30:\t" TINYNAS_ONE "31:\t" TINYNAS_ONE TINYNAS_MORE("30b") "b.w 3f\n"                    \
        "40:\t" TINYNAS_BOTH "41:\t" TINYNAS_BOTH TINYNAS_MORE("40b") "b.w 3f\n"                  \
        "1:\t" TINYNAS_START(TINYNAS_WORD)                                                        \
        "2:\t" TINYNAS_TWO_SHORT TINYNAS_TWO_SHORT TINYNAS_TWO_SHORT TINYNAS_TWO_SHORT             \
        TINYNAS_TWO_SHORT TINYNAS_TWO TINYNAS_TWO TINYNAS_TWO TINYNAS_MORE("2b")                  \
        "\n3:\t" TINYNAS_OUTPUTS TINYNAS_OPERANDS(f))
#else
#define TINYNAS_WORD_BYTES 0
#define TINYNAS_GROUP(f) tinynas_pairs(&(f), 0)
#endif

void tinynas_group_pair(const tinynas_dsp_layer *l, tinynas_frame *f, int32_t count)
{
    const int32_t offsets[4] = {0, f->out.pixel1, f->pixels.first, f->pixels.second};
    const int32_t a[4] = {f->a01.first, f->a01.second, f->a23.first, f->a23.second};
    const int32_t b[4] = {f->b01.first, f->b01.second, f->b23.first, f->b23.second};
    const uint32_t *const after = f->w - TINYNAS_AFTER;
    const int32_t z = 2 * l->zero_point + 1;
    int32_t k;

    for (k = 4 * count - 1; k >= 0; k--) { /* a of pixels 3 to 0, behind those of b */
        const int32_t n = k & 3, is_b = k >= 4;
        const int32_t shift = (int8_t)(after[3] >> (is_b ? 0 : 16) & 0xffu);
        const int32_t m = (int32_t)after[is_b ? 0 : 2];
        int32_t value = is_b ? TINYNAS_ADD_WRAP(b[n] >> 8, (int32_t)after[1]) : a[n];
        if (l->any) {
            value = tinynas_requantize(value, m, -1 - shift, l->low, l->high, l->zero_point);
        } else { /* a lone a */
            value = tinynas_high_add(value, m, value);
            value += z == -255 ? 0 : value >> 31;
            value = tinynas_half_to_8((value + TINYNAS_SHIFT_LEFT(z, shift)) >> shift);
        }
        f->out.b[offsets[n] - !is_b] = (int8_t)value;
    }
    f->out.b += 2;
}

tinynas_group tinynas_group_of(const tinynas_dsp_layer *layer, const uint32_t *x)
{
    tinynas_group g = tinynas_prepare(layer, x, 4 * layer->words, layer->words - 1, TINYNAS_UNROLLED,
                                      TINYNAS_WORD_BYTES);
#if TINYNAS_DUAL_ISSUE && TINYNAS_DSP_ASM
    const int32_t skipped = g.entry / TINYNAS_WORD_BYTES;
    g.entry -= 4 * (skipped < TINYNAS_SHORT ? skipped : TINYNAS_SHORT); /* four bytes less each */
#endif
    return g;
}

void tinynas_group_dsp(const tinynas_group *group, int8_t *out, int32_t pixels)
{
    tinynas_frame f = tinynas_frame_of(group, out, pixels);
    f.few = pixels <= 2 ? pixels : 0;
    while (f.w != group->end) {
        const int32_t lone = f.w == f.w_end; /* a last channel without b */
        if (lone) {
            f.z = 0;
        }
        TINYNAS_GROUP(f);
        if (f.z == 0) {
            tinynas_group_pair(group->layer, &f, lone ? 1 : 2);
        }
    }
}
