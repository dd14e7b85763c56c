/* The inner core of convolutions with DSP instructions: four expanded input vectors times all
 * output channels. */
#ifndef TINYNAS_GROUP_DSP_H
#define TINYNAS_GROUP_DSP_H

#include <stdint.h>

/* A layer's constants. Output channels go in pairs (a, b), each a run of words in the stream:
 *   bias of a; `words` words of weights, two 16-bit lanes a + 256 b each; bias of b; multiplier of b,
 *   of a; shift of b in the lowest byte, of a in the next.
 * Shifts go to the right, less one. Unless `any`, a's multiplier is doubled modulo 2^32 and b's bias is doubled.
 * A missing b has weights of zero. */
typedef struct {
    const uint32_t *stream;
    int32_t words; /* even */
    int32_t channels;
    int32_t any; /* some shift is not 1 to 24, the limits are not -128 and 127, or a sum may be too large */
    int32_t low, high; /* limits less zero_point */
    int32_t zero_point;
    int32_t strip;
} tinynas_dsp_layer;

#ifdef __cplusplus
extern "C" {
#endif

/* out[n channels + c] for the first `pixels` (1 to 4) of four vectors n. x: for each word of weights
 * four words, one per vector, of two 16-bit lanes; in a strip, for each three words of weights (three
 * neighbouring taps) six words, of which vector n uses the three from n on. */
void tinynas_group_dsp(const tinynas_dsp_layer *l, const uint32_t *x, int8_t *out, int32_t pixels);

#ifdef __cplusplus
}
#endif

#endif
