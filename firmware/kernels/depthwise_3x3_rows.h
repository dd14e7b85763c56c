/* Rows of the depthwise 3 x 3 kernels for ARMv7E-M and ARMv8-M with DSP instructions, as macros of the
 * assembler; what they do is told in depthwise_3x3.h. Two schedules: one for Cortex-M4 and M33, where a
 * load is cheapest with another one beside it; one for Cortex-M7 (TINYNAS_DUAL_ISSUE), where a load is
 * free beside a multiplication, and nothing waits for a word that was loaded just before. */
#ifndef TINYNAS_DEPTHWISE_3X3_ROWS_H
#define TINYNAS_DEPTHWISE_3X3_ROWS_H

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
    ".endm\n" \
    /* Stride 2: word k belongs to output k with (w0, w1) and to output k - 1 with w2. */ \
    ".macro tn_dw_row2 outs, row, x, y, s0, s1, s2, s3, s4, s5, s6, s7\n" \
    "smlad r0, \\x, r8, \\s0\n" \
    "ldr \\y, [r12, #4]\n" \
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
    ".endm\n" \
    ".macro tn_dw_first\n" \
    "ldrd r8, r9, [sp]\n" \
    "ldr r10, [r12]\n" \
    "ldr r7, [sp, #32]\n" \
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
    "tn_dw_left r0, r1, r10, \\s0, \\s1\n" \
    "tn_dw_right r0, r1, r11\n" \
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

#endif
