/* The inner core of convolution and dense layers: one input vector times all rows of weights. */
#ifndef TINYNAS_ROWS_PLAIN_H
#define TINYNAS_ROWS_PLAIN_H

#include <stdint.h>

#include "requantize_run.h"

typedef struct {
    const int8_t *weights; /* [outputs][depth] */
    int32_t depth;
    int32_t outputs;
    tinynas_requantizer requantizer;
} tinynas_rows;

#ifdef __cplusplus
extern "C" {
#endif

/* out[o] = requantize(bias[o] + sum over i of x[i] weights[o][i]). x and out are disjoint. */
void tinynas_rows_plain(const tinynas_rows *r, const int8_t *x, int8_t *out);

#ifdef __cplusplus
}
#endif

#endif
