/* The butterflies of tinynas_frontend_fft.c in DSP instructions: the same sums and products in the same order.
 *
 * Written out because compilers spill here: nine values are alive, everything else must fit beside them. The four
 * places of a butterfly are reached from one pointer, so their distance is a constant of each stage; LDRD and STRD
 * reach 1,020 bytes to both sides, hence the bias. */
#ifndef TINYNAS_FRONTEND_FFT_DSP_H
#define TINYNAS_FRONTEND_FFT_DSP_H

#include "tinynas_frontend_internal.h"

/* (re, im) of half the product with the twiddle in w; t is lost. */
#define TN_HALF_TURN(re, im)                                  \
    "smulwt %[t], " re ", %[w]\n smulwb " re ", " re ", %[w]\n" \
    "smlawt " re ", " im ", %[w], " re "\n"                   \
    "smulwb " im ", " im ", %[w]\n sub " im ", " im ", %[t]\n"

/* Between accesses: nothing, or steps of 1,024 bytes where the places are too far apart for one pointer. */
#define TN_NEAR(way, spans) ""
#define TN_FAR(way, spans) way " %[at], %[at], #" #spans " * 1024\n"

/* The four places around a pointer that stands `bias` bytes above the first. */
#define TN_PLACES(bytes, bias) -(bias), (bytes) - (bias), 2 * (bytes) - (bias), 3 * (bytes) - (bias)

/* One butterfly with twiddles at WP[0..2]. Registers are reused as values die: first br, bi become b - d, and s, dr
 * hold b + d; then di, ci are c, and so on. */
#define TN_TURN_AT(AT, WP, P0, P1, P2, P3, MOVE)                                                                \
    __asm__ volatile(                                                                                           \
        "ldr %[w], [%[wp]]\n" MOVE("add", 1) "ldrd %[br], %[bi], [%[at], %[p1]]\n" TN_HALF_TURN("%[br]", "%[bi]") \
        "ldr %[w], [%[wp], #8]\n" MOVE("add", 2) "ldrd %[dr], %[di], [%[at], %[p3]]\n" TN_HALF_TURN("%[dr]", "%[di]") \
        "add %[s], %[br], %[dr]\n sub %[br], %[br], %[dr]\n"                                                    \
        "add %[dr], %[bi], %[di]\n sub %[bi], %[bi], %[di]\n"                                                   \
        "ldr %[w], [%[wp], #4]\n" MOVE("sub", 1) "ldrd %[di], %[ci], [%[at], %[p2]]\n" TN_HALF_TURN("%[di]", "%[ci]") \
        MOVE("sub", 2) "ldrd %[ar], %[ai], [%[at], %[p0]]\n"                                                    \
        "add %[t], %[ar], %[di], lsl #1\n sub %[ar], %[ar], %[di], lsl #1\n"                                    \
        "add %[di], %[ai], %[ci], lsl #1\n sub %[ai], %[ai], %[ci], lsl #1\n"                                   \
        "add %[ci], %[t], %[s], lsl #1\n sub %[t], %[t], %[s], lsl #1\n"                                        \
        "add %[s], %[di], %[dr], lsl #1\n sub %[di], %[di], %[dr], lsl #1\n"                                    \
        "strd %[ci], %[s], [%[at], %[p0]]\n" MOVE("add", 2) "strd %[t], %[di], [%[at], %[p2]]\n"                \
        "add %[ci], %[ar], %[bi], lsl #1\n sub %[ar], %[ar], %[bi], lsl #1\n"                                   \
        "sub %[s], %[ai], %[br], lsl #1\n add %[ai], %[ai], %[br], lsl #1\n"                                    \
        MOVE("sub", 1) "strd %[ci], %[s], [%[at], %[p1]]\n" MOVE("add", 2) "strd %[ar], %[ai], [%[at], %[p3]]\n" \
        : [at] "+&r"(AT), [br] "=&r"(br), [bi] "=&r"(bi), [dr] "=&r"(dr), [di] "=&r"(di), [t] "=&r"(t),         \
          [ci] "=&r"(ci), [ar] "=&r"(ar), [ai] "=&r"(ai), [s] "=&r"(s), [w] "=&r"(tw)                           \
        : [wp] "r"(WP), [p0] "i"(P0), [p1] "i"(P1), [p2] "i"(P2), [p3] "i"(P3)                                  \
        : "memory")                                                                                            

/* One butterfly without twiddles. */
#define TN_STRAIGHT_AT(AT, P0, P1, P2, P3, MOVE)                                                                \
    __asm__ volatile(                                                                                           \
        MOVE("add", 1) "ldrd %[br], %[bi], [%[at], %[p1]]\n"                                                    \
        MOVE("add", 2) "ldrd %[dr], %[di], [%[at], %[p3]]\n"                                                    \
        "add %[s], %[br], %[dr]\n sub %[br], %[br], %[dr]\n"                                                    \
        "add %[dr], %[bi], %[di]\n sub %[bi], %[bi], %[di]\n"                                                   \
        MOVE("sub", 1) "ldrd %[di], %[ci], [%[at], %[p2]]\n"                                                    \
        MOVE("sub", 2) "ldrd %[ar], %[ai], [%[at], %[p0]]\n"                                                    \
        "add %[t], %[ar], %[di]\n sub %[ar], %[ar], %[di]\n"                                                    \
        "add %[di], %[ai], %[ci]\n sub %[ai], %[ai], %[ci]\n"                                                   \
        "add %[ci], %[t], %[s]\n sub %[t], %[t], %[s]\n"                                                        \
        "add %[s], %[di], %[dr]\n sub %[di], %[di], %[dr]\n"                                                    \
        "strd %[ci], %[s], [%[at], %[p0]]\n" MOVE("add", 2) "strd %[t], %[di], [%[at], %[p2]]\n"                \
        "add %[ci], %[ar], %[bi]\n sub %[ar], %[ar], %[bi]\n"                                                   \
        "sub %[s], %[ai], %[br]\n add %[ai], %[ai], %[br]\n"                                                    \
        MOVE("sub", 1) "strd %[ci], %[s], [%[at], %[p1]]\n" MOVE("add", 2) "strd %[ar], %[ai], [%[at], %[p3]]\n" \
        : [at] "+&r"(AT), [br] "=&r"(br), [bi] "=&r"(bi), [dr] "=&r"(dr), [di] "=&r"(di), [t] "=&r"(t),         \
          [ci] "=&r"(ci), [ar] "=&r"(ar), [ai] "=&r"(ai), [s] "=&r"(s)                                          \
        : [p0] "i"(P0), [p1] "i"(P1), [p2] "i"(P2), [p3] "i"(P3)                                                \
        : "memory")                                                                                            

/* Lets TN_PLACES count as four arguments. */
#define TN_TURN(...) TN_TURN_AT(__VA_ARGS__)
#define TN_STRAIGHT(...) TN_STRAIGHT_AT(__VA_ARGS__)

#define TN_SCRATCH_REGISTERS int32_t br, bi, dr, di, t, ci, ar, ai, s

/* A stage whose butterflies span `quarter` numbers each way; `points` numbers in all. */
#define TN_STAGE(name, quarter, bias)                                                          \
    static inline void name(tinynas_complex *z, int32_t points, const uint32_t *w)                    \
    {                                                                                          \
        TN_SCRATCH_REGISTERS;                                                                  \
        uint32_t tw;                                                                           \
        char *at = (char *)z + (bias), *const end = at + 8 * points;                           \
        const int32_t stride = 3 * (points / (4 * (quarter)));                                 \
        for (; at != end; at += 32 * (quarter)) {                                              \
            TN_STRAIGHT(at, TN_PLACES(8 * (quarter), bias), TN_NEAR);                                              \
        }                                                                                      \
        for (int32_t j = 1; j < (quarter); j++) {                                              \
            w += stride;                                                                       \
            char *last = end + 8 * j;                                                          \
            at = last - 8 * points;                                                            \
            do {                                                                               \
                TN_TURN(at, w, TN_PLACES(8 * (quarter), bias), TN_NEAR);                                           \
                at += 32 * (quarter);                                                          \
            } while (at != last);                                                              \
        }                                                                                      \
    }

/* The last stage: one butterfly for each set of twiddles. */
#define TN_LAST_STAGE(name, quarter, bias)                                                     \
    static inline void name(tinynas_complex *z, const uint32_t *w)                                    \
    {                                                                                          \
        TN_SCRATCH_REGISTERS;                                                                  \
        uint32_t tw;                                                                           \
        char *at = (char *)z + (bias), *const end = at + 8 * (quarter);                        \
        TN_STRAIGHT(at, TN_PLACES(8 * (quarter), bias), TN_NEAR);                                                  \
        for (at += 8; at != end; at += 8) {                                                    \
            w += 3;                                                                            \
            TN_TURN(at, w, TN_PLACES(8 * (quarter), bias), TN_NEAR);                                               \
        }                                                                                      \
    }

/* The same for spans of 128 numbers; the pointer ends 3,072 bytes up. */
static inline void last_of_128(tinynas_complex *z, const uint32_t *w)
{
    TN_SCRATCH_REGISTERS;
    uint32_t tw;
    char *at = (char *)z, *const end = at + 3072 + 8 * 128;
    TN_STRAIGHT(at, 0, 0, 0, 0, TN_FAR);
    for (at += 8; at != end; at += 8) {
        at -= 3072;
        w += 3;
        TN_TURN(at, w, 0, 0, 0, 0, TN_FAR);
    }
}

#endif
