/* The front end's arithmetic: the same results on every core, the quickest instructions where they exist.
 *
 * Every function is defined by its portable form; the DSP forms are single instructions with exactly that meaning.
 * Right shifts of negative numbers are arithmetic on every compiler this code is meant for. */
#ifndef TINYNAS_FRONTEND_MATH_H
#define TINYNAS_FRONTEND_MATH_H

#include <stdint.h>

#if defined(__ARM_FEATURE_DSP) && __ARM_FEATURE_DSP && !defined(TINYNAS_FRONTEND_PORTABLE)
#define TINYNAS_FRONTEND_DSP 1
/* GCC 12 knows no intrinsics for most of these. None is volatile: the compiler may move and merge them. */
#define TN_TWO(name)                                                            \
    static inline int32_t tn_##name(int32_t a, int32_t b)                       \
    {                                                                           \
        int32_t r;                                                              \
        __asm__(#name " %0, %1, %2" : "=r"(r) : "r"(a), "r"(b));                \
        return r;                                                               \
    }
#define TN_THREE(name)                                                          \
    static inline int32_t tn_##name(int32_t a, int32_t b, int32_t c)            \
    {                                                                           \
        int32_t r;                                                              \
        __asm__(#name " %0, %1, %2, %3" : "=r"(r) : "r"(a), "r"(b), "r"(c));    \
        return r;                                                               \
    }
TN_TWO(smulwb)   /* a b_low / 2^16 */
TN_TWO(smulwt)   /* a b_high / 2^16 */
TN_TWO(smulbb)   /* a_low b_low */
TN_TWO(smultt)   /* a_high b_high */
TN_THREE(smlawt) /* c + a b_high / 2^16 */
TN_THREE(smlabb) /* c + a_low b_low */
TN_THREE(smlatt) /* c + a_high b_high */
TN_THREE(smlad)  /* c + a_low b_low + a_high b_high */
#else
#define TINYNAS_FRONTEND_DSP 0
#endif

/* Words that alias samples. */
typedef uint32_t __attribute__((may_alias)) tinynas_word;

typedef struct {
    int32_t re, im;
} tinynas_complex;

static inline int32_t tn_low(uint32_t w) { return (int16_t)(w & 0xffffu); }
static inline int32_t tn_high(uint32_t w) { return (int32_t)w >> 16; }

/* floor(a b / 2^16) for a 16-bit b. */
static inline int32_t tn_mul16(int32_t a, int32_t b)
{
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
    /* No 64-bit product here: the halves of a by themselves, neither of which overflows. */
    return (a >> 16) * b + (((int32_t)((uint32_t)a & 0xffffu) * b) >> 16);
#else
    return (int32_t)(((int64_t)a * b) >> 16);
#endif
}

/* The upper 32 bits of a 32 x 32 product. */
static inline uint32_t tn_umul_high(uint32_t a, uint32_t b)
{
#if defined(__ARM_ARCH_6M__) || defined(__ARM_ARCH_8M_BASE__)
    const uint32_t al = a & 0xffffu, ah = a >> 16, bl = b & 0xffffu, bh = b >> 16;
    const uint32_t middle = ah * bl + ((al * bl) >> 16);
    const uint32_t other = al * bh + (middle & 0xffffu);
    return ah * bh + (middle >> 16) + (other >> 16);
#else
    return (uint32_t)(((uint64_t)a * b) >> 32);
#endif
}

/* Leading zeros. For 0: 32 or 31, whichever is quicker; nothing here depends on which. */
static inline int32_t tn_clz(uint32_t a)
{
#if TINYNAS_FRONTEND_DSP
    int32_t r;
    __asm__("clz %0, %1" : "=r"(r) : "r"(a));
    return r;
#else
    return __builtin_clz(a | 1u);
#endif
}

/* Two neighbouring words, and on to the next two or back to the ones before. Compilers rarely pair these loads. */
static inline tinynas_complex tn_load_up(const tinynas_complex **p)
{
    tinynas_complex z;
#if TINYNAS_FRONTEND_DSP
    __asm__ volatile("ldrd %0, %1, [%2], #8" : "=&r"(z.re), "=&r"(z.im), "+r"(*p) : : "memory");
#else
    z = *(*p)++;
#endif
    return z;
}

static inline tinynas_complex tn_load_down(const tinynas_complex **p)
{
    tinynas_complex z;
#if TINYNAS_FRONTEND_DSP
    __asm__ volatile("ldrd %0, %1, [%2], #-8" : "=&r"(z.re), "=&r"(z.im), "+r"(*p) : : "memory");
#else
    z = *(*p)--;
#endif
    return z;
}

/* Store to places 0 and 1 after `to`, and 2 and 3. */
static inline void tn_store(tinynas_complex *to, tinynas_complex a, tinynas_complex b, tinynas_complex c,
                            tinynas_complex d)
{
#if TINYNAS_FRONTEND_DSP
    __asm__ volatile("strd %1, %2, [%0]\n strd %3, %4, [%0, #8]" : : "r"(to), "r"(a.re), "r"(a.im), "r"(b.re),
                     "r"(b.im) : "memory");
    __asm__ volatile("strd %1, %2, [%0, #16]\n strd %3, %4, [%0, #24]" : : "r"(to), "r"(c.re), "r"(c.im), "r"(d.re),
                     "r"(d.im) : "memory");
#else
    to[0] = a;
    to[1] = b;
    to[2] = c;
    to[3] = d;
#endif
}

/* Half of z times the conjugate-free twiddle c - i s: ((re c + im s) + i (im c - re s)) / 2. */
static inline tinynas_complex tn_half_turn(tinynas_complex z, uint32_t w)
{
    tinynas_complex r;
#if TINYNAS_FRONTEND_DSP
    r.re = tn_smlawt(z.im, (int32_t)w, tn_smulwb(z.re, (int32_t)w));
    r.im = tn_smulwb(z.im, (int32_t)w) - tn_smulwt(z.re, (int32_t)w);
#else
    r.re = tn_mul16(z.re, tn_low(w)) + tn_mul16(z.im, tn_high(w));
    r.im = tn_mul16(z.im, tn_low(w)) - tn_mul16(z.re, tn_high(w));
#endif
    return r;
}

/* Two windowed samples as one complex number. */
static inline tinynas_complex tn_windowed(uint32_t samples, uint32_t weights, int32_t shift)
{
    tinynas_complex z;
#if TINYNAS_FRONTEND_DSP
    z.re = tn_smulbb((int32_t)samples, (int32_t)weights) >> shift;
    z.im = tn_smultt((int32_t)samples, (int32_t)weights) >> shift;
#else
    z.re = (tn_low(samples) * tn_low(weights)) >> shift;
    z.im = (tn_high(samples) * tn_high(weights)) >> shift;
#endif
    return z;
}

#endif
