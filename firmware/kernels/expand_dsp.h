/* Expanding input bytes to 16-bit lanes, laid out for group_dsp.c. */
#ifndef TINYNAS_EXPAND_DSP_H
#define TINYNAS_EXPAND_DSP_H

#include "tinynas_dsp.h"

/* One vector of `bytes` int8, any alignment, the last four completed with zeros: bytes (0, 2) of each
 * four go to to[0], (1, 3) to to[4], the next four's eight words on. Four bytes in 5 instructions. */
static inline uint32_t *tinynas_expand(uint32_t *to, const int8_t *from, int32_t bytes)
{
    const int8_t *const end = from + (bytes & ~7);
    while (from != end) {
        const uint32_t v = tinynas_load4(from), w = tinynas_load4(from + 4);
        to[0] = tinynas_even_bytes(v);
        to[4] = tinynas_odd_bytes(v);
        to[8] = tinynas_even_bytes(w);
        to[12] = tinynas_odd_bytes(w);
        from += 8;
        to += 16;
        TINYNAS_OPAQUE(from);
    }
    if (bytes & 4) {
        const uint32_t v = tinynas_load4(from);
        to[0] = tinynas_even_bytes(v);
        to[4] = tinynas_odd_bytes(v);
        from += 4;
        to += 8;
    }
    if (bytes & 3) {
        to[0] = tinynas_pack16(from[0], (bytes & 3) > 2 ? from[2] : 0);
        to[4] = tinynas_pack16((bytes & 3) > 1 ? from[1] : 0, 0);
        to += 8;
    }
    return to;
}

#endif
