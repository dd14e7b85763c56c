/* Whole clips at once, for training on the development machine. Not part of any firmware. */
#include "tinynas_frontend.h"

void tinynas_frontend_batch(const tinynas_frontend *f, const int16_t *clips, int64_t count, int64_t samples,
                            uint32_t *state, uint32_t *scratch, int16_t *columns);

/* clips: count x samples, each clip and every hop in it 4-byte aligned; columns: count x frames x width, where
 * frames = 1 + (samples - frame) / hop. */
void tinynas_frontend_batch(const tinynas_frontend *f, const int16_t *clips, int64_t count, int64_t samples,
                            uint32_t *state, uint32_t *scratch, int16_t *columns)
{
    const int64_t frames = samples < f->frame ? 0 : 1 + (samples - f->frame) / f->hop;
    const int32_t width = f->coefficients != 0 ? f->coefficients : f->bands;
    for (int64_t i = 0; i < count; i++) {
        const int16_t *clip = clips + i * samples;
        tinynas_frontend_reset(f, state);
        tinynas_frontend_prime(f, state, clip);
        clip += f->frame - f->hop;
        for (int64_t t = 0; t < frames; t++) {
            tinynas_frontend_hop(f, state, scratch, clip, columns);
            clip += f->hop;
            columns += width;
        }
    }
}
