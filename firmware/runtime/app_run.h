/* Running the model and measuring it: time, layers, stack, how far the arena is used. */
#ifndef TINYNAS_RUNTIME_APP_RUN_H
#define TINYNAS_RUNTIME_APP_RUN_H

#include "tinynas_protocol.h"

/* Test data outside the memory that is measured, filled by an emulator before the start, or by Write; 0 bytes on
 * boards. */
uint8_t *app_area(uint32_t *bytes);

/* Address of `length` bytes at `offset` of a place, or NULL when they do not lie in it. The inputs (outputs) of
 * a model are one after another; a range must lie within one of them. */
uint8_t *app_at(uint32_t place, uint32_t offset, uint32_t length);

/* 0, or the TNP_CODE_* that says why the request makes no sense. Fills `ran`. */
uint32_t app_invoke(const tnp_invoke *request, tnp_ran *ran);

/* For other protocols: copies all inputs, one after another, into the model; ... */
void app_load_input(const uint8_t *from);
/* ... one run on the inputs as they stand: its ticks with the reading of the counter, flags of TNP_FLAG_*; ... */
uint64_t app_run(int32_t *status, uint32_t *flags);
/* ... the ticks of that reading; ... */
uint32_t app_overhead_ticks(void);
/* ... and the number of the run whose outputs lie in the model, 0 when an input may have been written since. */
uint32_t app_output_run(void);

/* Of the last app_invoke(); after app_run() there are no ticks and no marks. */
void app_stats(tnp_stats *stats);
uint32_t app_ticks(const uint64_t **ticks);
uint32_t app_marks(const uint64_t **marks);

#endif
