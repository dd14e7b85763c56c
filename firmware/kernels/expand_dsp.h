/* Expanding input bytes to 16-bit lanes, laid out for group_dsp.c.
 *
 * One vector: bytes (0, 2) of each four go to to[0], (1, 3) to to[step]; the next four's 2 step words on.
 * 16 bytes take 24 instructions, a vector about 12 besides. */
#ifndef TINYNAS_EXPAND_DSP_H
#define TINYNAS_EXPAND_DSP_H

#include "tinynas_dsp.h"

#ifdef __cplusplus
extern "C" {
#endif

/* `count` vectors of `bytes` int8 each from any address, `gap` bytes between them, one every `next` words; step is
 * 4. The last four bytes of a vector are completed with zeros. */
void tinynas_expand_dsp(uint32_t *to, const int8_t *from, int32_t bytes, int32_t count, int32_t gap,
                        int32_t next);

#ifdef __cplusplus
}
#endif

static inline void tinynas_expand_four(uint32_t *to, uint32_t v, int32_t step)
{
    to[0] = tinynas_even_bytes(v);
    to[step] = tinynas_odd_bytes(v);
}

/* The same inline, step a constant, `bytes` a multiple of four. Returns where the next vector's bytes begin. */
static inline const int8_t *tinynas_expand_vectors(uint32_t *to, const int8_t *from, int32_t bytes,
                                                   int32_t count, int32_t step)
{
    const int8_t *stop = from;
    for (; count > 0; count--) {
        uint32_t *at = to++;
        stop += bytes;
        if (bytes & 12) {
            const int8_t *const odd = from + (bytes & 12);
            while (from != odd) {
                tinynas_expand_four(at, tinynas_load4(from), step);
                from += 4;
                at += 2 * step;
                TINYNAS_OPAQUE(from);
                TINYNAS_OPAQUE(at);
            }
        }
        while (from != stop) {
            uint32_t v = tinynas_load4(from), w = tinynas_load4(from + 4);
            tinynas_expand_four(at, v, step);
            tinynas_expand_four(at + 2 * step, w, step);
            v = tinynas_load4(from + 8);
            w = tinynas_load4(from + 12);
            tinynas_expand_four(at + 4 * step, v, step);
            tinynas_expand_four(at + 6 * step, w, step);
            from += 16;
            at += 8 * step;
            TINYNAS_OPAQUE(from);
            TINYNAS_OPAQUE(at);
        }
    }
    return from;
}

#endif
