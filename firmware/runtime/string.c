/* The four functions compilers call on their own, so that no C library is linked. Words where both
 * ends allow it: kernels copy rows with memcpy. The loop idiom pass is off in this file: it would
 * turn each of them into a call of itself. */
#pragma GCC optimize("no-tree-loop-distribute-patterns")

#include <stddef.h>
#include <stdint.h>

void *memcpy(void *restrict to, const void *restrict from, size_t length);
void *memmove(void *to, const void *from, size_t length);
void *memset(void *to, int value, size_t length);
int memcmp(const void *left, const void *right, size_t length);

typedef uint32_t __attribute__((may_alias)) word;

void *memcpy(void *restrict to, const void *restrict from, size_t length)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if ((((uintptr_t)out ^ (uintptr_t)in) & 3u) == 0u) {
        while (((uintptr_t)out & 3u) != 0u && length != 0u) {
            *out++ = *in++;
            length--;
        }
        word *out_words = (word *)(void *)out;
        const word *in_words = (const word *)(const void *)in;
        for (; length >= 16u; length -= 16u) {
            word a = in_words[0], b = in_words[1], c = in_words[2], d = in_words[3];
            out_words[0] = a;
            out_words[1] = b;
            out_words[2] = c;
            out_words[3] = d;
            out_words += 4;
            in_words += 4;
        }
        for (; length >= 4u; length -= 4u) {
            *out_words++ = *in_words++;
        }
        out = (uint8_t *)out_words;
        in = (const uint8_t *)in_words;
    }
    while (length-- != 0u) {
        *out++ = *in++;
    }
    return to;
}

void *memmove(void *to, const void *from, size_t length)
{
    uint8_t *out = to;
    const uint8_t *in = from;
    if (out <= in || out >= in + length) {
        /* Forward is safe; memcpy above goes forward, but its contract forbids overlap. */
        for (size_t i = 0; i < length; i++) {
            out[i] = in[i];
        }
    } else {
        while (length-- != 0u) {
            out[length] = in[length];
        }
    }
    return to;
}

void *memset(void *to, int value, size_t length)
{
    uint8_t *out = to;
    uint8_t byte = (uint8_t)value;
    while (((uintptr_t)out & 3u) != 0u && length != 0u) {
        *out++ = byte;
        length--;
    }
    word filled = byte * 0x01010101u;
    word *out_words = (word *)(void *)out;
    for (; length >= 4u; length -= 4u) {
        *out_words++ = filled;
    }
    out = (uint8_t *)out_words;
    while (length-- != 0u) {
        *out++ = byte;
    }
    return to;
}

int memcmp(const void *left, const void *right, size_t length)
{
    const uint8_t *a = left;
    const uint8_t *b = right;
    for (size_t i = 0; i < length; i++) {
        if (a[i] != b[i]) {
            return a[i] < b[i] ? -1 : 1;
        }
    }
    return 0;
}
