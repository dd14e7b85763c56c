/* From reset to main: FPU first, then memory, then the board. */
#include "board.h"
#include "registers.h"
#include "tinynas_runtime.h"

extern uint32_t __tn_data_load[], __tn_data_start[], __tn_data_end[];
extern uint32_t __tn_bss_start[], __tn_bss_end[];
extern uint32_t __tn_arena_section_start[], __tn_arena_section_end[];
extern const uint32_t tn_vectors[];

int main(void);
void tn_guards_set(void);
void tn_start(void) __attribute__((noreturn, used));
void Reset_Handler(void) __attribute__((naked, noreturn));

/* The first statement switches the FPU (and MVE) on, because anything after it, even the loop that
 * clears .bss, may be vectorised. Assembly, because a C prologue might already save FP registers. */
void Reset_Handler(void)
{
    __asm volatile(
#if TN_HAS_FPU
        "ldr r0, =0xE000ED88\n\t" /* CPACR: full access to CP10 and CP11 */
        "ldr r1, [r0]\n\t"
        "orr r1, r1, #0xF00000\n\t"
        "str r1, [r0]\n\t"
        "dsb\n\t"
        "isb\n\t"
#endif
        "ldr r0, =__tn_stack_top\n\t" /* a bootloader may have left another stack */
        "msr msp, r0\n\t"
#if TN_HAS_STACK_LIMIT
        "ldr r0, =__tn_stack_bottom\n\t"
        "msr msplim, r0\n\t"
#endif
        "bl tn_start\n\t"
        ".ltorg");
}

static void copy_words(uint32_t *to, const uint32_t *from, const uint32_t *end)
{
    while (to < end) {
        *to++ = *from++;
    }
}

static void clear_words(uint32_t *from, const uint32_t *end)
{
    while (from < end) {
        *from++ = 0;
    }
}

/* A bootloader may leave interrupts enabled or pending that nobody here handles. */
static void quiet_interrupts(void)
{
    TN_REG(TN_SYSTICK_CTRL) = 0;
    for (uint32_t word = 0; word < (TN_IRQ_COUNT + 31u) / 32u; word++) {
        TN_REG(TN_NVIC_ICER0 + 4u * word) = 0xFFFFFFFFu;
        TN_REG(TN_NVIC_ICPR0 + 4u * word) = 0xFFFFFFFFu;
    }
    TN_REG(TN_SCB_ICSR) = TN_ICSR_PENDSTCLR;
}

void tn_start(void)
{
    __asm volatile("cpsid i" ::: "memory");
    quiet_interrupts();
    TN_REG(TN_SCB_VTOR) = (uint32_t)(uintptr_t)tn_vectors;
#if TN_TRAP_UNALIGNED
    /* The emulated core is larger than the board's: make it fault where the board would. */
    TN_REG(TN_SCB_CCR) |= TN_CCR_UNALIGN_TRP;
#endif
#if TN_LOW_OVERHEAD_LOOPS
    TN_REG(TN_SCB_CCR) |= (1u << 19) | (1u << 18); /* LOB, branch prediction */
#endif
    tn_barrier();
    copy_words(__tn_data_start, __tn_data_load, __tn_data_end);
    clear_words(__tn_bss_start, __tn_bss_end);
    clear_words(__tn_arena_section_start, __tn_arena_section_end);
    tn_guards_set();
    tn_board_init();
    tn_exit(main());
}
