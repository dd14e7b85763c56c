/* Triangular bands and their logarithm.
 *
 * Band b rises from edge b to edge b + 1 and falls to edge b + 2, so between two edges (a "segment") every bin
 * counts r for the band that rises and 1 - r for the one that falls, r linear in the bin. Two running sums per
 * segment are enough, without a weight or a product per bin: going down from its highest bin, A += S; S += p leaves
 * S = sum p and A = sum of p times its place in the segment. The rising band gets A step + S start, the other the
 * rest of S. What the filters' areas and the units contribute is a constant after the logarithm. */
#include "tinynas_frontend_internal.h"

/* Down from p over `bins` bins. */
static inline const uint32_t *gather(const uint32_t *p, uint32_t bins, uint32_t *sum, uint32_t *place)
{
    uint32_t s = *sum, a = *place;
    if ((bins & 1u) != 0) {
        a += s;
        s += *--p >> TINYNAS_FRONTEND_SUM_SHIFT;
        bins--;
    }
    const uint32_t *end = p - bins;
    while (p != end) {
        a += s;
        s += p[-1] >> TINYNAS_FRONTEND_SUM_SHIFT;
        a += s;
        p -= 2;
        s += p[0] >> TINYNAS_FRONTEND_SUM_SHIFT;
    }
    *sum = s;
    *place = a;
    return p;
}

/* log2(value 2^exponent) + offset, in 1/1024; offset is Q16 and holds the rounding; value > 0. The floor keeps it
 * above -32, the length of the frame below 32. */
static inline int16_t log_of(uint32_t value, int32_t exponent, int32_t offset)
{
    const int32_t zeros = tn_clz(value);
    const uint32_t mantissa = value << zeros;
    const tinynas_line line = tinynas_log_lines[(mantissa >> 26) & 31u];
    const uint32_t fraction = (line + (line & 0xffffu) * ((mantissa >> 11) & 0x7fffu)) >> 16;
    return (int16_t)((((31 - zeros + exponent) << 16) + (int32_t)fraction + offset) >> 6);
}

static void bands_of_magnitudes(const tinynas_frontend *f, const uint32_t *sizes, int16_t *logs)
{
    const int32_t points = f->points;
    const tinynas_frontend_segment *segment = f->segments + f->bands;
    /* One past the highest bin; the upper half lies `points` words further on. */
    const uint32_t *p = sizes + f->last_bin + 1 + (f->last_bin > points / 2 ? points : 0);
    int16_t *log = logs + f->bands;
    uint32_t falling = 0;
    for (;;) {
        uint32_t sum = 0, place = 0;
        p = gather(p, segment->bins, &sum, &place);
        if (segment->lower != 0) {
            p = gather(p - points, segment->lower, &sum, &place);
        }
        const uint32_t rising = tn_umul_high(place, segment->step) + tn_umul_high(sum, segment->start);
        if (log != logs + f->bands) {
            *log = log_of(rising + falling + segment->floor, 0, segment->log_offset);
        }
        if (log == logs) {
            return;
        }
        falling = sum - rising;
        log--;
        segment--;
    }
}

/* How far a 64-bit number must be shifted right to fit in 32 bits. */
static inline int32_t excess(uint64_t value)
{
    const uint32_t high = (uint32_t)(value >> 32);
    return high == 0 ? 0 : 32 - tn_clz(high);
}

static void bands_of_powers(const tinynas_frontend *f, const uint32_t *sizes, int16_t *logs)
{
    typedef uint64_t __attribute__((may_alias, aligned(4))) power;
    const tinynas_frontend_segment *segment = f->segments + f->bands;
    const power *p = (const power *)(const void *)sizes + f->last_bin + 1;
    uint64_t falling = 0;
    for (int32_t s = f->bands; s >= 0; s--, segment--) {
        uint64_t sum = 0, place = 0;
        const power *end = p - segment->bins;
        while (p != end) {
            p--;
            place += sum;
            sum += *p;
        }
        const int32_t drop = excess(place | sum);
        const uint32_t low = (uint32_t)(sum >> drop);
        const uint32_t rising = tn_umul_high((uint32_t)(place >> drop), segment->step)
                                + tn_umul_high(low, segment->start);
        if (s < f->bands) {
            const uint64_t value = ((uint64_t)rising << drop) + falling + ((uint64_t)segment->floor << f->floor_shift);
            const int32_t exponent = excess(value);
            logs[s] = log_of((uint32_t)(value >> exponent), exponent, segment->log_offset);
        }
        falling = (uint64_t)(low - rising) << drop;
    }
}

void tinynas_frontend_bands(const tinynas_frontend *f, const uint32_t *sizes, int16_t *logs)
{
    if (TINYNAS_FRONTEND_IS_POWER(f)) {
        bands_of_powers(f, sizes, logs);
    } else {
        bands_of_magnitudes(f, sizes, logs);
    }
}

void tinynas_frontend_dct(const tinynas_frontend *f, const int16_t *logs, int16_t *column)
{
    const tinynas_word *pairs = (const tinynas_word *)(const void *)logs;
    const int32_t words = (f->bands + 1) / 2;
    const uint32_t *row = f->dct;
    for (int32_t i = 0; i < f->coefficients; i++) {
        int32_t sum = 1 << (f->dct_shift - 1);
        for (int32_t j = 0; j < words; j++, row++) {
#if TINYNAS_FRONTEND_DSP
            sum = tn_smlad((int32_t)pairs[j], (int32_t)*row, sum);
#else
            sum += tn_low(pairs[j]) * tn_low(*row) + tn_high(pairs[j]) * tn_high(*row);
#endif
        }
        column[i] = (int16_t)(sum >> f->dct_shift);
    }
}
