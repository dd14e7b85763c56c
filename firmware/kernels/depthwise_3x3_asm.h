/* Inner loops of the depthwise 3 x 3 kernels for ARMv7E-M and ARMv8-M with DSP instructions, as macros of
 * the assembler; what they do is told in depthwise_3x3.h. Two schedules: one for Cortex-M4 and M33,
 * where a load is cheapest with another one beside it; one for Cortex-M7 (TINYNAS_DUAL_ISSUE), where
 * a load is free beside a multiplication, and nothing waits for a word that was loaded just before. */
#ifndef TINYNAS_DEPTHWISE_3X3_ASM_H
#define TINYNAS_DEPTHWISE_3X3_ASM_H

/* tn_dw_rowS: one row of a group of `outs` with stride S. r0-r7 sums, r8 r9 weights, r12 position, lr pitch; s0-s7
 * sums to start from, the bias in the first row; x y the registers of words. */
#if TINYNAS_DUAL_ISSUE
#define TINYNAS_DW3_ROWS \
    /* What the next row needs, beside this row's last multiplications: its position, weights, first word. After */ \
    /* the last row the factor and rounding constant follow the weights, and the output's place is needed. */ \
    ".macro tn_dw_on row\n" \
    ".if \\row < 2\n" \
    "add r12, r12, lr\n" \
    ".else\n" \
    "ldr lr, [sp, #64]\n" \
    ".endif\n" \
    ".endm\n" \
    ".macro tn_dw_next8 row\n" \
    "ldr r8, [sp, #8*\\row+8]\n" \
    ".endm\n" \
    ".macro tn_dw_next9 row\n" \
    "ldr r9, [sp, #8*\\row+12]\n" \
    ".endm\n" \
    ".macro tn_dw_next0 row, x\n" \
    ".if \\row < 2\n" \
    "ldr \\x, [r12]\n" \
    ".endif\n" \
    ".endm\n" \
    ".macro tn_dw_row1 outs, row, x, y, s0, s1, s2, s3, s4, s5, s6, s7\n" \
    "smlad r0, \\x, r8, \\s0\n" \
    "ldr \\y, [r12, #4]\n" \
    ".if \\outs == 1\n" \
    "tn_dw_on \\row\n" \
    "tn_dw_next8 \\row\n" \
    "smlabt r0, \\y, r9, r0\n" \
    "tn_dw_next0 \\row, \\x\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    ".if \\outs == 2\n" \
    "tn_dw_on \\row\n" \
    ".endif\n" \
    "smlatb r1, \\x, r8, \\s1\n" \
    ".if \\outs == 2\n" \
    "tn_dw_next8 \\row\n" \
    ".endif\n" \
    "smlabt r0, \\y, r9, r0\n" \
    ".if \\outs == 2\n" \
    "tn_dw_next0 \\row, \\x\n" \
    ".else\n" \
    "ldr \\x, [r12, #8]\n" \
    ".endif\n" \
    "smlad r1, \\y, r9, r1\n" \
    ".if \\outs == 2\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    "smlad r2, \\y, r8, \\s2\n" \
    ".if \\outs == 4\n" \
    "tn_dw_on \\row\n" \
    ".endif\n" \
    "smlatb r3, \\y, r8, \\s3\n" \
    ".if \\outs == 4\n" \
    "tn_dw_next8 \\row\n" \
    ".endif\n" \
    "smlabt r2, \\x, r9, r2\n" \
    ".if \\outs == 4\n" \
    "tn_dw_next0 \\row, \\y\n" \
    ".else\n" \
    "ldr \\y, [r12, #12]\n" \
    ".endif\n" \
    "smlad r3, \\x, r9, r3\n" \
    ".if \\outs == 4\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    "smlad r4, \\x, r8, \\s4\n" \
    ".if \\outs == 6\n" \
    "tn_dw_on \\row\n" \
    ".endif\n" \
    "smlatb r5, \\x, r8, \\s5\n" \
    ".if \\outs == 6\n" \
    "tn_dw_next8 \\row\n" \
    ".endif\n" \
    "smlabt r4, \\y, r9, r4\n" \
    ".if \\outs == 6\n" \
    "tn_dw_next0 \\row, \\x\n" \
    ".else\n" \
    "ldr \\x, [r12, #16]\n" \
    ".endif\n" \
    "smlad r5, \\y, r9, r5\n" \
    ".if \\outs == 6\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    "smlad r6, \\y, r8, \\s6\n" \
    "tn_dw_on \\row\n" \
    "smlatb r7, \\y, r8, \\s7\n" \
    "tn_dw_next8 \\row\n" \
    "smlabt r6, \\x, r9, r6\n" \
    "tn_dw_next0 \\row, \\y\n" \
    "smlad r7, \\x, r9, r7\n" \
    "tn_dw_next9 \\row\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".endm\n" \
    /* Stride 2: word k belongs to output k with (w0, w1) and to output k - 1 with w2. */ \
    ".macro tn_dw_row2 outs, row, x, y, s0, s1, s2, s3, s4, s5, s6, s7\n" \
    "smlad r0, \\x, r8, \\s0\n" \
    "ldr \\y, [r12, #4]\n" \
    ".if \\outs == 1\n" \
    "tn_dw_on \\row\n" \
    "tn_dw_next8 \\row\n" \
    "smlabt r0, \\y, r9, r0\n" \
    "tn_dw_next0 \\row, \\x\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    "smlabt r0, \\y, r9, r0\n" \
    "ldr \\x, [r12, #8]\n" \
    "smlad r1, \\y, r8, \\s1\n" \
    ".if \\outs == 2\n" \
    "tn_dw_on \\row\n" \
    "tn_dw_next8 \\row\n" \
    "smlabt r1, \\x, r9, r1\n" \
    "tn_dw_next0 \\row, \\y\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    "smlabt r1, \\x, r9, r1\n" \
    "ldr \\y, [r12, #12]\n" \
    "smlad r2, \\x, r8, \\s2\n" \
    "smlabt r2, \\y, r9, r2\n" \
    "ldr \\x, [r12, #16]\n" \
    "smlad r3, \\y, r8, \\s3\n" \
    ".if \\outs == 4\n" \
    "tn_dw_on \\row\n" \
    "tn_dw_next8 \\row\n" \
    "smlabt r3, \\x, r9, r3\n" \
    "tn_dw_next0 \\row, \\y\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    "smlabt r3, \\x, r9, r3\n" \
    "ldr \\y, [r12, #20]\n" \
    "smlad r4, \\x, r8, \\s4\n" \
    "smlabt r4, \\y, r9, r4\n" \
    "ldr \\x, [r12, #24]\n" \
    "smlad r5, \\y, r8, \\s5\n" \
    ".if \\outs == 6\n" \
    "tn_dw_on \\row\n" \
    "tn_dw_next8 \\row\n" \
    "smlabt r5, \\x, r9, r5\n" \
    "tn_dw_next0 \\row, \\y\n" \
    "tn_dw_next9 \\row\n" \
    ".else\n" \
    "smlabt r5, \\x, r9, r5\n" \
    "ldr \\y, [r12, #28]\n" \
    "smlad r6, \\x, r8, \\s6\n" \
    "smlabt r6, \\y, r9, r6\n" \
    "ldr \\x, [r12, #32]\n" \
    "smlad r7, \\y, r8, \\s7\n" \
    ".if \\outs == 8\n" \
    "tn_dw_on \\row\n" \
    "tn_dw_next8 \\row\n" \
    "smlabt r7, \\x, r9, r7\n" \
    "tn_dw_next0 \\row, \\y\n" \
    "tn_dw_next9 \\row\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".endm\n" \
    ".macro tn_dw_first\n" \
    "ldr r8, [sp]\n" \
    "ldr r10, [r12]\n" \
    "ldr r7, [sp, #32]\n" \
    "ldr r9, [sp, #4]\n" \
    ".endm\n" \
    ".macro tn_dw_then outs\n" \
    ".endm\n"
#else
#define TINYNAS_DW3_ROWS \
    ".macro tn_dw_left a, b, x, sa, sb\n" \
    "smlad \\a, \\x, r8, \\sa\n" \
    "smlatb \\b, \\x, r8, \\sb\n" \
    ".endm\n" \
    ".macro tn_dw_right a, b, x\n" \
    "smlabt \\a, \\x, r9, \\a\n" \
    "smlad \\b, \\x, r9, \\b\n" \
    ".endm\n" \
    ".macro tn_dw_row1 outs, row, x, y, s0, s1, s2, s3, s4, s5, s6, s7\n" \
    "ldrd r8, r9, [sp, #8*\\row]\n" \
    "ldrd r10, r11, [r12]\n" \
    ".if \\outs == 1\n" \
    "smlad r0, r10, r8, \\s0\n" \
    "smlabt r0, r11, r9, r0\n" \
    ".else\n" \
    "tn_dw_left r0, r1, r10, \\s0, \\s1\n" \
    "tn_dw_right r0, r1, r11\n" \
    ".endif\n" \
    ".if \\outs > 2\n" \
    "tn_dw_left r2, r3, r11, \\s2, \\s3\n" \
    ".if \\outs > 4\n" \
    "ldrd r10, r11, [r12, #8]\n" \
    ".else\n" \
    "ldr r10, [r12, #8]\n" \
    ".endif\n" \
    "tn_dw_right r2, r3, r10\n" \
    ".endif\n" \
    ".if \\outs > 4\n" \
    "tn_dw_left r4, r5, r10, \\s4, \\s5\n" \
    "tn_dw_right r4, r5, r11\n" \
    ".endif\n" \
    ".if \\outs > 6\n" \
    "tn_dw_left r6, r7, r11, \\s6, \\s7\n" \
    "ldr r10, [r12, #16]\n" \
    "tn_dw_right r6, r7, r10\n" \
    ".endif\n" \
    ".if \\row < 2\n" \
    "add r12, r12, lr\n" \
    ".endif\n" \
    ".endm\n" \
    /* Stride 2: word k belongs to output k with (w0, w1) and to output k - 1 with w2. */ \
    ".macro tn_dw_both a, b, x, s\n" \
    "smlabt \\a, \\x, r9, \\a\n" \
    "smlad \\b, \\x, r8, \\s\n" \
    ".endm\n" \
    ".macro tn_dw_row2 outs, row, x, y, s0, s1, s2, s3, s4, s5, s6, s7\n" \
    "ldrd r8, r9, [sp, #8*\\row]\n" \
    "ldrd r10, r11, [r12]\n" \
    "smlad r0, r10, r8, \\s0\n" \
    ".if \\outs == 1\n" \
    "smlabt r0, r11, r9, r0\n" \
    ".else\n" \
    "tn_dw_both r0, r1, r11, \\s1\n" \
    ".if \\outs == 2\n" \
    "ldr r10, [r12, #8]\n" \
    "smlabt r1, r10, r9, r1\n" \
    ".else\n" \
    "ldrd r10, r11, [r12, #8]\n" \
    "tn_dw_both r1, r2, r10, \\s2\n" \
    "tn_dw_both r2, r3, r11, \\s3\n" \
    ".if \\outs == 4\n" \
    "ldr r10, [r12, #16]\n" \
    "smlabt r3, r10, r9, r3\n" \
    ".else\n" \
    "ldrd r10, r11, [r12, #16]\n" \
    "tn_dw_both r3, r4, r10, \\s4\n" \
    "tn_dw_both r4, r5, r11, \\s5\n" \
    ".if \\outs == 6\n" \
    "ldr r10, [r12, #24]\n" \
    "smlabt r5, r10, r9, r5\n" \
    ".else\n" \
    "ldrd r10, r11, [r12, #24]\n" \
    "tn_dw_both r5, r6, r10, \\s6\n" \
    "tn_dw_both r6, r7, r11, \\s7\n" \
    "ldr r10, [r12, #32]\n" \
    "smlabt r7, r10, r9, r7\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".endif\n" \
    ".if \\row < 2\n" \
    "add r12, r12, lr\n" \
    ".endif\n" \
    ".endm\n" \
    ".macro tn_dw_first\n" \
    "ldr r7, [sp, #32]\n" \
    ".endm\n" \
    ".macro tn_dw_then outs\n" \
    "ldrd r8, r9, [sp, #24]\n" \
    "ldr lr, [sp, #64]\n" \
    ".endm\n"
#endif

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
    ".if \\outs == 1\n" \
    "smmla r0, r0, r8, r9\n" \
    "ldrd r10, r11, [sp, #48]\n" \
    "tn_dw_byte r0\n" \
    "strb r0, [lr]\n" \
    ".else\n" \
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
    ".if \\outs > 1\n" \
    "smmulr r1, r1, r8\n" \
    ".endif\n" \
    "add r0, r0, r0, asr #31\n" \
    "add r0, r0, r9\n" \
    ".if \\outs > 1\n" \
    "add r1, r1, r1, asr #31\n" \
    "add r1, r1, r9\n" \
    "tn_dw_signed_end r0, r1\n" \
    ".else\n" \
    "asr r0, r0, r11\n" \
    "ssat r0, #8, r0\n" \
    "strb r0, [lr]\n" \
    ".endif\n" \
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
