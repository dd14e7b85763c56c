/* What the runtime's own files ask of each other; not for applications. */
#ifndef TINYNAS_INTERNAL_H
#define TINYNAS_INTERNAL_H

#include <stdint.h>

#define TN_EXIT_FAULT 99

void tn_caches_on(void);

/* One uart_KIND.c is linked. `divisor`: what its divisor register takes, worked out by the generator. */
void tn_uart_init(uint32_t divisor);
void tn_uart_irq(void);

/* One timer_KIND.c is linked (and timer_systick.c where another may stall). */
void tn_timer_init(void);
void tn_timer_calibrate(void);
void tn_systick_start(void);
uint64_t tn_systick_ticks(void);
void tn_systick_irq(void);

void tn_guards_set(void);
void tn_fault_report(const uint32_t *frame, uint32_t exception) __attribute__((noreturn));
void tn_fault_entry(void);

#endif
