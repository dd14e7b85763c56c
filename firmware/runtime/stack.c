/* High-water mark of the stack by painting: fill the free part, look later how far it was eaten. */
#include "tinynas_runtime.h"

extern uint32_t __tn_stack_bottom[], __tn_stack_top[];

#define PAINT 0xC5C5A5A5u
/* Painting stops this far below its own frame; these bytes count as unused. */
#define MARGIN_WORDS 4u

static const uint32_t *mark; /* the caller's stack pointer when it was painted */

static uint32_t *stack_pointer(void)
{
    uint32_t *sp;
    __asm volatile("mov %0, sp" : "=r"(sp));
    return sp;
}

/* noinline: sp then is the caller's sp less this function's own small frame. */
__attribute__((noinline)) void tn_stack_paint(void)
{
    uint32_t *sp = stack_pointer();
    mark = sp;
    for (uint32_t *at = __tn_stack_bottom; at < sp - MARGIN_WORDS; at++) {
        *(volatile uint32_t *)at = PAINT;
    }
}

uint32_t tn_stack_high_water(void)
{
    const uint32_t *at = __tn_stack_bottom;
    if (mark == 0) {
        return 0;
    }
    while (at < mark - MARGIN_WORDS && *at == PAINT) {
        at++;
    }
    return at >= mark - MARGIN_WORDS ? 0u : (uint32_t)((uintptr_t)mark - (uintptr_t)at);
}

int tn_stack_overflowed(void) { return mark != 0 && *(volatile uint32_t *)__tn_stack_bottom != PAINT; }
