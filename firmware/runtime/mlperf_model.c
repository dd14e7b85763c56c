/* MLPerf Tiny, what depends on the model: how its input is sent, and how its output is told.
 *
 * The numbers come from the generated tinynas_mlperf.h. Most inputs are sent as the bytes the model takes; pixels
 * as unsigned bytes; the anomaly detector's as float32, and its result is how far the output is from the input.
 */
#include <string.h>

#include "app_run.h"
#include "mlperf.h"
#include "text.h"
#include "tinynas_mlperf.h"
#include "tinynas_model.h"

#if MLPERF_WIRE == MLPERF_WIRE_FLOAT
static float float_at(const uint8_t *copy, uint32_t index)
{
    float value;
    memcpy(&value, copy + 4u * index, sizeof value);
    return value;
}

/* Rounded half away from zero, then clamped: what the reference does. */
static int8_t quantized(float value)
{
    float scaled = value / MLPERF_INPUT_SCALE;
    scaled = scaled > -1000.0f ? scaled : -1000.0f; /* not a number: the lowest */
    scaled = scaled < 1000.0f ? scaled : 1000.0f;
    int whole = (int)scaled;
    float left = scaled - (float)whole;
    whole += left >= 0.5f ? 1 : left <= -0.5f ? -1 : 0;
    whole += MLPERF_INPUT_ZERO_POINT;
    return (int8_t)(whole < -128 ? -128 : whole > 127 ? 127 : whole);
}
#endif

void mlperf_restore_input(const uint8_t *copy)
{
#if MLPERF_WIRE == MLPERF_WIRE_SAME
    app_load_input(copy);
#else
    uint8_t *input = app_at(TNP_PLACE_INPUT, 0, TINYNAS_INPUT_BYTES);
    for (uint32_t k = 0; k < TINYNAS_INPUT_BYTES; k++) {
#if MLPERF_WIRE == MLPERF_WIRE_PIXELS
        input[k] = copy[k] ^ 0x80u; /* less 128 */
#else
        input[k] = (uint8_t)quantized(float_at(copy, k));
#endif
    }
#endif
}

#if MLPERF_WIRE == MLPERF_WIRE_FLOAT
static uint32_t kept_run;
static float kept;

/* The mean square of what lies between input and output. */
void mlperf_keep_results(const uint8_t *copy)
{
    kept_run = app_output_run();
    const int8_t *output = (const int8_t *)app_at(TNP_PLACE_OUTPUT, 0, TINYNAS_OUTPUT_BYTES);
    float sum = 0.0f;
    for (uint32_t k = 0; k < TINYNAS_OUTPUT_BYTES; k++) {
        float apart = (float)(output[k] - MLPERF_OUTPUT_ZERO_POINT) * MLPERF_OUTPUT_SCALE - float_at(copy, k);
        sum += apart * apart;
    }
    kept = sum / (float)TINYNAS_OUTPUT_BYTES;
}

int mlperf_has_results(void)
{
    return app_output_run() != 0 && app_output_run() == kept_run;
}

void mlperf_put_results(void)
{
    uint32_t bits;
    memcpy(&bits, &kept, sizeof bits);
    text_put_float(bits);
}
#else
void mlperf_keep_results(const uint8_t *copy)
{
    (void)copy;
}

int mlperf_has_results(void)
{
    return app_output_run() != 0;
}

/* A value of 1, 2 or 4 bytes, two's complement. */
static int32_t integer_at(const uint8_t *at, uint32_t bytes)
{
    uint32_t value = tnp_get_le(at, (int)bytes);
    uint32_t sign = (uint32_t)1 << (8u * bytes - 1u);
    return (int32_t)((value ^ sign) - sign);
}

void mlperf_put_results(void)
{
    static const mlperf_output outputs[] = MLPERF_OUTPUTS;
    uint32_t offset = 0;
    for (uint32_t n = 0; n < sizeof outputs / sizeof outputs[0]; n++) {
        const mlperf_output *o = &outputs[n];
        for (uint32_t k = 0; k < o->count; k++, offset += o->bytes) {
            const uint8_t *at = app_at(TNP_PLACE_OUTPUT, offset, o->bytes);
            if (offset != 0) {
                text_put(",");
            }
            if (o->mantissa == 0) {
                text_put_float(tnp_get_le(at, 4));
            } else {
                int64_t value = (int64_t)integer_at(at, o->bytes) - o->zero_point;
                text_put_thousandths(value < 0, (uint64_t)(value < 0 ? -value : value) * o->mantissa, o->exponent);
            }
        }
    }
}
#endif
