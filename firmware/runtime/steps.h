/* Register sequences as data: the board file's clock, pin and marker set-up. */
#ifndef TINYNAS_STEPS_H
#define TINYNAS_STEPS_H

#include <stdint.h>

enum { TN_STEP_MODIFY, TN_STEP_WRITE, TN_STEP_WAIT, TN_STEP_DELAY };

typedef struct {
    uint32_t kind;
    uint32_t address;
    uint32_t mask;
    uint32_t value; /* of MODIFY: new value of the mask's bits; of DELAY: about so many cycles */
} tn_step;

/* 0, or 1 + index of the first WAIT that ran out (the steps after it are not taken). */
uint32_t tn_run_steps(const tn_step *steps, uint32_t count);

#endif
