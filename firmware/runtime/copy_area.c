/* Where the text protocol keeps its copy of the input: memory the linker script sets aside when some is left. */
#include "tinynas_runtime.h"

extern uint8_t __tn_copy_start[], __tn_copy_end[];

uint8_t *tn_copy_area(uint32_t *bytes)
{
    *bytes = (uint32_t)((uintptr_t)__tn_copy_end - (uintptr_t)__tn_copy_start);
    return __tn_copy_start;
}
