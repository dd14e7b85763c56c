/* What the depthwise kernels for cores with DSP instructions share: one channel at a time, as a plane.
 *
 * A channel of the image is expanded once into 16-bit lines with their padding in place (a strip of
 * them where the whole plane would be large); outputs are then sums over neighbouring halfwords. As
 * a channel's inputs are read before its outputs are written, and no channel touches another's
 * bytes, input and output may be the same memory. Lines run along either axis of the image. */
#ifndef TINYNAS_DEPTHWISE_PLANES_H
#define TINYNAS_DEPTHWISE_PLANES_H

#include <stdint.h>

#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

/* Functions that need registers, and stack, of their own only while they run. */
#if defined(__GNUC__)
#define TINYNAS_APART __attribute__((noinline))
#else
#define TINYNAS_APART
#endif

/* How sums become outputs, s bits to the right. Weights and bias are scaled by a power of two
 * beforehand, so that a high multiplication by m yields 2^-31 m sum, or 2^e times that.
 *
 * SIGNED: weights doubled: (round(high) + r - (x < 0)) >> s, saturated. The subtraction makes halves
 * go away from zero; r holds the rounding constant and the zero point.
 * FROM_LOW: zero point -128, so that negative sums all end at -128 and need no fix. Weights
 * times 2^(1+e), s + e = 10: (floor(high) + r) >> 10, one shift for all channels. For e >= 1 the first
 * of the two roundings, up from a half of 2^e, is a constant and part of r, too.
 *
 * A channel that neither can do exactly (a shift out of range, a sum that might overflow) is marked: its
 * shift is TINYNAS_ANY_SHIFT more than it is. Such channels are rounded step by step. */
typedef enum { TINYNAS_SIGNED, TINYNAS_FROM_LOW } tinynas_finish;
#define TINYNAS_FROM_LOW_SHIFT 10
#define TINYNAS_ANY_SHIFT 64
#define TINYNAS_MARKED 32 /* and above */

static inline int32_t tinynas_finish_signed(int32_t sum, int32_t m, int32_t round, int32_t shift)
{
    return tinynas_clamp((tinynas_high_add(sum, m, round) + (sum >> 31)) >> shift, -128, 127);
}

static inline int32_t tinynas_finish_from_low(int32_t sum, int32_t m, int32_t round)
{
    const int32_t high = (int32_t)(((int64_t)sum * m) >> 32);
    return tinynas_clamp((high + round) >> TINYNAS_FROM_LOW_SHIFT, -128, 127);
}

/* Of one output channel; the bias is scaled. */
typedef struct {
    int32_t multiplier, round, bias, shift;
} tinynas_plane_factors;

/* What an inner loop needs of a strip. Loops keep more behind it. */
typedef struct {
    const tinynas_depthwise_planes_params *p;
    const int16_t *in; /* plane */
    int8_t *out;       /* first output of the strip */
    int32_t lines;     /* of outputs */
} tinynas_plane;

/* Computes output channel o of the strip. */
typedef void (*tinynas_plane_kernel)(tinynas_plane *plane, int32_t o);

static inline tinynas_plane_factors tinynas_plane_factors_of(const tinynas_depthwise_planes_params *p,
                                                             int32_t o, int32_t shift,
                                                             tinynas_finish finish, int32_t *scale)
{
    tinynas_plane_factors f;
    int32_t s;
    f.shift = shift;
    f.multiplier = p->multipliers[o];
    if (finish == TINYNAS_SIGNED) {
        s = 1;
        f.round = (1 << (shift - 1)) + TINYNAS_SHIFT_LEFT(p->zero_point, shift);
    } else {
        s = TINYNAS_FROM_LOW_SHIFT + 1 - shift;
        f.round = ((1 << s) >> 2) + (1 << (TINYNAS_FROM_LOW_SHIFT - 1)) - (128 << TINYNAS_FROM_LOW_SHIFT);
    }
    f.bias = TINYNAS_SHIFT_LEFT(p->bias[o], s);
    *scale = s;
    return f;
}

#ifdef __cplusplus
extern "C" {
#endif

/* All channels and strips: expands planes into scratch and calls `kernel` for every output channel. */
void tinynas_depthwise_planes(const tinynas_depthwise_planes_params *p, const int8_t *in, int8_t *out,
                              void *scratch, tinynas_plane *plane, tinynas_plane_kernel kernel);

/* A marked channel. */
void tinynas_plane_any(const tinynas_plane *plane, int32_t o);

#ifdef __cplusplus
}
#endif

#endif
