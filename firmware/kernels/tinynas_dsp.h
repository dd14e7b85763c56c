/* Instructions of the DSP extension (ARMv7E-M; ARMv8-M mainline with DSP) as functions, with portable
 * equivalents, so that the kernels built on them run unchanged, and are tested, on any machine.
 *
 * TINYNAS_DSP: the core has them. TINYNAS_DUAL_ISSUE: loops are scheduled for Cortex-M7, which takes
 * a load beside a multiplication; else for Cortex-M4 and M33, where loads are cheapest in a row. */
#ifndef TINYNAS_DSP_H
#define TINYNAS_DSP_H

#include <stdint.h>
#include <string.h>

#include "tinynas_fixed.h"

#if defined(__ARM_FEATURE_DSP) && defined(__thumb2__) && defined(__GNUC__) && \
    !defined(TINYNAS_DSP_PORTABLE)
#define TINYNAS_DSP 1
#else
#define TINYNAS_DSP 0
#endif

/* Loops written out for all fourteen registers; they leave none for a frame pointer. */
#if TINYNAS_DSP && defined(__OPTIMIZE__)
#define TINYNAS_DSP_ASM 1
#else
#define TINYNAS_DSP_ASM 0
#endif

#ifndef TINYNAS_DUAL_ISSUE
#define TINYNAS_DUAL_ISSUE 0
#endif

/* Low and high 16 bits, signed. */
static inline int32_t tinynas_low16(uint32_t x)
{
    return (int16_t)(x & 0xffffu);
}

static inline int32_t tinynas_high16(uint32_t x)
{
    return (int16_t)(x >> 16);
}

static inline uint32_t tinynas_pack16(int32_t low, int32_t high)
{
#if TINYNAS_DSP
    uint32_t r;
    __asm__("pkhbt %0, %1, %2, lsl #16" : "=r"(r) : "r"(low), "r"(high));
    return r;
#else
    return ((uint32_t)low & 0xffffu) | ((uint32_t)high << 16);
#endif
}

/* Bytes 0 and 2 as two signed 16-bit lanes. */
static inline uint32_t tinynas_even_bytes(uint32_t x)
{
#if TINYNAS_DSP
    uint32_t r;
    __asm__("sxtb16 %0, %1" : "=r"(r) : "r"(x));
    return r;
#else
    return tinynas_pack16((int8_t)(x & 0xffu), (int8_t)((x >> 16) & 0xffu));
#endif
}

/* Bytes 1 and 3 as two signed 16-bit lanes. */
static inline uint32_t tinynas_odd_bytes(uint32_t x)
{
#if TINYNAS_DSP
    uint32_t r;
    __asm__("sxtb16 %0, %1, ror #8" : "=r"(r) : "r"(x));
    return r;
#else
    return tinynas_even_bytes(x >> 8);
#endif
}

/* Both lanes doubled. */
static inline uint32_t tinynas_twice16(uint32_t x)
{
#if TINYNAS_DSP
    uint32_t r;
    __asm__("sadd16 %0, %1, %1" : "=r"(r) : "r"(x));
    return r;
#else
    return tinynas_pack16(2 * tinynas_low16(x), 2 * tinynas_high16(x));
#endif
}

/* Low lane times low lane plus high lane times high lane plus sum, modulo 2^32. */
static inline int32_t tinynas_dot2(uint32_t x, uint32_t y, int32_t sum)
{
#if TINYNAS_DSP
    int32_t r;
    __asm__("smlad %0, %1, %2, %3" : "=r"(r) : "r"(x), "r"(y), "r"(sum));
    return r;
#else
    const int64_t products = (int64_t)(tinynas_low16(x) * tinynas_low16(y)) +
                             tinynas_high16(x) * tinynas_high16(y);
    return (int32_t)((uint32_t)sum + (uint32_t)(uint64_t)products);
#endif
}

/* sum + x m / 2^32, the product rounded to nearest, halves up. */
static inline int32_t tinynas_high_add(int32_t x, int32_t m, int32_t sum)
{
#if TINYNAS_DSP
    int32_t r;
    __asm__("smmlar %0, %1, %2, %3" : "=r"(r) : "r"(x), "r"(m), "r"(sum));
    return r;
#else
    const int64_t product = (int64_t)x * m;
    return TINYNAS_ADD_WRAP(sum, (int32_t)((product + ((int64_t)1 << 31)) >> 32));
#endif
}

/* sum + x m / 2^32, the product rounded down. */
static inline int32_t tinynas_high_floor_add(int32_t x, int32_t m, int32_t sum)
{
#if TINYNAS_DSP
    int32_t r;
    __asm__("smmla %0, %1, %2, %3" : "=r"(r) : "r"(x), "r"(m), "r"(sum));
    return r;
#else
    return TINYNAS_ADD_WRAP(sum, (int32_t)(((int64_t)x * m) >> 32));
#endif
}

/* Half of x (rounded down), saturated to 8 bits. */
static inline int32_t tinynas_half_to_8(int32_t x)
{
#if TINYNAS_DSP
    int32_t r;
    __asm__("ssat %0, #8, %1, asr #1" : "=r"(r) : "r"(x));
    return r;
#else
    return tinynas_clamp(x >> 1, -128, 127);
#endif
}

/* Four bytes from any address. */
static inline uint32_t tinynas_load4(const int8_t *from)
{
    uint32_t x;
    memcpy(&x, from, 4);
    return x;
}

#endif
