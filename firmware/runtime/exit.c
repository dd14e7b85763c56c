/* The end of a run: semihosting SYS_EXIT_EXTENDED under an emulator, sleep on a board (where a
 * semihosting call without a debugger would fault). */
#include "board.h"
#include "tinynas_runtime.h"

void tn_exit(int code)
{
#if TN_SEMIHOSTING
    const uint32_t block[2] = {0x20026u /* ADP_Stopped_ApplicationExit */, (uint32_t)code};
    register uint32_t operation __asm("r0") = 0x20u; /* SYS_EXIT_EXTENDED */
    register const uint32_t *argument __asm("r1") = block;
    __asm volatile("bkpt 0xAB" : "+r"(operation) : "r"(argument) : "memory");
#else
    (void)code;
#endif
    for (;;) {
        __asm volatile("wfi");
    }
}
