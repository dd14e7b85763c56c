/* One parseable line for every fault and every interrupt nobody handles, then the end of the run:
 *   TINYNAS-FAULT exc=0x... cfsr=0x... hfsr=0x... bfar=0x... pc=0x... lr=0x...
 * The report runs on a stack of its own, so that it also works when the stack was the fault. */
#include "board.h"
#include "registers.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

extern uint32_t __tn_ram_low[], __tn_ram_high[];

#define FAULT_STACK_WORDS 96u
uint32_t tn_fault_stack[FAULT_STACK_WORDS] __attribute__((aligned(8)));

/* Frame of the interrupted code: main or process stack, as EXC_RETURN (lr) tells. */
__attribute__((naked)) void tn_fault_entry(void)
{
    __asm volatile(
        "mov r1, lr\n\t"
        "movs r0, #4\n\t"
        "tst r0, r1\n\t"
        "bne 1f\n\t"
        "mrs r0, msp\n\t"
        "b 2f\n"
        "1:\n\t"
        "mrs r0, psp\n"
        "2:\n\t"
#if TN_HAS_STACK_LIMIT
        "movs r1, #0\n\t"
        "msr msplim, r1\n\t"
#endif
        "mrs r1, ipsr\n\t"
        "ldr r2, =tn_fault_stack + %c0\n\t"
        "msr msp, r2\n\t"
        "ldr r2, =tn_fault_report\n\t"
        "bx r2\n\t"
        ".ltorg" ::"i"(4u * FAULT_STACK_WORDS));
}

/* To the link, and under an emulator to its console too, where the host finds it whatever the link
 * was doing. */
static void say(const char *text)
{
    tn_puts(text);
#if TN_SEMIHOSTING
    register uint32_t operation __asm("r0") = 0x04u; /* SYS_WRITE0 */
    register const char *argument __asm("r1") = text;
    __asm volatile("bkpt 0xAB" : "+r"(operation) : "r"(argument) : "memory");
#endif
}

static void field(const char *name, uint32_t value)
{
    char digits[9];
    for (int i = 0; i < 8; i++) {
        digits[i] = "0123456789abcdef"[(value >> (28 - 4 * i)) & 15u];
    }
    digits[8] = '\0';
    say(name);
    say("=0x");
    say(digits);
}

void tn_fault_report(const uint32_t *frame, uint32_t exception)
{
    const uint32_t *low = __tn_ram_low;
    const uint32_t *high = __tn_ram_high;
    int readable = frame >= low && frame + 8 <= high;
    say("\r\nTINYNAS-FAULT");
    field(" exc", exception);
#if TN_HAS_FAULT_STATUS
    field(" cfsr", TN_REG(TN_SCB_CFSR));
    field(" hfsr", TN_REG(TN_SCB_HFSR));
    field(" bfar", TN_REG(TN_SCB_BFAR));
#else
    field(" cfsr", 0);
    field(" hfsr", 0);
    field(" bfar", 0);
#endif
    field(" pc", readable ? frame[6] : 0u);
    field(" lr", readable ? frame[5] : 0u);
    say("\r\n");
    tn_exit(TN_EXIT_FAULT);
}
