/* AVERAGE_POOL_2D with windows of at most 255 elements, on cores with DSP instructions.
 *
 * Four channels at a time: a word of four bytes is added to two words of two 16-bit sums, which hold
 * 255 bytes. A window as wide as the input is one long row. The division by the number of elements
 * is a multiplication by its reciprocal 2^32 / count, rounded up: exact for numerators n < 2^32 / count,
 * and n <= 129 count. Instructions: 13 per four pixels of four channels (0.8 per element) and 2 for the
 * loop, about 22 per output. */
#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

typedef struct {
    const int8_t *first; /* pixel of the window inside the input */
    int32_t rows, columns;
    int32_t channels;
    int32_t row_step;
    uint32_t half, reciprocal;
    int32_t low, high;
} tinynas_average_window;

static inline uint32_t tinynas_add_even(uint32_t sums, uint32_t bytes)
{
#if TINYNAS_DSP
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2" : "=r"(r) : "r"(sums), "r"(bytes));
    return r;
#else
    return tinynas_pack16(tinynas_low16(sums) + (int8_t)(bytes & 0xffu),
                          tinynas_high16(sums) + (int8_t)((bytes >> 16) & 0xffu));
#endif
}

static inline uint32_t tinynas_add_odd(uint32_t sums, uint32_t bytes)
{
#if TINYNAS_DSP
    uint32_t r;
    __asm__("sxtab16 %0, %1, %2, ror #8" : "=r"(r) : "r"(sums), "r"(bytes));
    return r;
#else
    return tinynas_add_even(sums, bytes >> 8);
#endif
}

static inline int8_t tinynas_average(const tinynas_average_window *w, int32_t sum)
{
    const int32_t sign = sum >> 31;
    const uint32_t size = (uint32_t)((sum ^ sign) - sign);
    const int32_t mean = (int32_t)(((uint64_t)(size + w->half) * w->reciprocal) >> 32);
    return (int8_t)tinynas_clamp((mean ^ sign) - sign, w->low, w->high);
}

/* Channels c .. c + 3. */
static void tinynas_average_four(const tinynas_average_window *w, int32_t c, int8_t *out)
{
    const int32_t step = w->channels, step2 = 2 * step, step3 = 3 * step;
    const int8_t *row = w->first + c;
    uint32_t even = 0, odd = 0;
    int32_t i, j;
    for (i = w->rows; i != 0; i--) {
        const int8_t *at = row;
        for (j = w->columns; j >= 4; j -= 4) {
            const uint32_t p = tinynas_load4(at), q = tinynas_load4(at + step);
            const uint32_t r = tinynas_load4(at + step2), s = tinynas_load4(at + step3);
            even = tinynas_add_even(tinynas_add_even(even, p), q);
            odd = tinynas_add_odd(tinynas_add_odd(odd, p), q);
            even = tinynas_add_even(tinynas_add_even(even, r), s);
            odd = tinynas_add_odd(tinynas_add_odd(odd, r), s);
            at += 4 * step;
        }
        for (; j != 0; j--) {
            const uint32_t p = tinynas_load4(at);
            even = tinynas_add_even(even, p);
            odd = tinynas_add_odd(odd, p);
            at += step;
        }
        row += w->row_step;
    }
    out[0] = tinynas_average(w, tinynas_low16(even));
    out[1] = tinynas_average(w, tinynas_low16(odd));
    out[2] = tinynas_average(w, tinynas_high16(even));
    out[3] = tinynas_average(w, tinynas_high16(odd));
}

static int32_t tinynas_average_sum(const tinynas_average_window *w, int32_t c)
{
    const int8_t *row = w->first + c;
    int32_t sum = 0, i, j;
    for (i = w->rows; i != 0; i--) {
        const int8_t *at = row;
        for (j = w->columns; j != 0; j--) {
            sum += *at;
            at += w->channels;
        }
        row += w->row_step;
    }
    return sum;
}

static void tinynas_average_position(const tinynas_average_window *w, int8_t *out)
{
    const int32_t fours = w->channels & ~3, left = w->channels & 3;
    int32_t sums[3], c;
    for (c = 0; c != fours; c += 4) {
        tinynas_average_four(w, c, out + c);
    }
    for (c = 0; c != left; c++) { /* all are read before one is written */
        sums[c] = tinynas_average_sum(w, fours + c);
    }
    for (c = 0; c != left; c++) {
        out[fours + c] = tinynas_average(w, sums[c]);
    }
}

void tinynas_average_pool_dsp(const tinynas_average_pool_dsp_params *p, const int8_t *in, int8_t *out)
{
    tinynas_average_window w = {in, 0, 0, p->channels, p->in_w * p->channels, 0, 0, p->low, p->high};
    int32_t image, y, x, count = 0;

    for (image = 0; image < p->batches; image++) {
        for (y = 0; y < p->out_h; y++) {
            const int32_t top = y * p->stride_h - p->pad_top;
            const int32_t y0 = top < 0 ? 0 : top;
            const int32_t rows = (top + p->kernel_h > p->in_h ? p->in_h : top + p->kernel_h) - y0;
            for (x = 0; x < p->out_w; x++) {
                const int32_t left = x * p->stride_w - p->pad_left;
                const int32_t x0 = left < 0 ? 0 : left;
                w.rows = rows;
                w.columns = (left + p->kernel_w > p->in_w ? p->in_w : left + p->kernel_w) - x0;
                w.first = in + (y0 * p->in_w + x0) * w.channels;
                if (w.columns == p->in_w) {
                    w.columns *= rows;
                    w.rows = 1;
                }
                if (w.rows * w.columns != count) {
                    count = w.rows * w.columns;
                    w.half = (uint32_t)count / 2;
                    w.reciprocal = 0xffffffffu / (uint32_t)count + 1;
                }
                tinynas_average_position(&w, out);
                out += w.channels;
            }
        }
        in += p->in_h * w.row_step;
    }
}
