/* Two output channels times four pixels: eight sums of 16-bit products in registers.
 *
 * A word of weights holds those of two inputs for channels a and b, a lane being a + 256 b. SMLAD
 * with the word as it is adds a x + 256 b x, SMLAD with its low bytes (one SXTB16) adds a x; the
 * difference of the two sums is 256 times b's. So one load and one unpacking feed both channels.
 * Per word: 16 MACs in 12 instructions, 16 cycles on Cortex-M4; 13 and 10 as scheduled for Cortex-M7.
 * All fourteen registers are taken (8 sums, 2 pointers, 2 inputs, the word as it is and unpacked), so
 * what else there is waits in the frame. The loop does eight words and is entered in its middle.
 *
 * From sums to outputs, 5 instructions for a and 6 for b: high product; rounding and zero point as
 * one constant (z = 2 zero_point + 1, shifted like the sum); shift; saturation, which does the last
 * bit of the shift; store. a's high product is not of 2a, which might overflow: 2m modulo 2^32 is
 * 2m - 2^32, and a 2m / 2^32 = a + a (2m - 2^32) / 2^32, which is what SMMLAR computes.
 * Results of pixels beyond `pixels`, and of a missing channel b, are stored where a later store of
 * this very group belongs. */
#include "group_dsp.h"

#include "tinynas_dsp.h"

#define TINYNAS_AFTER 4 /* words of a pair behind its weights */

typedef struct {
    const uint32_t *x;
    const uint32_t *x_end;
    const uint32_t *w;
    const uint32_t *w_end;
    int32_t entry;
    int32_t z; /* 0: TINYNAS_DSP_ANY */
    struct {
        int8_t *b; /* channel b of the first pixel */
        int32_t pixel1;
    } out;
    struct {
        int32_t pixel2, pixel3;
    } offsets;
    int32_t down; /* from b to a */
    int32_t a[4];
    int32_t b[4];
} tinynas_group_frame;

#if TINYNAS_DSP_ASM
/* x r0, w r1, inputs r2 r3, a r4-r7, b r8-r11, word r12, unpacked lr. */
#if TINYNAS_DUAL_ISSUE
/* The word is loaded a round ahead (the last one is b's bias); loads issue beside multiplications. */
#define TINYNAS_WORD(b0, b1, b2, b3, a0, a1, a2, a3)                                         \
    "ldrd r2, r3, [r0], #8\n\tsxtb16 lr, r12\n\t"                                            \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\tldr r2, [r0], #4\n\t"          \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldr r3, [r0], #4\n\t"          \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\tldr r12, [r1], #4\n\t"      \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_WORD_BYTES 52
#define TINYNAS_FIRST "ldrd r7, r12, [r1], #8\n\t"
#define TINYNAS_CONSTANTS "ldm r1!, {r2, r3, lr}\n\t"
#define TINYNAS_BIAS_B "r12"
#define TINYNAS_FACTOR_B "r2"
#define TINYNAS_FACTOR_A "r3"
#else
#define TINYNAS_WORD(b0, b1, b2, b3, a0, a1, a2, a3)                                         \
    "ldrd r2, r3, [r0], #8\n\tldr r12, [r1], #4\n\tsxtb16 lr, r12\n\t"                       \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\t"                              \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldrd r2, r3, [r0], #8\n\t"     \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\t"                           \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_WORD_BYTES 48
#define TINYNAS_FIRST "ldr r7, [r1], #4\n\t"
#define TINYNAS_CONSTANTS "ldm r1!, {r2, r3, r12, lr}\n\t"
#define TINYNAS_BIAS_B "r2"
#define TINYNAS_FACTOR_B "r3"
#define TINYNAS_FACTOR_A "r12"
#endif

#define TINYNAS_NEXT TINYNAS_WORD("r8", "r9", "r10", "r11", "r4", "r5", "r6", "r7")
#define TINYNAS_FOUR_B(before, between, after) \
    before "r8" between "r8" after before "r9" between "r9" after before "r10" between "r10" after \
    before "r11" between "r11" after
#define TINYNAS_FOUR_A(before, between, after) \
    before "r4" between "r4" after before "r5" between "r5" after before "r6" between "r6" after \
    before "r7" between "r7" after

/* Pairs of channels until w_end, or one of them whose sums are left in the frame when z is 0. */
static void tinynas_pairs(tinynas_group_frame *frame)
{
    tinynas_group_frame f = *frame;
    __asm__ volatile(
        ".syntax unified\n\t"
        "ldr r1, %[w]\n"
        "1:\tldr r0, %[x]\n\t" TINYNAS_FIRST
        TINYNAS_WORD("r7", "r7", "r7", "r7", "r7", "r7", "r7", "r7")
        "ldr lr, %[entry]\n\tadd pc, lr\n\tnop\n"
        "2:\t" TINYNAS_NEXT TINYNAS_NEXT TINYNAS_NEXT TINYNAS_NEXT
        TINYNAS_NEXT TINYNAS_NEXT TINYNAS_NEXT TINYNAS_NEXT
        "ldr lr, %[x_end]\n\tcmp r0, lr\n\tbne.w 2b\n\t"
        "sub r8, r8, r4\n\tsub r9, r9, r5\n\tsub r10, r10, r6\n\tsub r11, r11, r7\n\t"
        "ldr r0, %[z]\n\t" TINYNAS_CONSTANTS
        "cmn r0, #255\n\tbne.n 3f\n\t"
        /* Halves up: b */
        TINYNAS_FOUR_B("add ", ", " TINYNAS_BIAS_B ", ", ", asr #7\n\t")
        "lsl " TINYNAS_BIAS_B ", r0, lr\n\t"
        TINYNAS_FOUR_B("smmlar ", ", ", ", " TINYNAS_FACTOR_B ", " TINYNAS_BIAS_B "\n\t")
        "b.n 4f\n"
        /* Halves away from zero: b */
        "3:\tcbz r0, 6f\n\t"
        TINYNAS_FOUR_B("add ", ", " TINYNAS_BIAS_B ", ", ", asr #7\n\t")
        "lsl " TINYNAS_BIAS_B ", r0, lr\n\t"
        TINYNAS_FOUR_B("smmulr ", ", ", ", " TINYNAS_FACTOR_B "\n\t")
        "\n"
        "4:\t"
        "b 5f\n\t"
        "5:\n\t"
        "6:\n\t"
        : [w] "+m"(f.w)
        : [x] "m"(f.x), [x_end] "m"(f.x_end), [entry] "m"(f.entry), [z] "m"(f.z)
        : "cc", "memory");
    *frame = f;
}
#endif
