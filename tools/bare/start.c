/* The least a program needs under QEMU: vectors, data and bss, a counter, text out and an exit (semihosting).
 * Only for the developer tools that count instructions; firmware uses firmware/runtime. */
#include "bare.h"

extern uint32_t bare_stack_top, bare_data_start, bare_data_end, bare_data_source, bare_bss_start, bare_bss_end;
int main(void);
void Reset_Handler(void);
static void fault(void);

__attribute__((section(".vectors"), used)) static const void *const vectors[16] = {
    &bare_stack_top, (const void *)Reset_Handler, (const void *)fault, (const void *)fault, (const void *)fault,
    (const void *)fault, (const void *)fault, 0, 0, 0, 0, (const void *)fault, 0, 0, (const void *)fault,
    (const void *)fault,
};

static uint32_t semihost(uint32_t operation, const void *argument)
{
    register uint32_t r0 __asm__("r0") = operation;
    register const void *r1 __asm__("r1") = argument;
    __asm__ volatile("bkpt #0xab" : "+r"(r0) : "r"(r1) : "memory");
    return r0;
}

static void leave(uint32_t status)
{
    const uint32_t block[2] = {0x20026u, status};
    semihost(0x20u, block);
    for (;;) {
    }
}

static void fault(void)
{
    bare_text("FAULT\n");
    leave(99);
}

void bare_text(const char *text) { semihost(4u, text); }

void bare_number(int32_t value)
{
    char digits[13];
    char *p = digits + 12;
    uint32_t rest = value < 0 ? 0u - (uint32_t)value : (uint32_t)value;
    *p = 0;
    do {
        *--p = (char)('0' + rest % 10u);
        rest /= 10u;
    } while (rest != 0);
    if (value < 0) {
        *--p = '-';
    }
    bare_text(p);
    bare_text("\n");
}

#define SYST_CSR (*(volatile uint32_t *)0xe000e010u)
#define SYST_RVR (*(volatile uint32_t *)0xe000e014u)
#define SYST_CVR (*(volatile uint32_t *)0xe000e018u)

uint32_t bare_ticks(void)
{
    const uint32_t now = SYST_CVR;
    __asm__ volatile("" ::: "memory");
    return now;
}

uint32_t bare_elapsed(uint32_t from, uint32_t to) { return (from - to) & 0xffffffu; }

void Reset_Handler(void)
{
    *(volatile uint32_t *)0xe000ed88u = 0xf00000u; /* floating point and Helium, where they exist */
    uint32_t *to = &bare_data_start, *from = &bare_data_source;
    while (to < &bare_data_end) {
        *to++ = *from++;
    }
    for (to = &bare_bss_start; to < &bare_bss_end; to++) {
        *to = 0;
    }
    SYST_RVR = 0xffffffu;
    SYST_CVR = 0;
    SYST_CSR = 5;
    leave((uint32_t)main());
}
