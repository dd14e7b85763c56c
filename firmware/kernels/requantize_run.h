/* From sums to outputs, for kernels with one factor per output channel. */
#ifndef TINYNAS_REQUANTIZE_RUN_H
#define TINYNAS_REQUANTIZE_RUN_H

#include <stdint.h>

#define TINYNAS_RUN 16 /* sums a kernel gathers on its stack before they are requantized */

typedef struct {
    const int32_t *bias;        /* [channels], input zero point folded in */
    const int32_t *multipliers; /* [channels], or one value when per_tensor */
    const int8_t *shifts; /* to the right, less one */
    int32_t per_tensor;
    int32_t any_left; /* some shift is below one */
    int32_t low; /* activation limits less zero_point */
    int32_t high;
    int32_t zero_point;
} tinynas_requantizer;

#ifdef __cplusplus
extern "C" {
#endif

/* out[i] = requantize(bias[first + i] + sums[i]) with the factors of channel first + i, i < count.
 * The sums may be overwritten. */
void tinynas_requantize_run(const tinynas_requantizer *q, int32_t *sums, int32_t first,
                            int32_t count, int8_t *out);

#ifdef __cplusplus
}
#endif

#endif
