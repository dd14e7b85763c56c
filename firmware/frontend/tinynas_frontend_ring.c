/* The last columns, as the network wants them: oldest first. */
#include <string.h>

#include "tinynas_frontend.h"

int32_t tinynas_ring_push(int8_t *ring, int32_t columns, int32_t width, int32_t next, const int8_t *column)
{
    memcpy(ring + next * width, column, (size_t)width);
    return next + 1 == columns ? 0 : next + 1;
}

void tinynas_ring_read(const int8_t *ring, int32_t columns, int32_t width, int32_t next, int8_t *out)
{
    const int32_t older = (columns - next) * width;
    memcpy(out, ring + next * width, (size_t)older);
    memcpy(out + older, ring, (size_t)(next * width));
}
