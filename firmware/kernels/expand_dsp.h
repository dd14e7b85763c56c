/* Expanding input bytes to 16-bit lanes, laid out for group_dsp.c. */
#ifndef TINYNAS_EXPAND_DSP_H
#define TINYNAS_EXPAND_DSP_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* One of four vectors: `bytes` int8 from any address, the last four completed with zeros. Bytes (0, 2) of
 * each four go to to[0], (1, 3) to to[4]; the next four's eight words on. Returns where they would go. */
uint32_t *tinynas_expand_dsp(uint32_t *to, const int8_t *from, int32_t bytes);

#ifdef __cplusplus
}
#endif

#endif
