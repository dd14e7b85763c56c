/* Runs register sequences. Every wait is bounded: a board with another crystal, or none, must
 * still come up and say so. */
#include "steps.h"

#include "registers.h"

/* Polls of one wait: about 0.1 s on a 16 MHz reset clock, far above any oscillator's start-up. */
#define TN_WAIT_POLLS 200000u

static int wait_for(const tn_step *step)
{
    for (uint32_t i = 0; i < TN_WAIT_POLLS; i++) {
        if ((TN_REG(step->address) & step->mask) == step->value) {
            return 1;
        }
    }
    return 0;
}

static void delay(uint32_t cycles)
{
    for (volatile uint32_t i = 0; i < cycles / 4u + 1u; i++) {
    }
}

uint32_t tn_run_steps(const tn_step *steps, uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        const tn_step *step = &steps[i];
        switch (step->kind) {
        case TN_STEP_WRITE:
            TN_REG(step->address) = step->value;
            break;
        case TN_STEP_MODIFY:
            TN_REG(step->address) = (TN_REG(step->address) & ~step->mask) | step->value;
            break;
        case TN_STEP_WAIT:
            if (!wait_for(step)) {
                return i + 1u;
            }
            break;
        default:
            delay(step->value);
            break;
        }
        /* A peripheral's clock gate needs a moment before its registers answer (ST errata):
         * the read-back inside MODIFY plus this barrier is that moment. */
        __asm volatile("dsb 0xf" ::: "memory");
    }
    return 0;
}
