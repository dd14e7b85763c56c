/* Brings the board up in the only order that works: clock, caches, pins, link, counter. */
#include "board.h"
#include "steps.h"
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

uint32_t tn_clock_hz;
uint32_t tn_clock_status;

void tn_board_init(void)
{
    tn_clock_status = tn_run_steps(tn_clock_steps, tn_clock_step_count);
    tn_clock_hz = TN_CLOCK_HZ;
    if (tn_clock_status != 0u) {
        (void)tn_run_steps(tn_clock_fallback_steps, tn_clock_fallback_step_count);
        tn_clock_hz = TN_CLOCK_RESET_HZ;
    }
    tn_caches_on();
    (void)tn_run_steps(tn_uart_steps, tn_uart_step_count);
    tn_uart_init(tn_clock_status == 0u ? TN_UART_DIVISOR : TN_UART_FALLBACK_DIVISOR);
    __asm volatile("cpsie i" ::: "memory");
    tn_timer_init();
    tn_timer_calibrate();
    (void)tn_run_steps(tn_marker_steps, tn_marker_step_count);
    tn_marker(0);
}

void tn_marker(int on)
{
#if TN_HAS_MARKER
    if (on) {
        *(volatile uint32_t *)TN_MARKER_HIGH_ADDRESS = TN_MARKER_HIGH_VALUE;
    } else {
        *(volatile uint32_t *)TN_MARKER_LOW_ADDRESS = TN_MARKER_LOW_VALUE;
    }
#else
    (void)on;
#endif
}
