/* DEPTHWISE_CONV_2D of any kernel, multiplier, stride, dilation and padding.
 *
 * Every output position first lists where its taps lie: one pointer per tap, to the input or, for
 * padding, to a row of zero points. All channels of the position then run one loop over that list,
 * four channels at a time, with no bounds to test and the zero point in the bias.
 * Per tap and four channels: 8 loads, 4 MACs, 1 pointer load, 1 weight step. Instructions per MAC
 * (channels a multiple of 4): ARMv7-M 4.5, ARMv6-M 5.75, plus requantization per output and about
 * 12 per tap and position for the list. */
#include "requantize_run.h"
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

/* A tap is four bytes everywhere, so that plans hold for the target and the host alike: the pointer
 * itself where pointers are that small, else an offset from the input, -1 for padding. */
#if UINTPTR_MAX == UINT32_MAX
typedef const int8_t *tinynas_tap;
#define TINYNAS_TAP(p, in, offset) ((in) + (offset))
#define TINYNAS_TAP_PADDING(p) ((p)->padding)
#define TINYNAS_TAP_AT(p, in, tap) (tap)
#else
typedef int32_t tinynas_tap;
#define TINYNAS_TAP(p, in, offset) (offset)
#define TINYNAS_TAP_PADDING(p) (-1)
#define TINYNAS_TAP_AT(p, in, tap) ((tap) < 0 ? (p)->padding : (in) + (tap))
#endif

static void tinynas_depthwise_taps(const tinynas_depthwise_plain_params *p, const int8_t *in,
                                   int32_t y, int32_t x, tinynas_tap *taps)
{
    const int32_t top = y * p->stride_h - p->pad_top;
    const int32_t left = x * p->stride_w - p->pad_left;
    const int32_t step = p->dilation_w * p->in_c;
    int32_t i, j;

    (void)in;
    for (i = 0; i < p->kernel_h; i++) {
        const int32_t row = top + i * p->dilation_h;
        int32_t offset = (row * p->in_w + left) * p->in_c;
        int32_t column = left;
        if (row < 0 || row >= p->in_h) {
            column = -p->kernel_w * p->dilation_w; /* all outside */
        }
        for (j = 0; j < p->kernel_w; j++) {
            if (column < 0 || column >= p->in_w) {
                *taps++ = TINYNAS_TAP_PADDING(p);
            } else {
                *taps++ = TINYNAS_TAP(p, in, offset);
            }
            column += p->dilation_w;
            offset += step;
        }
    }
}

/* What one position's channels share. */
typedef struct {
    const int8_t *in;
    const tinynas_tap *taps;
    const tinynas_tap *end;
    int32_t channels;
    tinynas_requantizer requantizer;
} tinynas_depthwise_position;

/* Sums of output channels o .. o + 3, which read input channels c .. c + 3. On ARMv6-M tap, input,
 * weights, three channel indices and two values fill the low registers; the fourth index is the
 * third one, stepped up and down. Sums and weight stride are in high registers. */
#if TINYNAS_THUMB1_ASM
#define TINYNAS_TAP_STEP(index, sum)                                \
    "ldrsb %[v], [%[x], %[" #index "]]\n\tldrsb %[u], [%[w], %[" #index \
    "]]\n\tmuls %[v], %[u], %[v]\n\tadd %[" #sum "], %[v]\n\t"

static inline void tinynas_depthwise_sum4(const tinynas_depthwise_plain_params *p,
                                          const tinynas_depthwise_position *at, const int8_t *w,
                                          int32_t c, int32_t *sums)
{
    const tinynas_tap *tap = at->taps, *const end = at->end; /* end lies on the stack */
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0, v, u, c2 = c + 2;
    const int8_t *x;
    (void)p;
    w -= c;
    __asm__ volatile(".syntax unified\n1:\tldmia %[tap]!, {%[x]}\n\t" TINYNAS_TAP_STEP(c0, s0)
                     TINYNAS_TAP_STEP(c1, s1) TINYNAS_TAP_STEP(c2, s2) "adds %[c2], #1\n\t"
                     TINYNAS_TAP_STEP(c2, s3) "subs %[c2], #1\n\tadd %[w], %[stride]\n\t"
                     "ldr %[v], %[end]\n\tcmp %[tap], %[v]\n\tbne 1b"
                     : [s0] "+h"(s0), [s1] "+h"(s1), [s2] "+h"(s2), [s3] "+h"(s3), [tap] "+l"(tap),
                       [w] "+l"(w), [c2] "+l"(c2), [x] "=&l"(x), [v] "=&l"(v), [u] "=&l"(u)
                     : [c0] "l"(c), [c1] "l"(c + 1), [stride] "h"(at->channels), [end] "m"(end)
                     : "cc", "memory");
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#else
static inline void tinynas_depthwise_sum4(const tinynas_depthwise_plain_params *p,
                                          const tinynas_depthwise_position *at, const int8_t *w,
                                          int32_t c, int32_t *sums)
{
    const int32_t stride = at->channels;
    const tinynas_tap *tap;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    (void)p;
    for (tap = at->taps; tap != at->end; tap++) {
        const int8_t *x = TINYNAS_TAP_AT(p, at->in, *tap) + c;
        s0 += x[0] * w[0];
        s1 += x[1] * w[1];
        s2 += x[2] * w[2];
        s3 += x[3] * w[3];
        w += stride;
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}
#endif

/* Sums of output channels o .. o + 3, which all read input channel c. */
static inline void tinynas_depthwise_spread4(const tinynas_depthwise_plain_params *p,
                                             const tinynas_depthwise_position *at, const int8_t *w,
                                             int32_t c, int32_t *sums)
{
    const int32_t stride = at->channels;
    const tinynas_tap *tap;
    int32_t s0 = 0, s1 = 0, s2 = 0, s3 = 0;
    (void)p;
    for (tap = at->taps; tap != at->end; tap++) {
        const int32_t v = TINYNAS_TAP_AT(p, at->in, *tap)[c];
        s0 += v * w[0];
        s1 += v * w[1];
        s2 += v * w[2];
        s3 += v * w[3];
        w += stride;
    }
    sums[0] = s0;
    sums[1] = s1;
    sums[2] = s2;
    sums[3] = s3;
}

static inline void tinynas_depthwise_sum1(const tinynas_depthwise_plain_params *p,
                                          const tinynas_depthwise_position *at, const int8_t *w,
                                          int32_t c, int32_t *sums)
{
    const tinynas_tap *tap;
    int32_t s = 0;
    (void)p;
    for (tap = at->taps; tap != at->end; tap++) {
        s += TINYNAS_TAP_AT(p, at->in, *tap)[c] * *w;
        w += at->channels;
    }
    sums[0] = s;
}

/* Output channels o .. o + count - 1 (at most TINYNAS_RUN) of one position, from input channel c on;
 * all of them read that one channel when multiplier > 1. */
static void tinynas_depthwise_run(const tinynas_depthwise_plain_params *p,
                                  const tinynas_depthwise_position *at, int32_t c, int32_t o,
                                  int32_t count, int8_t *out)
{
    const int32_t c_step = p->multiplier == 1 ? 1 : 0;
    const int8_t *w = p->weights + o;
    int32_t sums[TINYNAS_RUN];
    int32_t k = 0;

    for (; k + 4 <= count; k += 4) {
        if (c_step) {
            tinynas_depthwise_sum4(p, at, w + k, c + k, sums + k);
        } else {
            tinynas_depthwise_spread4(p, at, w + k, c, sums + k);
        }
    }
    for (; k < count; k++) {
        tinynas_depthwise_sum1(p, at, w + k, c + k * c_step, sums + k);
    }
    tinynas_requantize_run(&at->requantizer, sums, o, count, out + o);
}

/* `channels` output channels from o on in runs, the short one last; in reverse when backward. */
static void tinynas_depthwise_runs(const tinynas_depthwise_plain_params *p,
                                   const tinynas_depthwise_position *at, int32_t c, int32_t o,
                                   int32_t channels, int8_t *out)
{
    const int32_t c_step = p->multiplier == 1 ? 1 : 0;
    const int32_t runs = (channels + TINYNAS_RUN - 1) / TINYNAS_RUN;
    int32_t n;
    for (n = 0; n < runs; n++) {
        const int32_t k = (p->backward ? runs - 1 - n : n) * TINYNAS_RUN;
        const int32_t count = channels - k < TINYNAS_RUN ? channels - k : TINYNAS_RUN;
        tinynas_depthwise_run(p, at, c + k * c_step, o + k, count, out);
    }
}

void tinynas_depthwise_plain(const tinynas_depthwise_plain_params *p, const int8_t *in, int8_t *out,
                             void *scratch)
{
    tinynas_tap *taps = (tinynas_tap *)scratch;
    tinynas_depthwise_position at = {
        in,
        taps,
        taps + p->kernel_h * p->kernel_w,
        p->in_c * p->multiplier,
        {p->bias, p->multipliers, p->shifts, 0, p->any_left, p->low, p->high, p->zero_point}};
    const int32_t positions = p->batches * p->out_h * p->out_w;
    const int32_t multiplier = p->multiplier;
    int32_t step = at.channels;
    int32_t y = 0, x = 0, n, k;

    if (p->backward) {
        y = p->out_h - 1;
        x = p->out_w - 1;
        out += (positions - 1) * step;
        step = -step;
    }
    for (n = 0; n < positions; n++) {
        tinynas_depthwise_taps(p, at.in, y, x, taps);
        if (multiplier == 1) {
            tinynas_depthwise_runs(p, &at, 0, 0, p->in_c, out);
        } else {
            for (k = 0; k < p->in_c; k++) {
                const int32_t c = p->backward ? p->in_c - 1 - k : k;
                tinynas_depthwise_runs(p, &at, c, c * multiplier, multiplier, out);
            }
        }
        out += step;
        if (!p->backward) {
            if (++x == p->out_w) {
                x = 0;
                if (++y == p->out_h) {
                    y = 0; /* of the next image */
                    at.in += p->in_h * p->in_w * p->in_c;
                }
            }
        } else if (--x < 0) {
            x = p->out_w - 1;
            y--;
        }
    }
}
