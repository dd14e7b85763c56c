/* First-stage loader of the RP2040, at most 252 bytes. The boot ROM runs a copy of it in RAM.
 * It sets the flash interface (SSI) to translate every read of the XIP window into the serial
 * command 03h with a 24-bit address, one bit wide, at a quarter of the system clock: slow, but any
 * flash chip answers it, and the 16 KB cache hides most of it. Then it starts the image at +256.
 * tinynas/codegen/boot2.py holds the assembled bytes; a test keeps the two the same. */
    .syntax unified
    .cpu cortex-m0plus
    .thumb
    .section .text
    .global tn_boot2_start
    .thumb_func
tn_boot2_start:
    ldr r3, =0x18000000     /* SSI */
    movs r0, #0
    str r0, [r3, #0x08]     /* SSIENR: off while it is set up */
    movs r1, #4
    str r1, [r3, #0x14]     /* BAUDR: system clock / 4 */
    ldr r1, =0x001F0300
    str r1, [r3, #0x00]     /* CTRLR0: one bit wide, 32-bit frames, send command then receive */
    ldr r1, =0x03000218
    movs r2, #0xF4
    str r1, [r3, r2]        /* SPI_CTRLR0: command 03h of 8 bits, 24 address bits, no wait cycles */
    str r0, [r3, #0x04]     /* CTRLR1: one frame a command */
    movs r0, #1
    str r0, [r3, #0x08]     /* SSIENR: on; the XIP window now reads the flash */
    ldr r0, =0x10000100     /* the image's vectors */
    ldr r1, =0xE000ED08
    str r0, [r1]            /* VTOR */
    ldmia r0!, {r1, r2}
    msr msp, r1
    bx r2
    .align 2
    .ltorg
