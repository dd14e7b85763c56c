/* See start.c. */
#ifndef BARE_H
#define BARE_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

void bare_text(const char *text);
void bare_number(int32_t value); /* and a newline */
uint32_t bare_ticks(void);       /* 24 bits, counting down */
uint32_t bare_elapsed(uint32_t from, uint32_t to);

#ifdef __cplusplus
}
#endif

#endif
