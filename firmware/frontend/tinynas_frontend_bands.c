/* Triangular bands and their logarithm.
 *
 * Band b rises from edge b to edge b + 1 and falls to edge b + 2, so between two edges (a "segment") every bin
 * counts r for the band that rises and 1 - r for the one that falls, r linear in the bin. Two running sums per
 * segment are enough, without a weight or a product per bin: going down from its highest bin, A += S; S += p leaves
 * S = sum p and A = sum of p times its place in the segment. The rising band gets A step + S start, the other the
 * rest of S. What the filters' areas and the units contribute is a constant after the logarithm. */
#include "tinynas_frontend_internal.h"

static inline const uint32_t *gather(const uint32_t *p, int32_t bins, uint32_t *sum, uint32_t *place)
{
    uint32_t s = *sum, a = *place;
    for (; bins >= 2; bins -= 2) {
        a += s;
        s += *--p >> TINYNAS_FRONTEND_SUM_SHIFT;
        a += s;
        s += *--p >> TINYNAS_FRONTEND_SUM_SHIFT;
    }
    if (bins > 0) {
        a += s;
        s += *--p >> TINYNAS_FRONTEND_SUM_SHIFT;
    }
    *sum = s;
    *place = a;
    return p;
}

int16_t tinynas_frontend_log(uint32_t value, int32_t exponent, int32_t offset)
{
    const int32_t zeros = tn_clz(value);
    const uint32_t mantissa = value << zeros;
    const tinynas_line line = tinynas_log_lines[(mantissa >> 26) & 31u];
    const uint32_t fraction = (line + (line & 0xffffu) * ((mantissa >> 11) & 0x7fffu)) >> 16;
    int32_t log = (((31 - zeros + exponent) << 16) + (int32_t)fraction + offset + 32) >> 6;
    if (log > 32767) {
        log = 32767;
    }
    if (log < -32768) {
        log = -32768;
    }
    return (int16_t)log;
}

static void bands_of_magnitudes(const tinynas_frontend *f, const uint32_t *sizes, int16_t *logs)
{
    const int32_t points = f->points, bands = f->bands;
    /* One past the highest bin; the upper half lies `points` words further on. */
    const uint32_t *p = sizes + f->last_bin + 1 + (f->last_bin > points / 2 ? points : 0);
    uint32_t falling = 0;
    for (int32_t s = bands; s >= 0; s--) {
        uint32_t sum = 0, place = 0;
        int32_t bins = f->segment_bins[s];
        if (s == f->split) {
            p = gather(p, f->split_bins, &sum, &place) - points;
            bins -= f->split_bins;
        }
        p = gather(p, bins, &sum, &place);
        const uint32_t rising = tn_umul_high(place, f->rise_step[s]) + tn_umul_high(sum, f->rise_start[s]);
        if (s < bands) {
            logs[s] = tinynas_frontend_log(rising + falling + f->floor[s], 0, f->log_offset[s]);
        }
        falling = sum - rising;
    }
}

/* The band rising in segment s is band s; the one falling there is band s - 1. */
static void bands_of_powers(const tinynas_frontend *f, const uint32_t *sizes, int16_t *logs)
{
    const int32_t bands = f->bands;
    const uint32_t *p = sizes + 2 * (f->last_bin + 1);
    uint64_t falling = 0;
    for (int32_t s = bands; s >= 0; s--) {
        uint64_t sum = 0, place = 0;
        for (int32_t bins = f->segment_bins[s]; bins > 0; bins--) {
            p -= 2;
            place += sum;
            sum += ((uint64_t)p[1] << 32) | p[0];
        }
        int32_t drop = 0;
        while (((place | sum) >> drop) >> 32 != 0) {
            drop += 4;
        }
        const uint32_t low = (uint32_t)(sum >> drop);
        const uint32_t rising = tn_umul_high((uint32_t)(place >> drop), f->rise_step[s])
                                + tn_umul_high(low, f->rise_start[s]);
        if (s < bands) {
            uint64_t value = ((uint64_t)rising << drop) + falling + ((uint64_t)f->floor[s] << f->floor_shift);
            int32_t exponent = 0;
            while (value >> 32 != 0) {
                value >>= 4;
                exponent += 4;
            }
            logs[s] = tinynas_frontend_log((uint32_t)value, exponent, f->log_offset[s]);
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
