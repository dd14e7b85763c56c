/* Registers as memory a test can look into, in place of firmware/runtime/registers.h. */
#ifndef TINYNAS_REGISTERS_H
#define TINYNAS_REGISTERS_H
#include <stdint.h>
volatile uint32_t *mock_register(uint32_t address);
#define TN_REG(address) (*mock_register(address))
static inline void tn_enable_irq(uint32_t irq) { *mock_register(0xE000E100u) |= 1u << irq; }
#endif
