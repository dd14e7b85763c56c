/* A model with two inputs, two outputs and three layers, made to be looked through. */
#ifndef TINYNAS_MODEL_H
#define TINYNAS_MODEL_H
#include <stddef.h>
#include <stdint.h>
#define TINYNAS_MODEL_HASH "0123456789abcdef"
#define TINYNAS_ARENA_BYTES 90
#define TINYNAS_LAYERS 3
#define TINYNAS_INPUTS 2
#define TINYNAS_OUTPUTS 2
#define TINYNAS_INPUT_BYTES 24
#define TINYNAS_OUTPUT_BYTES 12
#define TINYNAS_INPUT_SIZES {16, 8}
#define TINYNAS_OUTPUT_SIZES {4, 8}
typedef struct {
    _Alignas(8) uint8_t arena[TINYNAS_ARENA_BYTES];
} tinynas_state;
void *tinynas_input_at(tinynas_state *state, int index);
void *tinynas_output_at(tinynas_state *state, int index);
int tinynas_invoke(tinynas_state *state, const void *in, void *out);
#endif
