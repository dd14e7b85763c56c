/* The mean of all elements of each channel, row by row: sums are held until the last row, halves rounded away
 * from zero then. Instructions per element: 5, per output about 25. */
#include "tinynas_fixed.h"
#include "tinynas_fused.h"

void tinynas_average_pool_rows(const tinynas_average_pool_rows_params *p, const int8_t *in, const int8_t *held,
                               int8_t *out)
{
    int32_t *const words = (int32_t *)(uintptr_t)held;
    int16_t *const halves = (int16_t *)(uintptr_t)held;
    const int32_t channels = p->channels;
    int32_t c, x;

    for (c = 0; c < channels; c++) {
        const int8_t *element = in + c;
        int32_t sum = p->first ? 0 : p->wide ? words[c] : halves[c];
        for (x = p->columns; x > 0; x--) {
            sum += *element;
            element += channels;
        }
        if (p->wide) {
            words[c] = sum;
        } else {
            halves[c] = (int16_t)sum;
        }
    }
    if (p->last) {
        const tinynas_divider divider = tinynas_divider_of(p->count);
        for (c = 0; c < channels; c++) {
            const int32_t mean = tinynas_divide_round(p->wide ? words[c] : halves[c], divider);
            out[c] = (int8_t)tinynas_clamp(mean, p->low, p->high);
        }
    }
}
