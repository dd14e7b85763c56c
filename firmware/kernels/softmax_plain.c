/* SOFTMAX by rows in 32-bit fixed point, as gemmlowp computes it: exp by a Taylor polynomial on
 * [-1/4, 0) and a barrel of exp(-2^k) factors, the reciprocal of the sum by Newton-Raphson.
 *
 * Qm has m integer bits. Factors are ordered so that the second of each high multiplication is not
 * negative. Three passes over a row: maximum, sum, outputs; exponentials are computed twice rather
 * than kept, so no scratch. Per element up to about 130 instructions on ARMv7-M, 330 on ARMv6-M. */
#include "tinynas_fixed.h"
#include "tinynas_kernels.h"

#define TINYNAS_FRACTION 26 /* of a difference in Q5 */
#define TINYNAS_SUM_BITS 12 /* integer bits of the sum */

/* exp(a) in Q0 for a in Q0, -1/4 <= a < 0. */
static int32_t tinynas_exp_quarter(int32_t a)
{
    const int32_t x = a + (1 << 28);
    const int32_t size = x < 0 ? -x : x;
    const int32_t x2 = tinynas_high_mul(size, size);
    const int32_t x3 = tinynas_high_mul(x, x2);
    const int32_t x4 = tinynas_high_mul(x2, x2);
    const int32_t cubic = tinynas_high_mul(tinynas_shift_right(x4, 2) + x3, 715827883) + x2;
    return 1895147668 + tinynas_high_mul(x + tinynas_shift_right(cubic, 1), 1895147668);
}

/* exp(a) in Q0 for a <= 0 in Q5. */
static int32_t tinynas_exp(int32_t a)
{
    int32_t quarter = 1 << (TINYNAS_FRACTION - 2);
    const int32_t rest = (a & (quarter - 1)) - quarter;
    const int32_t remainder = rest - a;
    int32_t result = tinynas_exp_quarter(TINYNAS_SHIFT_LEFT(rest, 5));

    if (a == 0) {
        return INT32_MAX;
    }
    if (remainder & quarter) {
        result = tinynas_high_mul(result, 1672461947); /* exp(-1/4) */
    }
    if (remainder & (quarter << 1)) {
        result = tinynas_high_mul(result, 1302514674); /* exp(-1/2) */
    }
    if (remainder & (quarter << 2)) {
        result = tinynas_high_mul(result, 790015084); /* exp(-1) */
    }
    if (remainder & (quarter << 3)) {
        result = tinynas_high_mul(result, 290630308); /* exp(-2) */
    }
    if (remainder & (quarter << 4)) {
        result = tinynas_high_mul(result, 39332535); /* exp(-4) */
    }
    if (remainder & (quarter << 5)) {
        result = tinynas_high_mul(result, 720401); /* exp(-8) */
    }
    if (remainder & (quarter << 6)) {
        result = tinynas_high_mul(result, 242); /* exp(-16) */
    }
    return result;
}

static int32_t tinynas_saturating_left(int32_t x, int32_t n)
{
    const int32_t limit = (int32_t)((1u << (31 - n)) - 1u);
    if (x > limit) {
        return INT32_MAX;
    }
    if (x < -limit) {
        return INT32_MIN;
    }
    return TINYNAS_SHIFT_LEFT(x, n);
}

/* 1 / (1 + a) in Q0 for a in [0, 1) in Q0. */
static int32_t tinynas_reciprocal(int32_t a)
{
    const int32_t half = (int32_t)(((uint32_t)a + 0x80000000u) >> 1); /* (1 + a) / 2, rounded up */
    int32_t x = 1515870810 + tinynas_high_mul(-1010580540, half);     /* 48/17 - 32/17 half, in Q2 */
    int32_t k;
    for (k = 0; k < 3; k++) {
        const int32_t error = (1 << 29) - tinynas_high_mul(x, half);
        x += tinynas_saturating_left(tinynas_high_mul(error, x), 2);
    }
    return tinynas_saturating_left(x, 1);
}

static int32_t tinynas_softmax_exp(const tinynas_softmax_plain_params *p, int32_t difference)
{
    return tinynas_exp(tinynas_high_mul(TINYNAS_SHIFT_LEFT(difference, p->shift), p->multiplier));
}

void tinynas_softmax_plain(const tinynas_softmax_plain_params *p, const int8_t *in, int8_t *out)
{
    int32_t row, i;
    for (row = 0; row < p->rows; row++) {
        int32_t best = -128, sum = 0, headroom = 0, scale, shift;
        for (i = 0; i < p->depth; i++) {
            best = in[i] > best ? in[i] : best;
        }
        for (i = 0; i < p->depth; i++) {
            const int32_t difference = in[i] - best;
            if (difference >= p->lowest) {
                sum += tinynas_shift_right(tinynas_softmax_exp(p, difference), TINYNAS_SUM_BITS);
            }
        }
        while (((uint32_t)sum << headroom) < 0x80000000u) {
            headroom++;
        }
        scale = tinynas_reciprocal((int32_t)(((uint32_t)sum << headroom) - 0x80000000u));
        shift = TINYNAS_SUM_BITS - headroom + 31 - 8;
        for (i = 0; i < p->depth; i++) {
            const int32_t difference = in[i] - best;
            int32_t q = 0;
            if (difference >= p->lowest && shift <= 31) {
                q = tinynas_high_mul(tinynas_softmax_exp(p, difference), scale);
                q = tinynas_shift_right(q, shift);
            }
            out[i] = (int8_t)tinynas_clamp(q - 128, -128, 127);
        }
        in += p->depth;
        out += p->depth;
    }
}
