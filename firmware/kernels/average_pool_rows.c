/* The mean of all elements of each channel, row by row: sums in words until the last row, halves rounded away
 * from zero then. Instructions per element: 5, per output about 25. */
#include "tinynas_fixed.h"
#include "tinynas_fused.h"

void tinynas_average_pool_rows(const tinynas_average_pool_rows_params *p, const int8_t *in, const int8_t *held,
                               int8_t *out)
{
    int32_t *const sums = (int32_t *)(uintptr_t)held;
    const int32_t channels = p->channels;
    int32_t c, x;

    for (c = 0; c < channels; c++) {
        const int8_t *element = in + c;
        int32_t sum = p->first ? 0 : sums[c];
        for (x = p->columns; x > 0; x--) {
            sum += *element;
            element += channels;
        }
        sums[c] = sum;
    }
    if (p->last) {
        const tinynas_divider divider = tinynas_divider_of(p->count);
        for (c = 0; c < channels; c++) {
            out[c] = (int8_t)tinynas_clamp(tinynas_divide_round(sums[c], divider), p->low, p->high);
        }
    }
}
