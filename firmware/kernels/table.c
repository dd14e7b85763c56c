/* Any operator that maps each int8 alone, as a table of its 256 results, computed by the reference
 * when the model is generated: exact by construction, 7 to 9 instructions an element. */
#include "tinynas_kernels.h"

void tinynas_table(const tinynas_table_params *p, const int8_t *in, int8_t *out)
{
    const int8_t *table = p->table + 128;
    int32_t i;
    if (!p->backward) {
        for (i = 0; i < p->count; i++) {
            out[i] = table[in[i]];
        }
    } else {
        for (i = p->count - 1; i >= 0; i--) {
            out[i] = table[in[i]];
        }
    }
}
