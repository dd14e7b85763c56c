/* Register access and the few core registers start-up needs (ARMv6-M to ARMv8.1-M). */
#ifndef TINYNAS_REGISTERS_H
#define TINYNAS_REGISTERS_H

#include <stdint.h>

#define TN_REG(address) (*(volatile uint32_t *)(uintptr_t)(address))

#define TN_SYSTICK_CTRL 0xE000E010u
#define TN_NVIC_ISER0 0xE000E100u
#define TN_NVIC_ICER0 0xE000E180u
#define TN_NVIC_ICPR0 0xE000E280u
#define TN_SCB_ICSR 0xE000ED04u
#define TN_ICSR_PENDSTCLR (1u << 25)
#define TN_SCB_VTOR 0xE000ED08u
#define TN_SCB_CCR 0xE000ED14u
#define TN_SCB_CFSR 0xE000ED28u
#define TN_SCB_HFSR 0xE000ED2Cu
#define TN_SCB_BFAR 0xE000ED38u
#define TN_CCR_UNALIGN_TRP (1u << 3)

static inline void tn_barrier(void) { __asm volatile("dsb 0xf\n\tisb 0xf" ::: "memory"); }

static inline void tn_enable_irq(uint32_t irq)
{
    TN_REG(TN_NVIC_ISER0 + 4u * (irq / 32u)) = 1u << (irq % 32u);
}

#endif
