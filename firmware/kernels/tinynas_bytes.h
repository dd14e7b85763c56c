/* Copying runs of bytes inside kernels, by words where both ends are aligned.
 *
 * Small-library memcpy copies byte by byte on ARMv6-M (5 instructions a byte); this costs 2.5 per
 * word plus about 12 a call. It proceeds upwards, a word or a byte read before it is written, so
 * `to` may lie below `from` in the same memory. */
#ifndef TINYNAS_BYTES_H
#define TINYNAS_BYTES_H

#include <stdint.h>
#include <string.h>

#include "tinynas_fixed.h"

#if defined(__GNUC__)
#define TINYNAS_ALIGNED(p) __builtin_assume_aligned((p), 4)
#else
#define TINYNAS_ALIGNED(p) (p)
#endif

static inline void tinynas_copy(int8_t *to, const int8_t *from, int32_t count)
{
    const int8_t *end = from + count;
    if ((((uintptr_t)to | (uintptr_t)from) & 3u) == 0) {
        const int8_t *last = from + (count & ~15);
        uint32_t a, b, c, d;
        while (from != last) {
            memcpy(&a, TINYNAS_ALIGNED(from), 4);
            memcpy(&b, TINYNAS_ALIGNED(from + 4), 4);
            memcpy(&c, TINYNAS_ALIGNED(from + 8), 4);
            memcpy(&d, TINYNAS_ALIGNED(from + 12), 4);
            memcpy(TINYNAS_ALIGNED(to), &a, 4);
            memcpy(TINYNAS_ALIGNED(to + 4), &b, 4);
            memcpy(TINYNAS_ALIGNED(to + 8), &c, 4);
            memcpy(TINYNAS_ALIGNED(to + 12), &d, 4);
            from += 16;
            to += 16;
            TINYNAS_OPAQUE(from); /* keeps the loop from becoming a call of memcpy */
        }
        last = from + (count & 12);
        while (from != last) {
            memcpy(&a, TINYNAS_ALIGNED(from), 4);
            memcpy(TINYNAS_ALIGNED(to), &a, 4);
            from += 4;
            to += 4;
            TINYNAS_OPAQUE(from);
        }
    }
    while (from != end) {
        *to++ = *from++;
        TINYNAS_OPAQUE(from);
    }
}

#endif
