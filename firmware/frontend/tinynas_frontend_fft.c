/* Real FFT, first part: a complex FFT of sample pairs, decimation in time, radix 4.
 *
 * The samples are 16 bits, the data 32: the sum of all |windowed samples| stays below 2^30 (the window shift is
 * chosen so), no stage can overflow, and none needs scaling or rounding. Twiddles are 16 bits, so each product is
 * one 32 x 16 instruction; it yields half the value, and the sums double it again for free (a shifted operand).
 *
 * The first stage reads samples and window and writes butterflies in digit-reversed places, so windowing, bit
 * reversal and the first stage are one pass. Sizes that are no power of 4 start with butterflies of 8. */
#include "tinynas_frontend_internal.h"

#define ROOT_HALF 23170 /* sqrt(1/2), Q15 */

static inline tinynas_complex add(tinynas_complex a, tinynas_complex b)
{
    return (tinynas_complex){a.re + b.re, a.im + b.im};
}

static inline tinynas_complex sub(tinynas_complex a, tinynas_complex b)
{
    return (tinynas_complex){a.re - b.re, a.im - b.im};
}

/* Four points of the frame, `step` pairs apart: window them and transform. */
static inline void four(const uint32_t *x, const uint32_t *w, int32_t step, int32_t shift, tinynas_complex out[4])
{
    const tinynas_complex a = tn_windowed(x[0], w[0], shift), b = tn_windowed(x[step], w[step], shift);
    const tinynas_complex c = tn_windowed(x[2 * step], w[2 * step], shift);
    const tinynas_complex d = tn_windowed(x[3 * step], w[3 * step], shift);
    const tinynas_complex ac = add(a, c), a_c = sub(a, c), bd = add(b, d), b_d = sub(b, d);
    out[0] = add(ac, bd);
    out[2] = sub(ac, bd);
    out[1] = (tinynas_complex){a_c.re + b_d.im, a_c.im - b_d.re};
    out[3] = (tinynas_complex){a_c.re - b_d.im, a_c.im + b_d.re};
}

/* First stage of powers of 4. */
static inline void first_by_4(const tinynas_frontend *f, const uint32_t *x, tinynas_complex *z, const int32_t points)
{
    const int32_t step = points / 4, shift = f->window_shift;
    const uint32_t *w = f->window, *end = w + step;
    const uint16_t *order = f->order;
    while (w != end) {
        tinynas_complex t[4], *to = z + *order++;
        four(x++, w++, step, shift, t);
        tn_store(to, t[0], t[1], t[2], t[3]);
    }
}

/* First stage of the other sizes: two of four, joined. */
static inline void first_by_8(const tinynas_frontend *f, const uint32_t *x, tinynas_complex *z, const int32_t points)
{
    const int32_t step = points / 4, half = points / 8, shift = f->window_shift;
    const uint32_t *w = f->window, *end = w + half;
    const uint16_t *order = f->order;
    while (w != end) {
        tinynas_complex e[4], o[4], *to = z + *order++;
        four(x, w, step, shift, e);
        four(x + half, w + half, step, shift, o);
        x++;
        w++;
        const int32_t sum1 = tn_mul16(o[1].re + o[1].im, ROOT_HALF), dif1 = tn_mul16(o[1].im - o[1].re, ROOT_HALF);
        const int32_t sum3 = tn_mul16(o[3].re + o[3].im, ROOT_HALF), dif3 = tn_mul16(o[3].im - o[3].re, ROOT_HALF);
        tn_store(to, add(e[0], o[0]), (tinynas_complex){e[1].re + 2 * sum1, e[1].im + 2 * dif1},
                 (tinynas_complex){e[2].re + o[2].im, e[2].im - o[2].re},
                 (tinynas_complex){e[3].re + 2 * dif3, e[3].im - 2 * sum3});
        tn_store(to + 4, sub(e[0], o[0]), (tinynas_complex){e[1].re - 2 * sum1, e[1].im - 2 * dif1},
                 (tinynas_complex){e[2].re - o[2].im, e[2].im + o[2].re},
                 (tinynas_complex){e[3].re - 2 * dif3, e[3].im + 2 * sum3});
    }
}

#if TINYNAS_FRONTEND_DSP

#include "tinynas_frontend_fft_dsp.h"

TN_STAGE(stage_of_4, 4, 0)
TN_STAGE(stage_of_8, 8, 0)
TN_STAGE(stage_of_16, 16, 0)
TN_STAGE(stage_of_32, 32, 0)
TN_LAST_STAGE(last_of_64, 64, 1020)
TN_LAST_STAGE(last_of_32, 32, 0)

static void later_stages(tinynas_complex *z, int32_t points, int32_t quarter, const uint32_t *w)
{
    if (quarter == 4) {
        stage_of_4(z, points, w);
        stage_of_16(z, points, w);
        last_of_64(z, w);
        return;
    }
    stage_of_8(z, points, w);
    if (points == 128) {
        last_of_32(z, w);
        return;
    }
    stage_of_32(z, points, w);
    last_of_128(z, w);
}

#else

/* The butterflies of one stage that share their twiddles: `count` of them, 4 `quarter` numbers apart. */
static void turn(tinynas_complex *z, int32_t quarter, int32_t count, const uint32_t *w)
{
    const uint32_t w1 = w[0], w2 = w[1], w3 = w[2];
    tinynas_complex *p0 = z, *p2 = z + 2 * quarter;
    do {
        tinynas_complex *p1 = p0 + quarter, *p3 = p2 + quarter;
        const tinynas_complex b = tn_half_turn(*p1, w1), d = tn_half_turn(*p3, w3);
        const tinynas_complex bd = add(b, d), b_d = sub(b, d), c = tn_half_turn(*p2, w2), a = *p0;
        const tinynas_complex ac = {a.re + 2 * c.re, a.im + 2 * c.im}, a_c = {a.re - 2 * c.re, a.im - 2 * c.im};
        *p0 = (tinynas_complex){ac.re + 2 * bd.re, ac.im + 2 * bd.im};
        *p2 = (tinynas_complex){ac.re - 2 * bd.re, ac.im - 2 * bd.im};
        *p1 = (tinynas_complex){a_c.re + 2 * b_d.im, a_c.im - 2 * b_d.re};
        *p3 = (tinynas_complex){a_c.re - 2 * b_d.im, a_c.im + 2 * b_d.re};
        p0 += 4 * quarter;
        p2 += 4 * quarter;
    } while (--count);
}

/* Those that need no turning. */
static void straight(tinynas_complex *z, int32_t quarter, int32_t count)
{
    tinynas_complex *p0 = z, *p2 = z + 2 * quarter;
    do {
        tinynas_complex *p1 = p0 + quarter, *p3 = p2 + quarter;
        const tinynas_complex a = *p0, b = *p1, c = *p2, d = *p3;
        const tinynas_complex ac = add(a, c), a_c = sub(a, c), bd = add(b, d), b_d = sub(b, d);
        *p0 = add(ac, bd);
        *p2 = sub(ac, bd);
        *p1 = (tinynas_complex){a_c.re + b_d.im, a_c.im - b_d.re};
        *p3 = (tinynas_complex){a_c.re - b_d.im, a_c.im + b_d.re};
        p0 += 4 * quarter;
        p2 += 4 * quarter;
    } while (--count);
}

/* All stages after the first, whose butterflies had `quarter` points. */
static void later_stages(tinynas_complex *z, int32_t points, int32_t quarter, const uint32_t *twiddles)
{
    for (; quarter < points; quarter *= 4) {
        const int32_t count = points / (4 * quarter);
        const uint32_t *w = twiddles;
        straight(z, quarter, count);
        for (int32_t j = 1; j < quarter; j++) {
            w += 3 * count;
            turn(z + j, quarter, count, w);
        }
    }
}

#endif

void tinynas_frontend_fft(const tinynas_frontend *f, const uint32_t *frame, tinynas_complex *z)
{
    if (TINYNAS_FRONTEND_STARTS_BY_4(f)) {
        first_by_4(f, frame, z, 256); /* a constant: the only power of 4 allowed */
        later_stages(z, f->points, 4, f->twiddles);
    } else {
        first_by_8(f, frame, z, f->points);
        later_stages(z, f->points, 8, f->twiddles);
    }
}
