/* A run of operators executed row by row, so that no tensor between them is ever there as a whole.
 *
 * Every operator is a stage that makes one row of its output at a time with its ordinary kernel: a row is an
 * image one row high. Rows between stages lie in a ring: a few consecutive rows, moved down when the next one
 * needs room. All tables are constants of the generated model; sizes are those of a 32-bit target. */
#ifndef TINYNAS_FUSED_H
#define TINYNAS_FUSED_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

#define TINYNAS_FUSED_INPUTS 2
#define TINYNAS_FUSED_READERS 2

/* Makes one row: `params` are the kernel's own. */
typedef void (*tinynas_row_kernel)(const void *params, const int8_t *const *in, int8_t *out, void *scratch);

/* Rows y stride - pad_top to y stride - pad_top + kernel - 1 of a tensor, as far as they exist. */
typedef struct {
    int16_t tensor;
    int16_t maker; /* the stage that makes it, -1: it is there */
    int16_t rows;  /* it has */
    int16_t kernel, stride, pad_top;
} tinynas_fused_input;

/* Rows at the top and at the bottom see fewer rows of their input: each has parameters of its own, and all
 * others share one. `params`: top ones, the common one, bottom ones; where no row is common, all are top ones. */
typedef struct {
    tinynas_row_kernel make;
    const void *const *params;
    tinynas_fused_input in[TINYNAS_FUSED_INPUTS];
    int16_t inputs;
    int16_t out;  /* tensor */
    int16_t rows; /* of it */
    int16_t top, bottom;
    int16_t reserved;
} tinynas_fused_stage;

typedef struct {
    int16_t stage, input;
} tinynas_fused_reader;

typedef struct {
    int32_t offset; /* in the arena */
    int32_t row_bytes;
    int16_t kept; /* rows of the ring; 0: the whole tensor is there; -1: each row is made in the place of its
                   * one reader's row (which is then made in place) */
    int16_t readers;
    tinynas_fused_reader reader[TINYNAS_FUSED_READERS];
} tinynas_fused_tensor;

typedef struct {
    const tinynas_fused_stage *stages; /* in execution order; the last one's output is the result */
    const tinynas_fused_tensor *tensors;
    int32_t count; /* of stages */
    int32_t scratch; /* of the kernels: offset in the arena */
} tinynas_fused_params;

/* Of a stage: rows made, and which row its ring begins with. */
typedef struct {
    int16_t made, base;
} tinynas_fused_progress;

/* progress: one per stage, of any content. */
void tinynas_fused(const tinynas_fused_params *p, uint8_t *arena, tinynas_fused_progress *progress);

/* AVERAGE_POOL_2D over a whole image, a row at a time. held: 16 bits per channel, or 32 if `wide`, from the
 * first row to the last one, which writes the result. */
typedef struct {
    int32_t columns, channels;
    int32_t count; /* of elements in the whole image, per channel */
    int32_t wide;
    int32_t first, last;
    int32_t low, high;
} tinynas_average_pool_rows_params;
void tinynas_average_pool_rows(const tinynas_average_pool_rows_params *p, const int8_t *in, const int8_t *held,
                               int8_t *out);

#ifdef __cplusplus
}
#endif

#endif
