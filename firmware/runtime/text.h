/* Words and numbers to the serial link, for the text protocol: no printf, no library division. */
#ifndef TINYNAS_RUNTIME_TEXT_H
#define TINYNAS_RUNTIME_TEXT_H

#include <stdint.h>

int text_equal(const char *a, const char *b);
void text_put(const char *words);
void text_put_number(uint64_t value);
void text_put_hex(uint8_t byte);

/* mantissa * 2^exponent with three decimals, rounded as printf("%.3f") does (exact value, ties to even).
 * mantissa < 2^48. */
void text_put_thousandths(int negative, uint64_t mantissa, int exponent);

/* The same for the bits of a float32. */
void text_put_float(uint32_t bits);

/* value / by; what is left over goes to `rest`. */
uint64_t text_divide(uint64_t value, uint32_t by, uint32_t *rest);

#endif
