/* Groups of the depthwise 3 x 3 kernels for ARMv7E-M and ARMv8-M with DSP instructions, as macros of the
 * assembler: entering, rows (depthwise_3x3_rows.h), requantizing, walking on. */
#ifndef TINYNAS_DEPTHWISE_3X3_ASM_H
#define TINYNAS_DEPTHWISE_3X3_ASM_H

#include "depthwise_3x3_rows.h"

#define TINYNAS_DW3_FINISH \
    /* From low: r8 factor, r9 rounding, r10 r11 one and three steps, lr output. */ \
    ".macro tn_dw_high a, b\n" \
    "smmla \\a, \\a, r8, r9\n" \
    "smmla \\b, \\b, r8, r9\n" \
    ".endm\n" \
    ".macro tn_dw_byte a\n" \
    "ssat \\a, #8, \\a, asr #10\n" \
    ".endm\n" \
    ".macro tn_dw_finish_low outs\n" \
    "tn_dw_then \\outs\n" \
    "tn_dw_high r0, r1\n" \
    "ldrd r10, r11, [sp, #48]\n" \
    "tn_dw_byte r0\n" \
    "tn_dw_byte r1\n" \
    ".if \\outs == 2\n" \
    "strb r0, [lr]\n" \
    "strb r1, [lr, r10]\n" \
    ".else\n" \
    "smmla r2, r2, r8, r9\n" \
    "strb r0, [lr]\n" \
    "smmla r3, r3, r8, r9\n" \
    "strb r1, [lr, r10]\n" \
    "tn_dw_byte r2\n" \
    "tn_dw_byte r3\n" \
    ".if \\outs == 4\n" \
    "strb r2, [lr, r10, lsl #1]\n" \
    "strb r3, [lr, r11]\n" \
    ".else\n" \
    "smmla r4, r4, r8, r9\n" \
    "strb r2, [lr, r10, lsl #1]\n" \
    "smmla r5, r5, r8, r9\n" \
    "strb r3, [lr, r11]\n" \
    "tn_dw_byte r4\n" \
    "tn_dw_byte r5\n" \
    ".if \\outs == 6\n" \
    "add lr, lr, r10, lsl #2\n" \
    "strb r4, [lr]\n" \
    "strb r5, [lr, r10]\n" \
    ".else\n" \
    "smmla r6, r6, r8, r9\n" \
    "add lr, lr, r10, lsl #2\n" \
    "smmla r7, r7, r8, r9\n" \
    "strb r4, [lr]\n" \
    "tn_dw_byte r6\n" \
    "strb r5, [lr, r10]\n" \
    "tn_dw_byte r7\n" \
    "strb r6, [lr, r10, lsl #1]\n" \
    "strb r7, [lr, r11]\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".endm\n" \
    /* Signed: r8 factor, r9 rounding, r10 step, r11 shift, lr output. The first two outputs leave their registers */ \
    /* to the others. */ \
    ".macro tn_dw_signed_end a, b\n" \
    "asr \\a, \\a, r11\n" \
    "asr \\b, \\b, r11\n" \
    "ssat \\a, #8, \\a\n" \
    "ssat \\b, #8, \\b\n" \
    "strb \\a, [lr]\n" \
    "strb \\b, [lr, r10]\n" \
    ".endm\n" \
    ".macro tn_dw_signed a, b\n" \
    "smmlar r0, \\a, r8, r9\n" \
    "smmlar r1, \\b, r8, r9\n" \
    "add lr, lr, r10, lsl #1\n" \
    "add r0, r0, \\a, asr #31\n" \
    "add r1, r1, \\b, asr #31\n" \
    "tn_dw_signed_end r0, r1\n" \
    ".endm\n" \
    ".macro tn_dw_finish_signed outs\n" \
    "tn_dw_then \\outs\n" \
    "ldr r10, [sp, #48]\n" \
    "ldr r11, [sp, #36]\n" \
    "smmulr r0, r0, r8\n" \
    "smmulr r1, r1, r8\n" \
    "add r0, r0, r0, asr #31\n" \
    "add r0, r0, r9\n" \
    "add r1, r1, r1, asr #31\n" \
    "add r1, r1, r9\n" \
    "tn_dw_signed_end r0, r1\n" \
    ".if \\outs > 2\n" \
    "tn_dw_signed r2, r3\n" \
    ".endif\n" \
    ".if \\outs > 4\n" \
    "tn_dw_signed r4, r5\n" \
    ".endif\n" \
    ".if \\outs > 6\n" \
    "tn_dw_signed r6, r7\n" \
    ".endif\n" \
    ".endm\n" \
    /* The whole: r0 channel, r1 columns, r2 output, r3 plane. On the stack then: six words of weights, 24 factor, */ \
    /* 28 rounding, 32 bias, 36 shift; 40 pitch, 44 in_group, 48 out_step, 52 out_step3, 56 out_group, */ \
    /* 60 out_end, 64 out, 68 lines, 72 in_line, 76 out_line, 80 out_end_line, 84 in. */ \
    ".macro tn_dw_enter\n" \
    "push {r4-r11, lr}\n" \
    "ldr r4, [r1, #44]\n" \
    "add r12, r3, r4\n" \
    "push {r12}\n" \
    "ldm r1, {r3-r11, r14}\n" \
    "add r8, r8, r2\n" \
    "add r9, r9, r2\n" \
    "ldr r1, [r1, #40]\n" \
    "push {r1}\n" \
    "push {r3-r11, r14}\n" \
    "mov lr, r3\n" \
    "ldm r0, {r1-r10}\n" \
    "push {r1-r10}\n" \
    ".endm\n" \
    ".macro tn_dw_groups outs, row, finish, swapped, name\n" \
    ".section .text.\\name, \"ax\", %progbits\n" \
    ".thumb_func\n" \
    ".type \\name, %function\n" \
    "\\name:\n" \
    "tn_dw_enter\n" \
    "1:\n" \
    "tn_dw_first\n" \
    "tn_dw_\\row \\outs, 0, r10, r11, r7, r7, r7, r7, r7, r7, r7, r7\n" \
    ".if \\swapped == 0\n" \
    "tn_dw_\\row \\outs, 1, r10, r11, r0, r1, r2, r3, r4, r5, r6, r7\n" \
    ".else\n" \
    "tn_dw_\\row \\outs, 1, r11, r10, r0, r1, r2, r3, r4, r5, r6, r7\n" \
    ".endif\n" \
    "tn_dw_\\row \\outs, 2, r10, r11, r0, r1, r2, r3, r4, r5, r6, r7\n" \
    "tn_dw_finish_\\finish \\outs\n" \
    "ldrd r8, r9, [sp, #56]\n" \
    "add lr, lr, r8\n" \
    "str lr, [sp, #64]\n" \
    "cmp lr, r9\n" \
    "ldrd lr, r8, [sp, #40]\n" \
    "add r12, r12, r8\n" \
    "bne 1b\n" \
    "ldrd r8, r9, [sp, #68]\n" \
    "subs r8, #1\n" \
    "beq 2f\n" \
    "str r8, [sp, #68]\n" \
    "add r12, r12, r9\n" \
    "ldrd r8, r9, [sp, #76]\n" \
    "ldrd r10, r11, [sp, #60]\n" \
    "add r10, r10, r9\n" \
    "add r11, r11, r8\n" \
    "strd r10, r11, [sp, #60]\n" \
    "b 1b\n" \
    "2:\n" \
    "add sp, #88\n" \
    "pop {r4-r11, pc}\n" \
    ".size \\name, . - \\name\n" \
    ".endm\n" \
    /* Single outputs, one below the other: r1-r6 weights, r7 factor, r8 rounding, r9 output. */ \
    ".macro tn_dw_ones finish, name\n" \
    ".section .text.\\name, \"ax\", %progbits\n" \
    ".thumb_func\n" \
    ".type \\name, %function\n" \
    "\\name:\n" \
    "tn_dw_enter\n" \
    "ldm sp, {r1-r8}\n" \
    "ldr r9, [sp, #64]\n" \
    "1:\n" \
    "ldr r0, [sp, #32]\n" \
    "ldrd r10, r11, [r12]\n" \
    "add r12, r12, lr\n" \
    "smlad r0, r10, r1, r0\n" \
    "smlabt r0, r11, r2, r0\n" \
    "ldrd r10, r11, [r12]\n" \
    "add r12, r12, lr\n" \
    "smlad r0, r10, r3, r0\n" \
    "smlabt r0, r11, r4, r0\n" \
    "ldrd r10, r11, [r12]\n" \
    "smlad r0, r10, r5, r0\n" \
    "smlabt r0, r11, r6, r0\n" \
    ".ifc \\finish, low\n" \
    "smmla r0, r0, r7, r8\n" \
    "ldrd r10, r11, [sp, #56]\n" \
    "ssat r0, #8, r0, asr #10\n" \
    ".else\n" \
    "smmulr r0, r0, r7\n" \
    "ldr r10, [sp, #36]\n" \
    "add r0, r0, r0, asr #31\n" \
    "add r0, r0, r8\n" \
    "asr r0, r0, r10\n" \
    "ldrd r10, r11, [sp, #56]\n" \
    "ssat r0, #8, r0\n" \
    ".endif\n" \
    "strb r0, [r9]\n" \
    "add r9, r9, r10\n" \
    "ldr r10, [sp, #44]\n" \
    "cmp r9, r11\n" \
    "add r12, r12, r10\n" \
    "bne 1b\n" \
    "add sp, #88\n" \
    "pop {r4-r11, pc}\n" \
    ".size \\name, . - \\name\n" \
    ".endm\n"

/* `swapped`: whether a row's first word comes in the other register than the row's before it. */
#define TINYNAS_DW3_GROUPS1(finish, name) \
    "tn_dw_groups 8, row1, " finish ", 1, " name "8\n" \
    "tn_dw_groups 6, row1, " finish ", 0, " name "6\n" \
    "tn_dw_groups 4, row1, " finish ", 1, " name "4\n" \
    "tn_dw_groups 2, row1, " finish ", 0, " name "2\n" \
    "tn_dw_ones " finish ", " name "1\n" \
    ".text\n"

#define TINYNAS_DW3_GROUPS2(finish, name) \
    "tn_dw_groups 8, row2, " finish ", 1, " name "8\n" \
    "tn_dw_groups 6, row2, " finish ", 1, " name "6\n" \
    "tn_dw_groups 4, row2, " finish ", 1, " name "4\n" \
    "tn_dw_groups 2, row2, " finish ", 1, " name "2\n" \
    "tn_dw_ones " finish ", " name "1\n" \
    ".text\n"

#define TINYNAS_DW3_ASM ".syntax unified\n" TINYNAS_DW3_ROWS TINYNAS_DW3_FINISH

#endif
