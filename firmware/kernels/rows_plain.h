/* The inner core of convolution and dense layers: one input vector times all rows of weights. */
#ifndef TINYNAS_ROWS_PLAIN_H
#define TINYNAS_ROWS_PLAIN_H

#include <stdint.h>

typedef struct {
    const int8_t *weights;      /* [outputs][depth] */
    const int32_t *bias;        /* [outputs], input zero point folded in */
    const int32_t *multipliers; /* [outputs], or one value when channel_mask is 0 */
    const int8_t *shifts;
    int32_t channel_mask; /* -1: factors per output; 0: one factor */
    int32_t depth;
    int32_t outputs;
    int32_t low; /* activation limits less zero_point */
    int32_t high;
    int32_t zero_point;
} tinynas_rows;

/* out[o] = requantize(bias[o] + sum over i of x[i] weights[o][i]). x and out are disjoint. */
void tinynas_rows_plain(const tinynas_rows *r, const int8_t *x, int8_t *out);

#endif
