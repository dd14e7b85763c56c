/* The steps of the front end, in the order they run. Sizes and layouts are those of tinynas_frontend.h. */
#ifndef TINYNAS_FRONTEND_INTERNAL_H
#define TINYNAS_FRONTEND_INTERNAL_H

#include "tinynas_frontend.h"
#include "tinynas_frontend_math.h"

/* A project that has one front end may leave out what it does not use. */
#if defined(__has_include)
#if __has_include("tinynas_frontend_options.h")
#include "tinynas_frontend_options.h"
#endif
#endif
#if defined(TINYNAS_FRONTEND_POWER)
#define TINYNAS_FRONTEND_IS_POWER(f) (TINYNAS_FRONTEND_POWER == 2)
#else
#define TINYNAS_FRONTEND_IS_POWER(f) ((f)->power == 2)
#endif
#if defined(TINYNAS_FRONTEND_FIRST_RADIX)
#define TINYNAS_FRONTEND_STARTS_BY_4(f) (TINYNAS_FRONTEND_FIRST_RADIX == 4)
#else
#define TINYNAS_FRONTEND_STARTS_BY_4(f) (((f)->points & 0x5555u) != 0)
#endif
#if defined(TINYNAS_FRONTEND_DCT)
#define TINYNAS_FRONTEND_HAS_DCT(f) (TINYNAS_FRONTEND_DCT != 0)
#else
#define TINYNAS_FRONTEND_HAS_DCT(f) ((f)->coefficients != 0)
#endif

/* Bits dropped before magnitudes are summed, so that no weighted sum of a segment needs more than 32 bits. */
#define TINYNAS_FRONTEND_SUM_SHIFT 5

/* sqrt(q) 2^16 at q = i 2^25, and log2(1 + i / 32) 2^32: straight lines, the rise in the lower half per 2^-15. */
extern const tinynas_line tinynas_root_lines[65];
extern const tinynas_line tinynas_log_lines[32];

/* Windowed frame -> complex spectrum of its sample pairs, in place in `z` (points numbers). */
void tinynas_frontend_fft(const tinynas_frontend *f, const uint32_t *frame, tinynas_complex *z);

/* That spectrum -> size of each bin of the real signal's spectrum, in place. Magnitudes: bin k is word k up to
 * points / 2 and word points + k above. Powers: bin k is the 64-bit word k. */
void tinynas_frontend_magnitudes(const tinynas_frontend *f, tinynas_complex *z);
void tinynas_frontend_powers(const tinynas_frontend *f, tinynas_complex *z);

/* Sizes of bins -> log2 of each band's weighted sum, in 1/1024. */
void tinynas_frontend_bands(const tinynas_frontend *f, const uint32_t *sizes, int16_t *logs);

/* DCT of the bands. */
void tinynas_frontend_dct(const tinynas_frontend *f, const int16_t *logs, int16_t *column);

#endif
