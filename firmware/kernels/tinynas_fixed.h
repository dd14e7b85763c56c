/* Fixed-point arithmetic shared by the kernels.
 *
 * A real factor is multiplier / 2^31 * 2^shift with 2^30 <= multiplier < 2^31 (or 0). Products are
 * rounded twice, first by the doubling high multiplication, then by the shift, exactly as TFLite
 * Micro's reference kernels do. Right shifts of negative numbers are arithmetic on every compiler
 * this code is meant for. Additions that may wrap are done unsigned. */
#ifndef TINYNAS_FIXED_H
#define TINYNAS_FIXED_H

#include <stdint.h>

/* Cores without a 32 x 32 -> 64 multiplication or a division: ARMv6-M, ARMv8-M baseline. */
#if !defined(TINYNAS_NARROW)
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
#define TINYNAS_NARROW 1
#else
#define TINYNAS_NARROW 0
#endif
#endif

/* Inner loops written out for the eight low and few high registers of ARMv6-M; compilers use no high
 * registers there when they optimise for size. */
#if defined(__ARM_ARCH_6M__) && defined(__GNUC__) && defined(__OPTIMIZE__) && \
    !defined(__OPTIMIZE_SIZE__)
#define TINYNAS_THUMB1_ASM 1
#else
#define TINYNAS_THUMB1_ASM 0
#endif

/* Hides a value's origin from the compiler, so that it stays in a register of its own. */
#if defined(__GNUC__)
#define TINYNAS_OPAQUE(x) __asm__("" : "+r"(x))
#else
#define TINYNAS_OPAQUE(x) ((void)0)
#endif

#define TINYNAS_SHIFT_LEFT(x, n) ((int32_t)((uint32_t)(x) << (n)))
#define TINYNAS_ADD_WRAP(a, b) ((int32_t)((uint32_t)(a) + (uint32_t)(b)))

/* floor((x m + 2^30) / 2^31), which is gemmlowp's SaturatingRoundingDoublingHighMul for
 * 0 <= m < 2^31 (nothing saturates then). The result is above INT32_MIN. */
static inline int32_t tinynas_high_mul(int32_t x, int32_t m)
{
#if TINYNAS_NARROW
    /* x = xh 2^16 + xl, m = mh 2^16 + ml with unsigned low halves. No partial sum overflows:
     * xh ml + (xl ml >> 16) < 2^31, xl mh + 2^16 < 2^31. */
    const uint32_t xl = (uint32_t)x & 0xffffu, ml = (uint32_t)m & 0xffffu;
    const int32_t xh = x >> 16, mh = m >> 16;
    const int32_t upper = xh * (int32_t)ml + (int32_t)((xl * ml) >> 16);
    const int32_t lower = (int32_t)xl * mh + (int32_t)((uint32_t)upper & 0xffffu);
    return 2 * (xh * mh + (upper >> 16)) + (((lower >> 14) + 1) >> 1);
#else
    return (int32_t)(((int64_t)x * m + (1 << 30)) >> 31);
#endif
}

/* x / 2^n to nearest, halves away from zero; 0 <= n <= 31, x > INT32_MIN. */
static inline int32_t tinynas_shift_right(int32_t x, int32_t n)
{
    if (n > 0) {
        x = (((x + (x >> 31)) >> (n - 1)) + 1) >> 1;
    }
    return x;
}

/* x times the factor; shift from -31 to 30, 0 <= m < 2^31. */
static inline int32_t tinynas_scale(int32_t x, int32_t m, int32_t shift)
{
    if (shift > 0) {
        x = TINYNAS_SHIFT_LEFT(x, shift);
        shift = 0;
    }
    return tinynas_shift_right(tinynas_high_mul(x, m), -shift);
}

static inline int32_t tinynas_clamp(int32_t x, int32_t low, int32_t high)
{
    if (x < low) {
        x = low;
    }
    if (x > high) {
        x = high;
    }
    return x;
}

/* clamp(scaled x + zero point). low and high are the activation's limits less the zero point, so
 * that nothing overflows before the clamp. */
static inline int8_t tinynas_requantize(int32_t x, int32_t m, int32_t shift, int32_t low,
                                        int32_t high, int32_t zero_point)
{
    return (int8_t)(tinynas_clamp(tinynas_scale(x, m, shift), low, high) + zero_point);
}

/* round(sum / count), halves away from zero, without a division where the core has none.
 * |sum| <= 255 count. 2^23 / count, rounded up, is an exact reciprocal for the numerators that
 * occur while 256 count^2 <= 2^23 (error < 1 / count) and the product stays below 2^32. */
typedef struct {
    int32_t count;
    uint32_t reciprocal; /* 0: divide */
} tinynas_divider;

static inline tinynas_divider tinynas_divider_of(int32_t count)
{
    tinynas_divider d = {count, 0};
#if TINYNAS_NARROW
    if (count <= 181) {
        d.reciprocal = (uint32_t)(((1 << 23) + count - 1) / count);
    }
#endif
    return d;
}

static inline int32_t tinynas_divide_round(int32_t sum, tinynas_divider d)
{
#if TINYNAS_NARROW
    if (d.reciprocal != 0) {
        const uint32_t n = (uint32_t)(sum < 0 ? -sum : sum) + (uint32_t)(d.count / 2);
        const int32_t q = (int32_t)((n * d.reciprocal) >> 23);
        return sum < 0 ? -q : q;
    }
#endif
    return sum > 0 ? (sum + d.count / 2) / d.count : (sum - d.count / 2) / d.count;
}

#endif
