/* Two output channels times four pixels: eight sums of 16-bit products in registers.
 *
 * A word of weights holds those of two inputs for channels a and b, a lane being a + 256 b. SMLAD
 * with the word as it is adds a x + 256 b x, SMLAD with its low bytes (one SXTB16) adds a x; the
 * difference of the two sums is 256 times b's. So one load and one unpacking feed both channels.
 * Per word: 16 MACs in 12 instructions, 16 cycles on Cortex-M4; 13 and 10 as scheduled for Cortex-M7.
 * All fourteen registers are taken (8 sums, 2 pointers, 2 inputs, the word as it is and unpacked), so
 * what else there is waits in the frame. The loop does sixteen words and is entered in its middle.
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
    int32_t first, second;
} tinynas_two;

typedef struct {
    const uint32_t *x, *x_end;
    const uint32_t *w, *w_end;
    int32_t entry; /* into the loop: bytes of code to skip */
    int32_t strip; /* 1 or 2, by where the loop over a strip is entered */
    int32_t z;     /* 0: sums are left here */
    struct {
        int8_t *b; /* channel b of the first pixel */
        int32_t pixel1;
    } out;
    tinynas_two pixels; /* offsets of the other pixels */
    int32_t down;       /* from b to a */
    tinynas_two a01, a23, b01, b23;
} tinynas_frame;

#if TINYNAS_DSP_ASM
/* x r0, w r1, inputs r2 r3, a r4-r7, b r8-r11, word r12, unpacked lr. */
#if TINYNAS_DUAL_ISSUE
/* The word is loaded a round ahead (the last one is b's bias); loads issue beside multiplications. */
#define TINYNAS_WORD(on, b0, b1, b2, b3, a0, a1, a2, a3)                                         \
    "ldrd r2, r3, [r0], #8\n\tsxtb16 lr, r12\n\t"                                            \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\tldr r2, [r0], #4\n\t"          \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldr r3, [r0], " on "\n\t"          \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\tldr r12, [r1], #4\n\t"      \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_WORD_BYTES 52
#define TINYNAS_ALL "#4"   /* behind the four words of a round, */
#define TINYNAS_SLIDE "#-8" /* or to its second one */
#define TINYNAS_FIRST "ldrd r7, r12, [r1], #8\n\t"
#define TINYNAS_CONSTANTS "ldm r1!, {r2, r3, lr}\n\t"
#define TINYNAS_BIAS_B "r12"
#define TINYNAS_FACTOR_B "r2"
#define TINYNAS_FACTOR_A "r3"
#else
#define TINYNAS_WORD(on, b0, b1, b2, b3, a0, a1, a2, a3)                                         \
    "ldrd r2, r3, [r0], #8\n\tldr r12, [r1], #4\n\tsxtb16 lr, r12\n\t"                       \
    "smlad r8, r12, r2, " b0 "\n\tsmlad r4, lr, r2, " a0 "\n\t"                              \
    "smlad r9, r12, r3, " b1 "\n\tsmlad r5, lr, r3, " a1 "\n\tldrd r2, r3, [r0], " on "\n\t"     \
    "smlad r10, r12, r2, " b2 "\n\tsmlad r11, r12, r3, " b3 "\n\t"                           \
    "smlad r6, lr, r2, " a2 "\n\tsmlad r7, lr, r3, " a3 "\n\t"
#define TINYNAS_WORD_BYTES 48
#define TINYNAS_ALL "#8"   /* behind the four words of a round, */
#define TINYNAS_SLIDE "#-4" /* or to its second one */
#define TINYNAS_FIRST "ldr r7, [r1], #4\n\t"
#define TINYNAS_CONSTANTS "ldm r1!, {r2, r3, r12, lr}\n\t"
#define TINYNAS_BIAS_B "r2"
#define TINYNAS_FACTOR_B "r3"
#define TINYNAS_FACTOR_A "r12"
#endif


#define TINYNAS_NEXT(on) TINYNAS_WORD(on, "r8", "r9", "r10", "r11", "r4", "r5", "r6", "r7")
#define TINYNAS_NEXT_4 \
    TINYNAS_NEXT(TINYNAS_ALL) TINYNAS_NEXT(TINYNAS_ALL) TINYNAS_NEXT(TINYNAS_ALL) TINYNAS_NEXT(TINYNAS_ALL)
#define TINYNAS_TAPS(first) \
    TINYNAS_NEXT(TINYNAS_SLIDE) first TINYNAS_NEXT(TINYNAS_SLIDE) TINYNAS_NEXT(TINYNAS_ALL)

/* Pairs of channels until w_end; just one, its sums left in the frame, when z is 0. Instructions on
 * a and b alternate where the older of two may be one that must be (multiplication, saturation).
 * 1: a pair; 2: the loop; 3, 4: from sums of b and a to outputs, halves up; 5: stores; 6: halves away
 * from zero; 7: sums as they are; 8: the end; 20 to 25: the loop over a strip, from behind the first word. */
#define TINYNAS_PAIRS(f)                                                                         \
    __asm__ volatile(                                                                            \
        ".syntax unified\n\tldr r1, %[w]\n\t"                                                    \
        "ldr r2, %[strip]\n\tcmp r2, #0\n\tbeq.w 1f\n\t"                                         \
        "adr.w r3, 21f\n\tlsls r2, r2, #31\n\tbne.n 20f\n\tadr.w r3, 22f\n"                      \
        "20:\tadr.w r2, 2f\n\tsubs r3, r3, r2\n\tstr r3, %[entry]\n\tb.w 1f\n"                   \
        "21:\tsubs r0, #12\n\tb.n 24f\n"                                                         \
        "22:\tsubs r0, #12\n\tb.w 25f\n"                                                         \
        "23:\t" TINYNAS_TAPS("\n24:\t") TINYNAS_TAPS("")                                         \
        TINYNAS_TAPS("\n25:\t") TINYNAS_TAPS("")                                                 \
        "ldr lr, %[x_end]\n\tcmp r0, lr\n\tbne.w 23b\n\tb.w 3f\n"                                \
        "1:\tldr r0, %[x]\n\t" TINYNAS_FIRST                                                     \
        TINYNAS_WORD(TINYNAS_ALL, "r7", "r7", "r7", "r7", "r7", "r7", "r7", "r7")                \
        "ldr lr, %[entry]\n\tadd pc, lr\n\tnop\n"                                                \
        "2:\t" TINYNAS_NEXT_4 TINYNAS_NEXT_4 TINYNAS_NEXT_4 TINYNAS_NEXT_4                       \
        "ldr lr, %[x_end]\n\tcmp r0, lr\n\tbne.w 2b\n"                                           \
        "3:\tsub r8, r8, r4\n\tldr r0, %[z]\n\tsub r9, r9, r5\n\tsub r10, r10, r6\n\t"           \
        TINYNAS_CONSTANTS                                                                        \
        "add r8, " TINYNAS_BIAS_B ", r8, asr #7\n\tsub r11, r11, r7\n\t"                         \
        "add r9, " TINYNAS_BIAS_B ", r9, asr #7\n\tcmn r0, #255\n\t"                             \
        "add r10, " TINYNAS_BIAS_B ", r10, asr #7\n\tadd r11, " TINYNAS_BIAS_B ", r11, asr #7\n\t" \
        "bne.w 6f\n\t"                                                                           \
        "lsl " TINYNAS_BIAS_B ", r0, lr\n\t"                                                     \
        "smmlar r8, r8, " TINYNAS_FACTOR_B ", " TINYNAS_BIAS_B "\n\t"                            \
        "smmlar r9, r9, " TINYNAS_FACTOR_B ", " TINYNAS_BIAS_B "\n\t"                            \
        "smmlar r10, r10, " TINYNAS_FACTOR_B ", " TINYNAS_BIAS_B "\n\t"                          \
        "smmlar r11, r11, " TINYNAS_FACTOR_B ", " TINYNAS_BIAS_B "\n\t"                          \
        "lsr " TINYNAS_FACTOR_B ", lr, #8\n\t"                                                   \
        "smmlar r4, r4, " TINYNAS_FACTOR_A ", r4\n\tasr r8, r8, lr\n\t"                          \
        "smmlar r5, r5, " TINYNAS_FACTOR_A ", r5\n\tasr r9, r9, lr\n\t"                          \
        "smmlar r6, r6, " TINYNAS_FACTOR_A ", r6\n\tasr r10, r10, lr\n\t"                        \
        "smmlar r7, r7, " TINYNAS_FACTOR_A ", r7\n\tasr r11, r11, lr\n"                          \
        "4:\tlsl r0, r0, " TINYNAS_FACTOR_B "\n\tadds r4, r4, r0\n\t"                            \
        "ssat r8, #8, r8, asr #1\n\tadds r5, r5, r0\n\tssat r9, #8, r9, asr #1\n\tadds r6, r6, r0\n\t" \
        "ssat r10, #8, r10, asr #1\n\tadds r7, r7, r0\n\tssat r11, #8, r11, asr #1\n\t"          \
        "asr r4, r4, " TINYNAS_FACTOR_B "\n\tasr r5, r5, " TINYNAS_FACTOR_B "\n\t"               \
        "asr r6, r6, " TINYNAS_FACTOR_B "\n\tasr r7, r7, " TINYNAS_FACTOR_B "\n\t"               \
        "ldrd r0, r2, %[b]\n\tldrd r3, r12, %[pixel2]\n\tldr lr, %[down]\n\t"                    \
        "ssat r7, #8, r7, asr #1\n\tstrb r11, [r0, r12]\n\t"                                     \
        "ssat r6, #8, r6, asr #1\n\tstrb r10, [r0, r3]\n\t"                                      \
        "ssat r5, #8, r5, asr #1\n\tstrb r9, [r0, r2]\n\t"                                       \
        "ssat r4, #8, r4, asr #1\n\tstrb r8, [r0]\n\t"                                           \
        "sub r0, r0, lr\n\tldr lr, %[w_end]\n\t"                                                 \
        "strb r7, [r0, r12]\n\tadd r8, r0, #3\n\tstrb r6, [r0, r3]\n\tcmp r1, lr\n\t"            \
        "strb r5, [r0, r2]\n\tstrb r4, [r0]\n\tstr r8, %[b]\n\tbne.w 1b\n\tb.n 8f\n"             \
        "6:\tcmp r0, #0\n\tbeq.n 7f\n\t"                                                         \
        "smmulr r8, r8, " TINYNAS_FACTOR_B "\n\tlsl " TINYNAS_BIAS_B ", r0, lr\n\t"              \
        "smmulr r9, r9, " TINYNAS_FACTOR_B "\n\tsmmulr r10, r10, " TINYNAS_FACTOR_B "\n\t"       \
        "add r8, r8, r8, asr #31\n\tsmmulr r11, r11, " TINYNAS_FACTOR_B "\n\t"                   \
        "add r9, r9, r9, asr #31\n\tadd r8, r8, " TINYNAS_BIAS_B "\n\t"                          \
        "add r10, r10, r10, asr #31\n\tadd r9, r9, " TINYNAS_BIAS_B "\n\t"                       \
        "add r11, r11, r11, asr #31\n\tadd r10, r10, " TINYNAS_BIAS_B "\n\t"                     \
        "smmlar r4, r4, " TINYNAS_FACTOR_A ", r4\n\tadd r11, r11, " TINYNAS_BIAS_B "\n\t"        \
        "smmlar r5, r5, " TINYNAS_FACTOR_A ", r5\n\tasr r8, r8, lr\n\t"                          \
        "smmlar r6, r6, " TINYNAS_FACTOR_A ", r6\n\tasr r9, r9, lr\n\t"                          \
        "smmlar r7, r7, " TINYNAS_FACTOR_A ", r7\n\tasr r10, r10, lr\n\t"                        \
        "add r4, r4, r4, asr #31\n\tasr r11, r11, lr\n\tadd r5, r5, r5, asr #31\n\t"             \
        "add r6, r6, r6, asr #31\n\tadd r7, r7, r7, asr #31\n\t"                                 \
        "lsr " TINYNAS_FACTOR_B ", lr, #8\n\tb.n 4b\n"                                           \
        "7:\tstrd r4, r5, %[a0]\n\tstrd r6, r7, %[a2]\n\t"                                       \
        "strd r8, r9, %[b0]\n\tstrd r10, r11, %[b2]\n"                                           \
        "8:\tstr r1, %[w]\n\t"                                                                   \
        : [w] "+m"((f).w), [b] "+m"((f).out), [entry] "+m"((f).entry), [a0] "=m"((f).a01),        \
          [a2] "=m"((f).a23), [b0] "=m"((f).b01), [b2] "=m"((f).b23)                              \
        : [x] "m"((f).x), [x_end] "m"((f).x_end), [strip] "m"((f).strip), [z] "m"((f).z), [w_end] "m"((f).w_end),         \
          [pixel2] "m"((f).pixels), [down] "m"((f).down)                                          \
        : "cc", "memory", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",     \
          "r11", "r12", "lr")
#else
#define TINYNAS_WORD_BYTES 0

static int8_t tinynas_output(int32_t high, int32_t z, int32_t shift)
{
    if (z != -255) {
        high += high >> 31;
    }
    return (int8_t)tinynas_half_to_8((high + TINYNAS_SHIFT_LEFT(z, shift)) >> shift);
}

static void tinynas_pairs(tinynas_frame *f)
{
    do {
        const int32_t offsets[4] = {0, f->out.pixel1, f->pixels.first, f->pixels.second};
        const uint32_t *x = f->x, *w = f->w + 1;
        int32_t a[4], b[4], n, tap = 0;
        for (n = 0; n < 4; n++) {
            a[n] = b[n] = (int32_t)*f->w;
        }
        while (x != f->x_end) {
            const uint32_t word = *w++, unpacked = tinynas_even_bytes(word);
            for (n = 0; n < 4; n++) {
                b[n] = tinynas_dot2(word, x[n], b[n]);
                a[n] = tinynas_dot2(unpacked, x[n], a[n]);
            }
            if (!f->strip) {
                x += 4;
            } else { /* a strip */
                x += tap == 2 ? 4 : 1;
                tap = tap == 2 ? 0 : tap + 1;
            }
        }
        for (n = 0; n < 4; n++) {
            b[n] = (int32_t)((uint32_t)b[n] - (uint32_t)a[n]);
        }
        f->w = w + TINYNAS_AFTER;
        for (n = 0; n < 4; n++) {
            b[n] = TINYNAS_ADD_WRAP((int32_t)w[0], b[n] >> 7);
        }
        if (f->z == 0) {
            f->a01 = (tinynas_two){a[0], a[1]};
            f->a23 = (tinynas_two){a[2], a[3]};
            f->b01 = (tinynas_two){b[0], b[1]};
            f->b23 = (tinynas_two){b[2], b[3]};
            return;
        }
        for (n = 3; n >= 0; n--) {
            const int32_t high = tinynas_high_add(b[n], (int32_t)w[1], 0);
            f->out.b[offsets[n]] = tinynas_output(high, f->z, (int32_t)(w[3] & 0xffu));
        }
        f->out.b -= f->down;
        for (n = 3; n >= 0; n--) {
            const int32_t high = tinynas_high_add(a[n], (int32_t)w[2], a[n]);
            f->out.b[offsets[n]] = tinynas_output(high, f->z, (int32_t)((w[3] >> 8) & 0xffu));
        }
        f->out.b += 3;
    } while (f->w != f->w_end);
}

#define TINYNAS_PAIRS(f) tinynas_pairs(&(f))
#endif

/* One pair of channels, any factors and limits. */
static void tinynas_any_pair(const tinynas_dsp_layer *l, tinynas_frame *f)
{
    const int32_t offsets[4] = {0, f->out.pixel1, f->pixels.first, f->pixels.second};
    const int32_t a[4] = {f->a01.first, f->a01.second, f->a23.first, f->a23.second};
    const int32_t b[4] = {f->b01.first, f->b01.second, f->b23.first, f->b23.second};
    const uint32_t *const after = f->w - TINYNAS_AFTER;
    int32_t k;

    for (k = 7; k >= 0; k--) { /* b of pixels 3 to 0, then a */
        const int32_t n = k & 3;
        int32_t sum = a[n], shift = (int8_t)((after[3] >> 8) & 0xffu), m = (int32_t)after[2];
        if (k >= 4) {
            sum = (int32_t)((uint32_t)b[n] - after[0]) >> 1; /* left is the bias and twice the sum */
            sum = TINYNAS_ADD_WRAP(sum, (int32_t)after[0]);
            shift = (int8_t)(after[3] & 0xffu);
            m = (int32_t)after[1];
        }
        f->out.b[offsets[n] - (k < 4 ? f->down : 0)] =
            tinynas_requantize(sum, m, -1 - shift, l->low, l->high, l->zero_point);
    }
    f->out.b += 2;
}

void tinynas_group_dsp(const tinynas_dsp_layer *l, const uint32_t *x, int8_t *out, int32_t pixels)
{
    const int32_t step = l->channels, pair = l->words + 1 + TINYNAS_AFTER;
    const uint32_t *const end = l->stream + (step + 1) / 2 * pair;
    tinynas_frame f;

    f.x = x;
    f.x_end = x + (l->strip ? 2 : 4) * l->words;
    f.w = l->stream;
    f.w_end = l->stream + step / 2 * pair;
    f.entry = ((1 - l->words) & 15) * TINYNAS_WORD_BYTES;
    /* Strips have six words a kernel row and four channels: entered at word 1 or 7 of twelve. */
    f.strip = l->strip ? 1 + (l->words / 6 & 1) : 0;
    f.z = l->any ? 0 : 2 * l->zero_point + 1;
    f.out.b = out + 1;
    f.out.pixel1 = pixels > 1 ? step : 0;
    f.pixels.first = pixels > 2 ? 2 * step : 0;
    f.pixels.second = pixels > 3 ? 3 * step : 0;
    f.down = 1;
    f.a01 = f.a23 = f.b01 = f.b23 = (tinynas_two){0, 0};
    while (f.w != end) {
        if (f.w == f.w_end) { /* a last channel without b */
            f.w_end = end;
            f.out.b--;
            f.down = 0;
        }
        TINYNAS_PAIRS(f);
        if (l->any) {
            tinynas_any_pair(l, &f);
        }
    }
}
