/* From int8 to lanes of 16 bits: see expand_dsp.h. */
#include "expand_dsp.h"

void tinynas_expand_dsp(uint32_t *to, const int8_t *from, int32_t bytes, int32_t count, int32_t gap,
                        int32_t next)
{
    const int32_t rest = bytes & 3;
    for (; count > 0; count--) {
        from = tinynas_expand_vectors(to, from, bytes - rest, 1, 4);
        if (rest != 0) {
            uint32_t *const last = to + 2 * (bytes - rest);
            last[0] = tinynas_pack16(from[0], rest > 2 ? from[2] : 0);
            last[4] = tinynas_pack16(rest > 1 ? from[1] : 0, 0);
        }
        from += rest + gap;
        to += next;
    }
}
