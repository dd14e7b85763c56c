/* The ring between a receive interrupt and tn_getc(). One writer (the interrupt), one reader. */
#ifndef TINYNAS_UART_RING_H
#define TINYNAS_UART_RING_H

#include <stdint.h>

void tn_ring_put(uint8_t byte);
void tn_ring_lost(void);

#endif
