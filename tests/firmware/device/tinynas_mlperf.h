/* What the generator would say about the model of device.c. */
#ifndef TINYNAS_MLPERF_H
#define TINYNAS_MLPERF_H
#include <stdint.h>
#define MLPERF_MODEL "process model"
#define MLPERF_WIRE_SAME 0
#define MLPERF_WIRE_PIXELS 1
#define MLPERF_WIRE_FLOAT 2
#define MLPERF_WIRE MLPERF_WIRE_SAME
#define MLPERF_INPUT_BYTES 24u
typedef struct {
    uint32_t count;
    uint32_t bytes;
    int32_t zero_point;
    uint32_t mantissa;
    int32_t exponent;
} mlperf_output;
/* int8 with scale 1/256 and zero point -128; int16 with scale 0.3f and zero point 5 */
#define MLPERF_OUTPUTS {{4u, 1u, -128, 8388608u, -31}, {4u, 2u, 5, 10066330u, -25}}
#endif
