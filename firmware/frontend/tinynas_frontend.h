/* Audio front end: one hop of samples in, one column of features out, in integers only.
 *
 *   history + hop -> window -> real FFT -> |X| or |X|^2 -> triangular mel bands -> log2 [-> DCT] [-> int8]
 *
 * The same sources run on the board and on the development machine; every operation is an exact integer one, so
 * both give the same numbers. No heap, no static state: the caller owns `state` (kept between hops) and `scratch`
 * (free between calls, so it may lie in memory the network uses). Both are arrays of 32-bit words whose lengths the
 * generated tables name. Tables and parameters come from tinynas.audio (FrontEnd), never by hand. */
#ifndef TINYNAS_FRONTEND_H
#define TINYNAS_FRONTEND_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* Tables stand in a section of their own on the device, so that their bytes can be told from others'. */
#if defined(__ELF__)
#define TINYNAS_FRONTEND_TABLE __attribute__((section(".rodata.tinynas.tables"), aligned(4)))
#else
#define TINYNAS_FRONTEND_TABLE
#endif

/* A piecewise linear function: value in the upper half, rise to the next point in the lower. */
typedef uint32_t tinynas_line;

/* The bins between two neighbouring band edges, and the band that rises there. */
typedef struct {
    uint32_t step;      /* growth of the rising weight per bin, Q32 */
    uint32_t start;     /* that weight at the lowest bin, Q32 */
    uint32_t floor;     /* added before the logarithm, in units of the band sums */
    int32_t log_offset; /* added after it, Q16 of log2: filter area, units, rounding */
    uint16_t bins;      /* all its bins; but in the one segment where magnitudes jump (see spectrum.c) those */
    uint16_t lower;     /* above bin points / 2, and here those below; elsewhere 0 */
} tinynas_frontend_segment;

typedef struct {
    uint16_t frame;        /* samples windowed per column; even */
    uint16_t hop;          /* new samples per column; even, at most frame */
    uint16_t points;       /* complex points of the transform, fft / 2: 128, 256 or 512 */
    uint8_t window_shift;  /* windowed samples are shifted right this far: keeps all sums below 2^30 */
    uint8_t power;         /* 1: bands sum magnitudes; 2: they sum powers */
    uint16_t first_bin;    /* lowest and highest FFT bin any band uses; 1 <= first <= last < points */
    uint16_t last_bin;
    uint16_t bands;
    uint16_t coefficients; /* values of the DCT; 0: none, the column holds the bands */
    uint8_t dct_shift;     /* sums of the DCT are shifted right this far */
    uint8_t floor_shift;   /* floors are shifted left this far (powers only) */
    const uint32_t *window;      /* points words: weights of samples 2 i (low half) and 2 i + 1 (high), Q15 */
    const uint16_t *order;       /* where the first butterflies write: word offsets, one per butterfly */
    const uint32_t *twiddles;    /* w, w^2, w^3 of the last stage; cosine low, sine high, Q15 */
    const uint32_t *split_twiddles; /* [points / 2], exp(-i pi k / points) */
    const tinynas_frontend_segment *segments; /* [bands + 1] */
    const uint32_t *dct;         /* [coefficients][(bands + 1) / 2] pairs of int16, band 2 j low, 2 j + 1 high */
} tinynas_frontend;

/* int8 = clamp((value * multiplier + offset) >> shift) */
typedef struct {
    int32_t multiplier;
    int32_t offset; /* holds the zero point, the mean and the rounding */
    int32_t shift;
} tinynas_frontend_quantizer;

/* state: `points` words. scratch: 2 `points` words, with a DCT (bands + 1) / 2 more; the generated header of a
 * front end names both lengths. */

/* Forget the past: as if silence had been heard. */
void tinynas_frontend_reset(const tinynas_frontend *f, uint32_t *state);

/* Start with frame - hop samples already heard (4-byte aligned), so that the next hop completes a true frame. */
void tinynas_frontend_prime(const tinynas_frontend *f, uint32_t *state, const int16_t *samples);

/* Hear `hop` samples (4-byte aligned) and give the column they complete: `coefficients`, else `bands` values in
 * units of 1/1024 of log2 (times 2^dct_shift relative to the DCT's own scale, see FrontEnd.unit). */
void tinynas_frontend_hop(const tinynas_frontend *f, uint32_t *state, uint32_t *scratch, const int16_t *samples,
                          int16_t *column);

/* int16 values to int8, for the network's input. */
void tinynas_frontend_quantize(const tinynas_frontend_quantizer *q, const int16_t *values, int8_t *out,
                               int32_t count);

/* A ring of the last `columns` columns of `width` bytes; `next` is the index of the oldest one. Push one column
 * (returns the new `next`), and unroll the ring, oldest first, into the network's input. */
int32_t tinynas_ring_push(int8_t *ring, int32_t columns, int32_t width, int32_t next, const int8_t *column);
void tinynas_ring_read(const int8_t *ring, int32_t columns, int32_t width, int32_t next, int8_t *out);

#ifdef __cplusplus
}
#endif

#endif
