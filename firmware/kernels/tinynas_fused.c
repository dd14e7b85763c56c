/* The row pipeline: the last stage is asked for its rows in order, and every stage makes a row as soon as one
 * is asked of it, no earlier. So each ring holds the fewest rows possible, and the order of all reads and
 * writes is fixed: the planner simulates it (tinynas.memory.rows) to know ring sizes and by how much the
 * result may overlap the input.
 *
 * A ring is kept contiguous, so that kernels see an ordinary image: when a new row finds no room, the rows
 * still needed move down, 0.7 instructions a byte. About 60 instructions a row and stage besides. */
#include "tinynas_fused.h"

#include "tinynas_bytes.h"

/* The first row of input `in` that the next row of a stage needs. */
static inline int32_t tinynas_fused_first(const tinynas_fused_input *in, int32_t made)
{
    const int32_t first = made * in->stride - in->pad_top;
    return first < 0 ? 0 : first;
}

/* The stage to execute so that the last one gets on: the first on the way whose inputs are all there. */
static int32_t tinynas_fused_next(const tinynas_fused_params *p, const tinynas_fused_progress *progress)
{
    int32_t k = p->count - 1;
    for (;;) {
        const tinynas_fused_stage *stage = p->stages + k;
        const int32_t asked = k;
        int32_t i;
        for (i = 0; i < stage->inputs && k == asked; i++) {
            const tinynas_fused_input *in = stage->in + i;
            int32_t end = progress[asked].made * in->stride - in->pad_top + in->kernel;
            if (end > in->rows) {
                end = in->rows;
            }
            if (in->maker >= 0 && progress[in->maker].made < end) {
                k = in->maker;
            }
        }
        if (k == asked) {
            return k;
        }
    }
}

/* Room for one more row: drops the rows of the ring that no reader will ask for again. */
static void tinynas_fused_advance(const tinynas_fused_params *p, const tinynas_fused_tensor *ring, int8_t *rows,
                                  tinynas_fused_progress *progress, tinynas_fused_progress *own)
{
    int32_t oldest = own->made, n;
    for (n = 0; n < ring->readers; n++) {
        const tinynas_fused_stage *reader = p->stages + ring->reader[n].stage;
        const int32_t made = progress[ring->reader[n].stage].made;
        if (made < reader->rows) {
            const int32_t first = tinynas_fused_first(reader->in + ring->reader[n].input, made);
            oldest = first < oldest ? first : oldest;
        }
    }
    tinynas_copy(rows, rows + (oldest - own->base) * ring->row_bytes, (own->made - oldest) * ring->row_bytes);
    own->base = (int16_t)oldest;
}

/* Where the next row of stage k goes. */
static int8_t *tinynas_fused_place(const tinynas_fused_params *p, uint8_t *arena, tinynas_fused_progress *progress,
                                   int32_t k)
{
    const int32_t y = progress[k].made;
    const tinynas_fused_tensor *out = p->tensors + p->stages[k].out;
    int8_t *rows;

    while (out->kept < 0) {
        k = out->reader[0].stage;
        out = p->tensors + p->stages[k].out;
    }
    rows = (int8_t *)arena + out->offset;
    if (out->kept == 0) {
        return rows + y * out->row_bytes;
    }
    if (y - progress[k].base == out->kept) {
        tinynas_fused_advance(p, out, rows, progress, progress + k);
    }
    return rows + (y - progress[k].base) * out->row_bytes;
}

static void tinynas_fused_row(const tinynas_fused_params *p, uint8_t *arena, tinynas_fused_progress *progress,
                              int32_t k)
{
    const tinynas_fused_stage *stage = p->stages + k;
    int8_t *const to = tinynas_fused_place(p, arena, progress, k);
    const int8_t *in[TINYNAS_FUSED_INPUTS];
    const int32_t y = progress[k].made;
    const int32_t below = stage->rows - stage->bottom;
    int32_t variant = y < stage->top ? y : stage->top, i;

    for (i = 0; i < stage->inputs; i++) {
        const tinynas_fused_tensor *tensor = p->tensors + stage->in[i].tensor;
        int32_t first = tinynas_fused_first(stage->in + i, y);
        if (tensor->kept < 0) {
            in[i] = to;
            continue;
        }
        if (tensor->kept > 0) {
            first -= progress[stage->in[i].maker].base;
        }
        in[i] = (const int8_t *)arena + tensor->offset + first * tensor->row_bytes;
    }
    if (y >= below) {
        variant = stage->top + 1 + y - below;
    }
    stage->make(stage->params[variant], in, to, arena + p->scratch);
    progress[k].made++;
}

void tinynas_fused(const tinynas_fused_params *p, uint8_t *arena, tinynas_fused_progress *progress)
{
    const int32_t last = p->count - 1, rows = p->stages[last].rows;
    int32_t k;
    for (k = 0; k <= last; k++) {
        progress[k].made = 0;
        progress[k].base = 0;
    }
    while (progress[last].made < rows) {
        tinynas_fused_row(p, arena, progress, tinynas_fused_next(p, progress));
    }
}
