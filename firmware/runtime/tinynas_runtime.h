/* What the application may ask of the board: bytes in and out, time, stack, image checksum.
 *
 * One implementation per kind of device lies beside this file (uart_*.c, timer_*.c, clock_*.c);
 * the board's own figures come in through the generated board.h. The application defines
 * `int main(void)`; Reset_Handler calls tn_board_init() before it, so main starts with clock,
 * serial link and counter running. Nothing here allocates, nothing here needs a C library.
 */
#ifndef TINYNAS_RUNTIME_H
#define TINYNAS_RUNTIME_H

#include <stddef.h>
#include <stdint.h>

/* Set up clock, caches, serial link, counter. Called once by Reset_Handler; never blocks for ever. */
void tn_board_init(void);

/* ---- serial link -------------------------------------------------------------------------- */

/* Next received byte (0..255), or -1 when none is waiting. Bytes arrive by interrupt in a ring. */
int tn_getc(void);
/* Sleep until a byte may have come; returns at once when one is waiting. */
void tn_wait(void);
/* Send one byte, or `length` bytes; returns when the last one is in the transmitter. */
void tn_putc(int byte);
void tn_write(const void *bytes, size_t length);
/* Send a NUL-terminated text, an unsigned number, a hexadecimal word ("0x" and eight digits). */
void tn_puts(const char *text);
void tn_put_u64(uint64_t value);
void tn_put_hex32(uint32_t value);
/* Bytes lost so far because the ring was full or the receiver overran: 0 on a healthy link. */
uint32_t tn_rx_lost(void);

/* ---- time --------------------------------------------------------------------------------- */

/* Ticks since reset, 64 bits, never goes back. Call it at least once per wrap of the hardware
 * counter (32 bits: 53 s at 80 MHz); counters that need it are extended by their own interrupt. */
uint64_t tn_ticks(void);
extern uint32_t tn_ticks_hz;            /* ticks a second, never 0 after tn_board_init() */
extern const char *tn_counter_name;     /* "dwt", "cmsdk", "systick", "sse" */
extern uint32_t tn_ticks_overhead;      /* ticks of two readings with nothing between them */
extern uint32_t tn_counter_fallback;    /* 1: the board's own counter stalled, another one is used */

extern uint32_t tn_clock_hz;            /* the core's clock as it was really set up */
/* Result of the clock set-up: 0 = as the board file says; else 1 + the index of the step whose
 * bounded wait ran out (the core then still runs on its reset clock, see tn_clock_hz). */
extern uint32_t tn_clock_status;

/* ---- stack -------------------------------------------------------------------------------- */

/* Paint the free part of the stack (below the caller). */
void tn_stack_paint(void);
/* Bytes used below the caller of the last tn_stack_paint() since then. */
uint32_t tn_stack_high_water(void);
/* 0 when the painted floor of the stack is untouched: the stack never ran into what lies below. */
int tn_stack_overflowed(void);

/* ---- spare memory ------------------------------------------------------------------------- */

/* Memory the linker script set aside for a copy of the input, word-aligned; 0 bytes when none was left. */
uint8_t *tn_copy_area(uint32_t *bytes);

/* ---- marker ------------------------------------------------------------------------------- */

/* Raise (1) or lower (0) the board's marker pin, for a power meter; nothing without such a pin. */
void tn_marker(int on);

/* ---- integrity ---------------------------------------------------------------------------- */

/* CRC-32 (IEEE 802.3, as zlib.crc32) of `length` bytes, continuing from `crc` (start with 0). */
uint32_t tn_crc32(uint32_t crc, const void *bytes, size_t length);
/* CRC-32 of everything the image keeps in flash: vectors, code, constants, .data's source. */
uint32_t tn_image_crc(void);
/* 0 when the guard bytes on both sides of the model's arena are intact; bit 0: the lower ones,
 * bit 1: the upper ones were written. */
int tn_guards_broken(void);

/* End of the run. In emulator images: semihosting exit with `code` (the emulator's exit status).
 * On a board: sleeps for ever. */
void tn_exit(int code) __attribute__((noreturn));

#endif
