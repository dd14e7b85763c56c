/* What group_dsp.c and strip_dsp.c share: two output channels times four pixels, eight sums of 16-bit
 * products in registers.
 *
 * A word of weights holds those of two inputs for channels a and b, a lane being a + 256 b. SMLAD
 * with the word as it is adds a x + 256 b x, SMLAD with its low bytes (one SXTB16) adds a x; the
 * difference of the two sums is 256 times b's. So one load and one unpacking feed both channels.
 * Per word 16 MACs (instruction counts are where the loops are).
 * All fourteen registers are taken (8 sums, 2 pointers, 2 inputs, the word as it is and unpacked), so
 * what else there is waits in the frame. Loops are unrolled and entered in their middle.
 *
 * From sums to outputs, 5 instructions each: the high product with the rounding constant and the zero
 * point (z = 2 zero_point + 1, shifted like the sum); shift; saturation, which does the last bit of the
 * shift; store; and one for a to add its constant, for b to take the difference.
 * a's high product is not of 2a, which might overflow: 2m modulo 2^32 is 2m - 2^32, and
 * a 2m / 2^32 = a + a (2m - 2^32) / 2^32, which is what SMMLAR computes. b's difference is 256 times the sum,
 * its bias included; its high product keeps seven more bits below the point, so that half a unit, which rounds the
 * product, is 64 of them, and rounding down throughout gives the same as rounding twice, halves up.
 * Halves away from zero cost four instructions more for b, one for a, and are not needed when the
 * zero point is -128, as all that is below it is -128 then. About 58 instructions a pair of channels besides the
 * words.
 *
 * Results of pixels that are not wanted are stored where a later store of this very pair belongs. */
#ifndef TINYNAS_GROUP_DSP_LOOPS_H
#define TINYNAS_GROUP_DSP_LOOPS_H

#include "group_dsp.h"
#include "tinynas_dsp.h"

#define TINYNAS_BEFORE 2 /* words of a pair before its weights, */
#define TINYNAS_AFTER 4  /* and behind them */

typedef struct {
    int32_t first, second;
} tinynas_two;

typedef struct {
    const uint32_t *x, *x_end;
    const uint32_t *w, *w_end;
    int32_t entry;
    int32_t z;
    int32_t few; /* loops for few pixels: 1 or 2; 0: for four */
    struct {
        int8_t *b; /* channel b of the first pixel; a is the byte before */
        int32_t pixel1;
    } out;
    tinynas_two pixels; /* offsets of the other pixels */
    tinynas_two a01, a23, b01, b23;
} tinynas_frame;

/* The constants of one pair, from its sums in the frame to outputs: for a lone last channel, and all of a layer
 * with `any`. count: 1 or 2 channels. */
void tinynas_group_pair(const tinynas_dsp_layer *l, tinynas_frame *f, int32_t count);

#if TINYNAS_DSP_ASM
/* x r0, w r1, inputs r2 r3, a r4-r7, b r8-r11, word r12, unpacked lr. */
#if TINYNAS_DUAL_ISSUE
/* Words of weights are loaded a round ahead; the last one is b's multiplier. */
#define TINYNAS_FIRST "ldm r1!, {r7, r11, r12}\n\t"
#define TINYNAS_CONSTANTS "ldm r1!, {r2, r3, lr}\n\t"
#define TINYNAS_FACTOR_B "r12"
#define TINYNAS_CONSTANT "r2"
#define TINYNAS_FACTOR_A "r3"
#else
#define TINYNAS_FIRST "ldrd r7, r11, [r1], #8\n\t"
#define TINYNAS_CONSTANTS "ldm r1!, {r2, r3, r12, lr}\n\t"
#define TINYNAS_FACTOR_B "r2"
#define TINYNAS_CONSTANT "r3"
#define TINYNAS_FACTOR_A "r12"
#endif

/* The first word of a pair starts the sums from r7 and r11, until the last of them. */
#define TINYNAS_START(word)                                                                       \
    "ldr r0, %[x]\n\t" TINYNAS_FIRST word("r11", "r11", "r11", "r11", "r7", "r7", "r7", "r7")         \
    "ldr lr, %[entry]\n\tadd pc, lr\n\tnop\n"
#define TINYNAS_ON(word) word("r8", "r9", "r10", "r11", "r4", "r5", "r6", "r7")
#define TINYNAS_MORE(label) "ldr lr, %[x_end]\n\tcmp r0, lr\n\tbne.w " label "\n\t"

/* From sums to outputs; goes on with the next pair at label 1, ends at 8. Instructions on a and b alternate where
 * the older of two may be one that must be (multiplication, saturation).
 * 4: from products of a on; 6: halves away from zero; 7: sums as they are. */
#define TINYNAS_PRODUCTS_A(asr)                                                                   \
    "smmlar r4, r4, " TINYNAS_FACTOR_A ", r4\n\t" asr(r8) "smmlar r5, r5, " TINYNAS_FACTOR_A ", r5\n\t" asr(r9) \
    "smmlar r6, r6, " TINYNAS_FACTOR_A ", r6\n\t" asr(r10) "smmlar r7, r7, " TINYNAS_FACTOR_A ", r7\n\t" asr(r11)
#define TINYNAS_SHIFT_B(sum) "asr " #sum ", " #sum ", lr\n\t"
#define TINYNAS_OUTPUTS                                                                           \
    TINYNAS_CONSTANTS                                                                             \
    "sub r8, r8, r4\n\tsub r9, r9, r5\n\tsub r10, r10, r6\n\tsub r11, r11, r7\n\t"                \
    "lsrs r0, lr, #16\n\tbcs.w 6f\n\t"                                                            \
    "smmla r8, r8, " TINYNAS_FACTOR_B ", " TINYNAS_CONSTANT "\n\t"                                \
    "smmla r9, r9, " TINYNAS_FACTOR_B ", " TINYNAS_CONSTANT "\n\t"                                \
    "smmla r10, r10, " TINYNAS_FACTOR_B ", " TINYNAS_CONSTANT "\n\t"                              \
    "smmla r11, r11, " TINYNAS_FACTOR_B ", " TINYNAS_CONSTANT "\n\t"                              \
    "ldr " TINYNAS_CONSTANT ", %[z]\n\t" TINYNAS_PRODUCTS_A(TINYNAS_SHIFT_B)                      \
    "\n4:\tlsl " TINYNAS_CONSTANT ", " TINYNAS_CONSTANT ", r0\n\t"                                \
    "add r4, r4, " TINYNAS_CONSTANT "\n\t"                                                        \
    "ssat r8, #8, r8, asr #1\n\tadd r5, r5, " TINYNAS_CONSTANT "\n\tssat r9, #8, r9, asr #1\n\t"  \
    "add r6, r6, " TINYNAS_CONSTANT "\n\tssat r10, #8, r10, asr #1\n\t"                           \
    "add r7, r7, " TINYNAS_CONSTANT "\n\tssat r11, #8, r11, asr #1\n\t"                           \
    "asr r4, r4, r0\n\tasr r5, r5, r0\n\tasr r6, r6, r0\n\tasr r7, r7, r0\n\t"                    \
    "ldrd r0, r2, %[b]\n\tldrd r3, r12, %[pixel2]\n\tldr lr, %[w_end]\n\t"                        \
    "ssat r7, #8, r7, asr #1\n\tstrb r11, [r0, r12]\n\t"                                          \
    "ssat r6, #8, r6, asr #1\n\tstrb r10, [r0, r3]\n\t"                                           \
    "ssat r5, #8, r5, asr #1\n\tstrb r9, [r0, r2]\n\t"                                            \
    "ssat r4, #8, r4, asr #1\n\tstrb r8, [r0], #-1\n\t"                                           \
    "strb r7, [r0, r12]\n\tadd r8, r0, #3\n\tstrb r6, [r0, r3]\n\tcmp r1, lr\n\t"                 \
    "strb r5, [r0, r2]\n\tstrb r4, [r0]\n\tstr r8, %[b]\n\tbne.w 1b\n\tb.n 8f\n"                  \
    "6:\tldr " TINYNAS_CONSTANT ", %[z]\n\tcmp " TINYNAS_CONSTANT ", #0\n\tbeq.n 7f\n\t"          \
    "asr r8, r8, #7\n\tasr r9, r9, #7\n\tasr r10, r10, #7\n\tasr r11, r11, #7\n\t"                \
    "smmulr r8, r8, " TINYNAS_FACTOR_B "\n\tlsl " TINYNAS_CONSTANT ", " TINYNAS_CONSTANT ", lr\n\t" \
    "smmulr r9, r9, " TINYNAS_FACTOR_B "\n\tsmmulr r10, r10, " TINYNAS_FACTOR_B "\n\t"            \
    "add r8, r8, r8, asr #31\n\tsmmulr r11, r11, " TINYNAS_FACTOR_B "\n\t"                        \
    "add r9, r9, r9, asr #31\n\tadd r8, r8, " TINYNAS_CONSTANT "\n\t"                             \
    "add r10, r10, r10, asr #31\n\tadd r9, r9, " TINYNAS_CONSTANT "\n\t"                          \
    "add r11, r11, r11, asr #31\n\tadd r10, r10, " TINYNAS_CONSTANT "\n\t"                        \
    "add r11, r11, " TINYNAS_CONSTANT "\n\tldr " TINYNAS_CONSTANT ", %[z]\n\t"                    \
    TINYNAS_PRODUCTS_A(TINYNAS_SHIFT_B)                                                           \
    "add r4, r4, r4, asr #31\n\tadd r5, r5, r5, asr #31\n\t"                                      \
    "add r6, r6, r6, asr #31\n\tadd r7, r7, r7, asr #31\n\tb.n 4b\n"                              \
    "7:\tstrd r4, r5, %[a0]\n\tstrd r6, r7, %[a2]\n\t"                                            \
    "strd r8, r9, %[b0]\n\tstrd r10, r11, %[b2]\n"                                                \
    "8:\tstr r1, %[w]\n\t"

#define TINYNAS_OPERANDS(f)                                                                       \
    : [w] "+m"((f).w), [b] "+m"((f).out), [entry] "+m"((f).entry), [a0] "=m"((f).a01),             \
      [a2] "=m"((f).a23), [b0] "=m"((f).b01), [b2] "=m"((f).b23)                                   \
    : [x] "m"((f).x), [x_end] "m"((f).x_end), [few] "m"((f).few), [z] "m"((f).z),                  \
      [w_end] "m"((f).w_end), [pixel2] "m"((f).pixels)                                             \
    : "cc", "memory", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10", "r11",    \
      "r12", "lr"
#else
/* The same as the loops: pairs until w_end, or one whose sums are left in the frame when z is 0. */
static inline void tinynas_pairs(tinynas_frame *f, int32_t strip)
{
    do {
        const int32_t offsets[4] = {0, f->out.pixel1, f->pixels.first, f->pixels.second};
        const uint32_t *x = f->x, *w = f->w + TINYNAS_BEFORE;
        int32_t a[4], b[4], n, tap = 0;
        for (n = 0; n < 4; n++) {
            a[n] = (int32_t)f->w[0];
            b[n] = (int32_t)f->w[1];
        }
        while (x != f->x_end) {
            const uint32_t word = *w++, unpacked = tinynas_even_bytes(word);
            for (n = 0; n < 4; n++) {
                b[n] = tinynas_dot2(word, x[n], b[n]);
                a[n] = tinynas_dot2(unpacked, x[n], a[n]);
            }
            tap = tap == 2 ? 0 : tap + 1;
            x += strip && tap != 0 ? 1 : 4;
        }
        f->w = w + TINYNAS_AFTER;
        for (n = 0; n < 4; n++) {
            b[n] = (int32_t)((uint32_t)b[n] - (uint32_t)a[n]);
        }
        if (f->z == 0) {
            f->a01 = (tinynas_two){a[0], a[1]};
            f->a23 = (tinynas_two){a[2], a[3]};
            f->b01 = (tinynas_two){b[0], b[1]};
            f->b23 = (tinynas_two){b[2], b[3]};
            return;
        }
        for (n = 3; n >= 0; n--) {
            const uint32_t shift = w[3] & 0xffu;
            int32_t high;
            if ((w[3] & 0x8000u) == 0) {
                high = tinynas_high_floor_add(b[n], (int32_t)w[0], (int32_t)w[1]);
            } else {
                high = tinynas_high_add(b[n] >> 7, (int32_t)w[0], 0);
                high += (high >> 31) + TINYNAS_SHIFT_LEFT(f->z, shift);
            }
            f->out.b[offsets[n]] = (int8_t)tinynas_half_to_8(high >> shift);
        }
        f->out.b--;
        for (n = 3; n >= 0; n--) {
            const uint32_t shift = w[3] >> 16;
            int32_t high = tinynas_high_add(a[n], (int32_t)w[2], a[n]);
            if ((w[3] & 0x8000u) != 0) {
                high += high >> 31;
            }
            f->out.b[offsets[n]] = (int8_t)tinynas_half_to_8((high + TINYNAS_SHIFT_LEFT(f->z, shift)) >> shift);
        }
        f->out.b += 3;
    } while (f->w != f->w_end);
}
#endif

/* entry: to begin with, rounds of `bytes` of code to skip of `unrolled`, so many that `rounds` are left. */
static inline tinynas_group tinynas_prepare(const tinynas_dsp_layer *l, const uint32_t *x, int32_t x_words,
                                            int32_t rounds, int32_t unrolled, int32_t bytes)
{
    const int32_t pair = TINYNAS_BEFORE + l->words + TINYNAS_AFTER;
    const int32_t over = rounds % unrolled;
    tinynas_group g;
    g.x = x;
    g.x_end = x + x_words;
    g.w = l->stream;
    g.w_end = l->stream + l->channels / 2 * pair;
    g.end = l->stream + (l->channels + 1) / 2 * pair;
    g.entry = over != 0 ? (unrolled - over) * bytes : 0;
    g.z = l->any ? 0 : 2 * l->zero_point + 1;
    g.layer = l;
    return g;
}

static inline tinynas_frame tinynas_frame_of(const tinynas_group *g, int8_t *out, int32_t pixels)
{
    const int32_t step = g->layer->channels;
    tinynas_frame f;
    f.x = g->x;
    f.x_end = g->x_end;
    f.w = g->w;
    f.w_end = g->w_end;
    f.entry = g->entry;
    f.z = g->z;
    f.few = 0;
    f.out.b = out + 1;
    f.out.pixel1 = pixels > 1 ? step : 0;
    f.pixels.first = pixels > 2 ? 2 * step : 0;
    f.pixels.second = pixels > 3 ? 3 * step : 0;
#if !TINYNAS_DSP_ASM
    f.a01 = f.a23 = f.b01 = f.b23 = (tinynas_two){0, 0};
#endif
    return f;
}

#endif
