/* Running the model and measuring it.
 *
 * Time is read right before and right after the call; what reading it costs is measured with two readings back to
 * back and reported beside the ticks, so that the host can take it off. The same for the marks between layers.
 * In an emulator where every instruction takes the same virtual time, that leaves exact instruction counts.
 *
 * Everything that is not the model's own lies outside the timed region: copying the input (inference destroys
 * it), painting arena and stack, and looking at the paint afterwards.
 */
#include "app_run.h"

#include <string.h>

#include "board.h"
#include "tinynas_model.h"
#include "tinynas_runtime.h"

#ifdef TINYNAS_PROFILE
#define MARKS (TINYNAS_LAYERS + 1)
#else
#define MARKS 0
#endif

static tinynas_state model __attribute__((section(".bss.tinynas.arena")));

static uint64_t run_ticks[TNP_MAX_REPEATS];
static uint64_t marks[MARKS + 2]; /* two more: mark_ticks() needs them, whatever the model */
static uint32_t runs;             /* timed runs of the last request */
static tnp_stats last;
static uint32_t run_count, output_run; /* runs since the start; the one whose outputs stand, 0: none */

/* The hook of TINYNAS_LAYER(k). Never inlined or specialised, so that it costs the same here, where its cost is
 * measured, and between the layers. */
#if defined(__clang__)
__attribute__((noinline))
#else
__attribute__((noipa))
#endif
void tn_profile_mark(int layer);
void tn_profile_mark(int layer)
{
    marks[layer] = tn_ticks();
}

uint8_t *app_area(uint32_t *bytes)
{
    *bytes = TN_TESTDATA_LENGTH;
    return (uint8_t *)(uintptr_t)TN_TESTDATA_ORIGIN;
}

static uint8_t *within(uint8_t *start, uint32_t bytes, uint32_t offset, uint32_t length)
{
    return offset <= bytes && length <= bytes - offset ? start + offset : NULL;
}

uint8_t *app_at(uint32_t place, uint32_t offset, uint32_t length)
{
    static const uint32_t input_bytes[] = TINYNAS_INPUT_SIZES;
    static const uint32_t output_bytes[] = TINYNAS_OUTPUT_SIZES;
    if (place == TNP_PLACE_AREA) {
        uint32_t bytes;
        uint8_t *area = app_area(&bytes);
        return within(area, bytes, offset, length);
    }
    int input = place == TNP_PLACE_INPUT;
    if (!input && place != TNP_PLACE_OUTPUT) {
        return NULL;
    }
    output_run = input ? 0 : output_run; /* they share memory */
    for (int k = 0; k < (input ? TINYNAS_INPUTS : TINYNAS_OUTPUTS); k++) {
        uint32_t bytes = input ? input_bytes[k] : output_bytes[k];
        if (offset < bytes) {
            return within(input ? tinynas_input_at(&model, k) : tinynas_output_at(&model, k), bytes, offset, length);
        }
        offset -= bytes;
    }
    return NULL;
}

void app_load_input(const uint8_t *from)
{
    static const uint32_t bytes[] = TINYNAS_INPUT_SIZES;
    output_run = 0;
    for (int k = 0; k < TINYNAS_INPUTS; k++) {
        memcpy(tinynas_input_at(&model, k), from, bytes[k]);
        from += bytes[k];
    }
}

/* Bytes from the arena's start to behind the last that lost its paint. */
static uint32_t high_water(uint8_t paint)
{
    const uint8_t *start = (const uint8_t *)&model;
    uint32_t bytes = sizeof model;
    while (bytes > 0 && start[bytes - 1] == paint) {
        bytes--;
    }
    return bytes;
}

static uint32_t trouble(void)
{
    return (tn_guards_broken() ? TNP_FLAG_GUARDS_BROKEN : 0u) | (tn_stack_overflowed() ? TNP_FLAG_STACK_OVERFLOWED : 0u);
}

/* One inference: its ticks, its status, and the stack it used below this call. */
static uint64_t __attribute__((noinline)) timed(int32_t *status, uint32_t *stack_bytes)
{
    tn_stack_paint();
    tn_marker(1);
    uint64_t start = tn_ticks();
    int result = tinynas_invoke(&model, NULL, NULL);
    uint64_t end = tn_ticks();
    tn_marker(0);
    *stack_bytes = tn_stack_high_water();
    *status = result;
    output_run = ++run_count;
    return end - start;
}

uint32_t app_overhead_ticks(void)
{
    uint64_t start = tn_ticks();
    uint64_t end = tn_ticks();
    return (uint32_t)(end - start);
}

static uint32_t mark_ticks(void)
{
    tn_profile_mark(0);
    tn_profile_mark(1);
    return (uint32_t)(marks[1] - marks[0]);
}

static uint32_t larger(uint32_t a, uint32_t b)
{
    return a > b ? a : b;
}

static int is_input(const uint8_t *at)
{
    static const uint32_t bytes[] = TINYNAS_INPUT_SIZES;
    for (int k = 0; k < TINYNAS_INPUTS; k++) {
        const uint8_t *start = tinynas_input_at(&model, k);
        if (at >= start && at < start + bytes[k]) {
            return 1;
        }
    }
    return 0;
}

/* All of the arena, but not an input that has been written already. */
static void paint_arena(uint8_t paint, int keep_input)
{
    uint8_t *start = (uint8_t *)&model;
    for (uint32_t k = 0; k < sizeof model; k++) {
        if (!keep_input || !is_input(start + k)) {
            start[k] = paint;
        }
    }
}

static uint64_t run_once(const tnp_invoke *request, const uint8_t *from, int32_t *status)
{
    if (request->painted) {
        paint_arena(request->paint, from == NULL);
    }
    if (from != NULL) {
        app_load_input(from);
    }
    uint32_t stack_bytes;
    uint64_t ticks = timed(status, &stack_bytes);
    last.stack_bytes = larger(last.stack_bytes, stack_bytes);
    if (request->painted) {
        last.arena_high_water_bytes = larger(last.arena_high_water_bytes, high_water(request->paint));
    }
    last.flags |= (uint16_t)(trouble() | (ticks == 0 ? TNP_FLAG_COUNTER_STALLED : 0u));
    return ticks;
}

uint64_t app_run(int32_t *status, uint32_t *flags)
{
    static const tnp_invoke plain = {.place = TNP_PLACE_INPUT};
    last = (tnp_stats){0};
    runs = 0;
    uint64_t ticks = run_once(&plain, NULL, status);
    last.rx_lost = tn_rx_lost();
    *flags = last.flags;
    return ticks;
}

uint32_t app_output_run(void)
{
    return output_run;
}

uint32_t app_invoke(const tnp_invoke *request, tnp_ran *ran)
{
    const uint8_t *from = NULL;
    if (request->place == TNP_PLACE_AREA) {
        from = app_at(TNP_PLACE_AREA, request->offset, TINYNAS_INPUT_BYTES);
        if (from == NULL) {
            return TNP_CODE_BAD_RANGE;
        }
    } else if (request->place != TNP_PLACE_INPUT || request->warmup || request->repeats != 1) {
        return TNP_CODE_BAD_VALUE;
    }
    if (request->repeats == 0 || request->repeats > TNP_MAX_REPEATS || request->warmup > TNP_MAX_WARMUP) {
        return TNP_CODE_BAD_VALUE;
    }
    ran->overhead_ticks = app_overhead_ticks();
    ran->mark_ticks = mark_ticks();
    last = (tnp_stats){0};
    for (uint32_t k = 0; k < request->warmup; k++) {
        run_once(request, from, &ran->status);
    }
    for (runs = 0; runs < request->repeats; runs++) {
        run_ticks[runs] = run_once(request, from, &ran->status);
    }
    last.rx_lost = tn_rx_lost();
    ran->flags = last.flags;
    ran->layers = MARKS ? TINYNAS_LAYERS : 0;
    return 0;
}

void app_stats(tnp_stats *stats)
{
    *stats = last;
}

uint32_t app_ticks(const uint64_t **ticks)
{
    *ticks = run_ticks;
    return runs;
}

uint32_t app_marks(const uint64_t **seen)
{
    *seen = marks;
    return runs ? MARKS : 0;
}
