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

/* Of the last app_invoke(). */
void app_stats(tnp_stats *stats);
uint32_t app_ticks(const uint64_t **ticks);
uint32_t app_marks(const uint64_t **marks);

#endif
