/* Four neighbouring pixels whose windows share their columns, times all output channels: see
 * group_dsp_loops.h. For each two input channels the six columns lie side by side as words; pixel n's input
 * of tap t is word n + t. Two words that one tap leaves in registers serve the next, so that three taps load
 * eight words instead of twelve: 48 MACs in 36 instructions, 45 cycles on Cortex-M4; 37 and 28 as
 * scheduled for Cortex-M7. Eight times three taps a round; the loop is entered behind a first tap. */
#include "group_dsp.h"
#include "group_dsp_loops.h"

#define TINYNAS_UNROLLED 8

#if TINYNAS_DSP_ASM
#if TINYNAS_DUAL_ISSUE
#define TINYNAS_TAP_0(b0, b1, b2, b3, a0, a1, a2, a3)                                             \
    "ldrd r2, r3, [r0], #24\n\tsxtb16 lr, r12\n\t"                                                \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\tldr r2, [r0, #-16]\n\t"             \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldr r3, [r0, #-12]\n\t"             \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\tldr r12, [r1], #4\n\t"           \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_TAP_1                                                                             \
    "sxtb16 lr, r12\n\tsmlad r9, r12, r2, r9\n\tsmlad r5, lr, r2, r5\n\tldr r2, [r0, #-20]\n\t"   \
    "smlad r10, r12, r3, r10\n\tsmlad r8, r12, r2, r8\n\tsmlad r4, lr, r2, r4\n\t"                \
    "ldr r2, [r0, #-8]\n\tsmlad r6, lr, r3, r6\n\tsmlad r11, r12, r2, r11\n\t"                    \
    "ldr r12, [r1], #4\n\tsmlad r7, lr, r2, r7\n\t"
#define TINYNAS_TAP_2                                                                             \
    "sxtb16 lr, r12\n\tsmlad r10, r12, r2, r10\n\tsmlad r6, lr, r2, r6\n\tldr r2, [r0, #-16]\n\t" \
    "smlad r9, r12, r3, r9\n\tsmlad r5, lr, r3, r5\n\tldr r3, [r0, #-4]\n\t"                      \
    "smlad r8, r12, r2, r8\n\tsmlad r11, r12, r3, r11\n\tldr r12, [r1], #4\n\t"                   \
    "smlad r4, lr, r2, r4\n\tsmlad r7, lr, r3, r7\n\t"
#define TINYNAS_TAP_0_BYTES 52
#define TINYNAS_TAPS_BYTES 148
#else
#define TINYNAS_TAP_0(b0, b1, b2, b3, a0, a1, a2, a3)                                             \
    "ldrd r2, r3, [r0], #24\n\tldr r12, [r1], #4\n\tsxtb16 lr, r12\n\t"                           \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\t"                                   \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldrd r2, r3, [r0, #-16]\n\t"        \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\t"                                \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_TAP_1                                                                             \
    "ldr r12, [r1], #4\n\tsxtb16 lr, r12\n\tsmlad r9, r12, r2, r9\n\tsmlad r5, lr, r2, r5\n\t"    \
    "ldr r2, [r0, #-20]\n\tsmlad r10, r12, r3, r10\n\tsmlad r6, lr, r3, r6\n\t"                   \
    "smlad r8, r12, r2, r8\n\tsmlad r4, lr, r2, r4\n\tldr r2, [r0, #-8]\n\t"                      \
    "smlad r11, r12, r2, r11\n\tsmlad r7, lr, r2, r7\n\t"
#define TINYNAS_TAP_2                                                                             \
    "ldr r12, [r1], #4\n\tsxtb16 lr, r12\n\tsmlad r10, r12, r2, r10\n\tsmlad r6, lr, r2, r6\n\t"  \
    "smlad r9, r12, r3, r9\n\tsmlad r5, lr, r3, r5\n\tldr r2, [r0, #-16]\n\tldr r3, [r0, #-4]\n\t" \
    "smlad r8, r12, r2, r8\n\tsmlad r11, r12, r3, r11\n\tsmlad r4, lr, r2, r4\n\t"                \
    "smlad r7, lr, r3, r7\n\t"
#define TINYNAS_TAP_0_BYTES 48
#define TINYNAS_TAPS_BYTES 144
#endif

#define TINYNAS_TAPS TINYNAS_ON(TINYNAS_TAP_0) TINYNAS_TAP_1 TINYNAS_TAP_2
#define TINYNAS_TAPS_4 TINYNAS_TAPS TINYNAS_TAPS TINYNAS_TAPS TINYNAS_TAPS
/* 1: a pair; 2: the loop. */
#define TINYNAS_STRIP(f)                                                                          \
    __asm__ volatile(".syntax unified\n\tldr r1, %[w]\n1:\t" TINYNAS_START(TINYNAS_TAP_0)         \
                     "2:\t" TINYNAS_TAPS_4 TINYNAS_TAPS_4 TINYNAS_MORE("2b") TINYNAS_OUTPUTS      \
                     TINYNAS_OPERANDS(f))
#else
#define TINYNAS_TAP_0_BYTES 0
#define TINYNAS_TAPS_BYTES 0
#define TINYNAS_STRIP(f) tinynas_pairs(&(f), 1)
#endif

tinynas_group tinynas_strip_of(const tinynas_dsp_layer *layer, const uint32_t *x)
{
    tinynas_group g = tinynas_prepare(layer, x, 2 * layer->words, layer->words / 3, TINYNAS_UNROLLED,
                                      TINYNAS_TAPS_BYTES);
    g.entry += TINYNAS_TAP_0_BYTES;
    return g;
}

void tinynas_strip_dsp(const tinynas_group *group, int8_t *out, int32_t pixels)
{
    tinynas_frame f = tinynas_frame_of(group, out, pixels);
    while (f.w != group->end) {
        const int32_t lone = f.w == f.w_end; /* a last channel without b */
        if (lone) {
            f.z = 0;
        }
        TINYNAS_STRIP(f);
        if (f.z == 0) {
            tinynas_group_pair(group->layer, &f, lone ? 1 : 2);
        }
    }
}
