/* The front end's outside: history, order of the steps, quantization, the ring of columns. */
#include "tinynas_frontend.h"

#include "tinynas_frontend_internal.h"

/* Copies words upwards; `to` may lie below `from` in the same array. */
static void copy_words(tinynas_word *to, const tinynas_word *from, int32_t count)
{
    typedef struct {
        tinynas_word w[4];
    } block;
    for (; count >= 4; count -= 4) {
        const block b = *(const block *)from;
        *(block *)to = b;
        to += 4;
        from += 4;
    }
    while (count-- > 0) {
        *to++ = *from++;
    }
}

void tinynas_frontend_reset(const tinynas_frontend *f, uint32_t *state)
{
    for (int32_t i = 0; i < f->points; i++) {
        state[i] = 0;
    }
}

void tinynas_frontend_prime(const tinynas_frontend *f, uint32_t *state, const int16_t *samples)
{
    /* They lie where the next hop expects what it pushes down. */
    copy_words((tinynas_word *)state + f->hop / 2, (const tinynas_word *)(const void *)samples,
               (f->frame - f->hop) / 2);
}

void tinynas_frontend_hop(const tinynas_frontend *f, uint32_t *state, uint32_t *scratch, const int16_t *samples,
                          int16_t *column)
{
    const int32_t kept = (f->frame - f->hop) / 2;
    tinynas_complex *z = (tinynas_complex *)(void *)scratch;
    copy_words((tinynas_word *)state, (const tinynas_word *)state + f->hop / 2, kept);
    copy_words((tinynas_word *)state + kept, (const tinynas_word *)(const void *)samples, f->hop / 2);
    tinynas_frontend_fft(f, state, z);
    if (TINYNAS_FRONTEND_IS_POWER(f)) {
        tinynas_frontend_powers(f, z);
    } else {
        tinynas_frontend_magnitudes(f, z);
    }
    if (!TINYNAS_FRONTEND_HAS_DCT(f)) {
        tinynas_frontend_bands(f, scratch, column);
        return;
    }
    uint32_t *logs = scratch + 2 * f->points;
    logs[(f->bands - 1) / 2] = 0; /* an odd number of bands leaves half a word */
    tinynas_frontend_bands(f, scratch, (int16_t *)(void *)logs);
    tinynas_frontend_dct(f, (const int16_t *)(const void *)logs, column);
}

void tinynas_frontend_quantize(const tinynas_frontend_quantizer *q, const int16_t *values, int8_t *out, int32_t count)
{
    const int32_t multiplier = q->multiplier, offset = q->offset, shift = q->shift;
    for (int32_t i = 0; i < count; i++) {
        int32_t v = (values[i] * multiplier + offset) >> shift;
        if (v > 127) {
            v = 127;
        }
        if (v < -128) {
            v = -128;
        }
        out[i] = (int8_t)v;
    }
}
