/* Real FFT, second part, and the size of every bin.
 *
 * With Z the transform of z[n] = x[2n] + i x[2n+1]: E = (Z[k] + Z*[N-k]) / 2, O = (Z[k] - Z*[N-k]) / 2i,
 * X[k] = E + W O and X[N-k] = (E - W O)*, W = exp(-i pi k / N). Only sizes are wanted, so bins k and N - k are
 * finished together and never stored as complex numbers.
 *
 * Magnitude without division or square root: both parts are shifted up until the larger fills 16 bits, squared and
 * added (2^28 <= q <= 2^31, or 0); the root is read from a table of straight lines (error below 0.05 %) and shifted
 * back. */
#include "tinynas_frontend_internal.h"

static inline uint32_t magnitude(int32_t re, int32_t im)
{
    const uint32_t larger = (uint32_t)(re ^ (re >> 31)) | (uint32_t)(im ^ (im >> 31));
    const int32_t shift = tn_clz(larger) - 1;
    const int32_t a = (int32_t)((uint32_t)re << shift), b = (int32_t)((uint32_t)im << shift);
#if TINYNAS_FRONTEND_DSP
    const uint32_t q = (uint32_t)tn_smlatt(a, a, tn_smultt(b, b));
    const tinynas_line line = tinynas_root_lines[q >> 25];
    const uint32_t root = (uint32_t)tn_smlabb((int32_t)line, (int32_t)((q >> 10) & 0x7fffu), (int32_t)line);
#else
    const uint32_t q = (uint32_t)((a >> 16) * (a >> 16)) + (uint32_t)((b >> 16) * (b >> 16));
    const tinynas_line line = tinynas_root_lines[q >> 25];
    const uint32_t root = line + (line & 0xffffu) * ((q >> 10) & 0x7fffu);
#endif
    return root >> shift;
}

/* E and W O of bins k and N - k. */
static inline void unfold(tinynas_complex z, tinynas_complex y, uint32_t w, tinynas_complex *e, tinynas_complex *o)
{
    const tinynas_complex odd = {z.im + y.im, y.re - z.re};
    *e = (tinynas_complex){z.re + y.re, z.im - y.im};
    *o = tn_half_turn(odd, w);
}

void tinynas_frontend_magnitudes(const tinynas_frontend *f, tinynas_complex *z)
{
    const int32_t points = f->points, half = points / 2, last = f->last_bin;
    /* Below `both` only bin k is wanted, from there on bin points - k too. */
    const int32_t both = points - last < half ? points - last : (last < half ? last + 1 : half);
    const uint32_t *w = f->split_twiddles + f->first_bin, *end = f->split_twiddles + both;
    const tinynas_complex *up = z + f->first_bin, *down = z + points - f->first_bin;
    tinynas_word *sizes = (tinynas_word *)(void *)z + f->first_bin, *upper;
    const uint32_t middle = magnitude(z[half].re, z[half].im);
    tinynas_complex e, o, y;
    while (w < end) {
        y = tn_load_up(&up);
        unfold(y, tn_load_down(&down), *w++, &e, &o);
        *sizes++ = magnitude((e.re >> 1) + o.re, (e.im >> 1) + o.im);
    }
    if (last >= half) {
        w = f->split_twiddles + both;
        end = f->split_twiddles + half;
        up = z + both;
        down = z + points - both;
        sizes = (tinynas_word *)(void *)z + both;
        upper = (tinynas_word *)(void *)z + 2 * points - both;
        while (w < end) {
            y = tn_load_up(&up);
            unfold(y, tn_load_down(&down), *w++, &e, &o);
            *sizes++ = magnitude((e.re >> 1) + o.re, (e.im >> 1) + o.im);
            *upper-- = magnitude((e.re >> 1) - o.re, (e.im >> 1) - o.im);
        }
        *sizes = middle;
    }
}

static inline uint64_t squared(int32_t re, int32_t im)
{
    return (uint64_t)((int64_t)re * re + (int64_t)im * im);
}

void tinynas_frontend_powers(const tinynas_frontend *f, tinynas_complex *z)
{
    const int32_t points = f->points, half = points / 2;
    const uint32_t *w = f->split_twiddles;
    tinynas_word *sizes = (tinynas_word *)(void *)z;
    tinynas_complex e, o;
    uint64_t p;
    for (int32_t k = 1; k < half; k++) {
        unfold(z[k], z[points - k], w[k], &e, &o);
        p = squared((e.re >> 1) + o.re, (e.im >> 1) + o.im);
        sizes[2 * k] = (uint32_t)p;
        sizes[2 * k + 1] = (uint32_t)(p >> 32);
        p = squared((e.re >> 1) - o.re, (e.im >> 1) - o.im);
        sizes[2 * (points - k)] = (uint32_t)p;
        sizes[2 * (points - k) + 1] = (uint32_t)(p >> 32);
    }
    p = squared(z[half].re, z[half].im);
    sizes[2 * half] = (uint32_t)p;
    sizes[2 * half + 1] = (uint32_t)(p >> 32);
}
