/* The inner core of convolutions with DSP instructions: four expanded input vectors times all
 * output channels. */
#ifndef TINYNAS_GROUP_DSP_H
#define TINYNAS_GROUP_DSP_H

#include <stdint.h>

/* A layer's constants. Output channels go in pairs (a, b), each a run of words in the stream:
 *   what the sums of a and of a + 256 b start from; `words` words of weights, two 16-bit lanes a + 256 b each;
 *   multiplier of b, rounding constant of b, multiplier of a; shift of b in the lowest byte, of a in the third.
 * Sums start from the biases a and a + 256 b, a's multiplier is doubled modulo 2^32. With zero point -128, b's
 * shift is to the right less one plus seven, its constant z 2^shift + 64, where z = 2 zero_point + 1; else b's shift is
 * to the right less one like a's, and bit 15 is set. `any`: bit 15 is set, both sums start from a's bias,
 * b's is in the place of the constant, nothing is doubled. A missing b has weights
 * of zero, and bit 15 is set. */
typedef struct {
    const uint32_t *stream;
    int32_t words; /* even */
    int32_t channels;
    int32_t any; /* some shift is not 1 to 24, the limits are not -128 and 127, or a sum may be too large */
    int32_t low, high; /* limits less zero_point */
    int32_t zero_point;
} tinynas_dsp_layer;

/* The same made ready for groups whose inputs are expanded at one place. */
typedef struct {
    const uint32_t *x, *x_end;
    const uint32_t *w, *w_end; /* of whole pairs */
    const uint32_t *end;       /* behind a last channel without b, too */
    int32_t entry;             /* into the loop: bytes of code to skip */
    int32_t z;                 /* 2 zero_point + 1; 0: sums are to be left in the frame */
    const tinynas_dsp_layer *layer;
} tinynas_group;

#ifdef __cplusplus
extern "C" {
#endif

/* x: for each word of weights four words, one per vector, of two 16-bit lanes. */
tinynas_group tinynas_group_of(const tinynas_dsp_layer *layer, const uint32_t *x);

/* out[n channels + c] for the first `pixels` (1 to 4) of four vectors n. */
void tinynas_group_dsp(const tinynas_group *group, int8_t *out, int32_t pixels);

/* The same for strips: x has six words for each three words of weights (three neighbouring taps); vector n uses
 * the three from n on. words: a multiple of six. */
tinynas_group tinynas_strip_of(const tinynas_dsp_layer *layer, const uint32_t *x);
void tinynas_strip_dsp(const tinynas_group *group, int8_t *out, int32_t pixels);

#ifdef __cplusplus
}
#endif

#endif
