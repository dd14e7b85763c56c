/* From int8 to lanes of 16 bits: 24 instructions for 16 values, and about 12 a call. Word loads go in pairs. */
#include "expand_dsp.h"

#include "tinynas_dsp.h"

uint32_t *tinynas_expand_dsp(uint32_t *to, const int8_t *from, int32_t bytes)
{
    const int8_t *end = from + (bytes & ~15);
    while (from != end) {
        uint32_t v = tinynas_load4(from), w = tinynas_load4(from + 4);
        to[0] = tinynas_even_bytes(v);
        to[4] = tinynas_odd_bytes(v);
        to[8] = tinynas_even_bytes(w);
        to[12] = tinynas_odd_bytes(w);
        v = tinynas_load4(from + 8);
        w = tinynas_load4(from + 12);
        to[16] = tinynas_even_bytes(v);
        to[20] = tinynas_odd_bytes(v);
        to[24] = tinynas_even_bytes(w);
        to[28] = tinynas_odd_bytes(w);
        from += 16;
        to += 32;
        TINYNAS_OPAQUE(from);
    }
    end = from + (bytes & 12);
    while (from != end) {
        const uint32_t v = tinynas_load4(from);
        to[0] = tinynas_even_bytes(v);
        to[4] = tinynas_odd_bytes(v);
        from += 4;
        to += 8;
        TINYNAS_OPAQUE(from);
    }
    if (bytes & 3) {
        to[0] = tinynas_pack16(from[0], (bytes & 3) > 2 ? from[2] : 0);
        to[4] = tinynas_pack16((bytes & 3) > 1 ? from[1] : 0, 0);
        to += 8;
    }
    return to;
}
