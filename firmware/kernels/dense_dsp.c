/* FULLY_CONNECTED: eight outputs at a time, four inputs a round, nothing expanded beforehand.
 *
 * Weights hold two outputs a lane (group_dsp.c explains a + 256 b, and the way from sums to outputs). A
 * round loads one word of inputs, unpacks it (2), and multiplies it with four pairs of outputs: two words
 * of weights, their unpacking and four multiplications each. 32 MACs in 31 instructions, 39 cycles on
 * Cortex-M4; 33 and 29 as scheduled for Cortex-M7, where words are loaded ahead. Registers: 8 sums, 2
 * pointers, 2 inputs, 2 weights; what else there is waits in the frame. Unrolled four times and entered
 * in its middle. The second round begins where the others end with the vector: what it reads
 * again has weights of zero. About 8 instructions an output besides, 11 with factors of their own. */
#include "tinynas_dsp.h"
#include "tinynas_kernels.h"

typedef struct {
    const int8_t *x, *x_end;
    const uint32_t *w;
    int8_t *out;
    int32_t first_step;
    int32_t entry;   /* into the loop: bytes of code to skip */
    int32_t z;       /* 0: sums are left here */
    int32_t shared;  /* one factor for all */
    int32_t factor, shift;
    int32_t sums[8]; /* of a of four pairs, then b */
} tinynas_dense_frame;

#if TINYNAS_DSP_ASM
/* x r0, w r1, inputs r2 r3, a r4-r7, b r8-r11, weights r12 lr. */
#if TINYNAS_DUAL_ISSUE
#define TINYNAS_DENSE_BIAS
#define TINYNAS_DENSE_TOP "ldr r2, [r0], #4\n\t"
#define TINYNAS_DENSE_APART(a, b)                                                                 \
    "smlad " b ", r12, r2, " b "\n\tsxtb16 r12, r12\n\tsmlad " b ", lr, r3, " b "\n\t"            \
    "smlad " a ", r12, r2, " a "\n\tldr r12, [r1], #4\n\tsxtb16 lr, lr\n\t"                       \
    "smlad " a ", lr, r3, " a "\n\tldr lr, [r1], #4\n\t"
#define TINYNAS_DENSE_TOGETHER(a, b, load)                                                        \
    "smlad " b ", r12, r2, " b "\n\tsxtb16 r12, r12\n\tsmlad " b ", lr, r3, " b "\n\t"            \
    "smlad " a ", r12, r2, " a "\n\t" load "sxtb16 lr, lr\n\t"                                    \
    "smlad " a ", lr, r3, " a "\n\tldrd r12, lr, [r1], #8\n\t"
#define TINYNAS_DENSE_ROUND(load)                                                                 \
    "sxtb16 r3, r2, ror #8\n\tsxtb16 r2, r2\n\t"                                                  \
    TINYNAS_DENSE_APART("r4", "r8") TINYNAS_DENSE_TOGETHER("r5", "r9", "")                        \
    TINYNAS_DENSE_APART("r6", "r10") TINYNAS_DENSE_TOGETHER("r7", "r11", load)
#define TINYNAS_DENSE_MORE TINYNAS_DENSE_ROUND("ldr r2, [r0], #4\n\t")
#define TINYNAS_DENSE_LAST TINYNAS_DENSE_ROUND("")
#define TINYNAS_DENSE_BYTES 132
#define TINYNAS_DENSE_ENTRY 4
#else
#define TINYNAS_DENSE_BIAS "ldrd r12, lr, [r1], #8\n\t"
#define TINYNAS_DENSE_TOP
#define TINYNAS_DENSE_PAIR(a, b)                                                                  \
    "smlad " b ", r12, r2, " b "\n\tsxtb16 r12, r12\n\tsmlad " b ", lr, r3, " b "\n\t"            \
    "sxtb16 lr, lr\n\tsmlad " a ", r12, r2, " a "\n\tsmlad " a ", lr, r3, " a "\n\t"
#define TINYNAS_DENSE_MORE                                                                        \
    "ldrd r12, lr, [r1], #8\n\tldr r2, [r0], #4\n\tsxtb16 r3, r2, ror #8\n\tsxtb16 r2, r2\n\t"    \
    TINYNAS_DENSE_PAIR("r4", "r8") "ldrd r12, lr, [r1], #8\n\t"                                   \
    TINYNAS_DENSE_PAIR("r5", "r9") "ldrd r12, lr, [r1], #8\n\t"                                   \
    TINYNAS_DENSE_PAIR("r6", "r10") "ldrd r12, lr, [r1], #8\n\t" TINYNAS_DENSE_PAIR("r7", "r11")
#define TINYNAS_DENSE_LAST TINYNAS_DENSE_MORE
#define TINYNAS_DENSE_BYTES 124
#define TINYNAS_DENSE_ENTRY 8
#endif

#define TINYNAS_DENSE_STORES 1
#define TINYNAS_DENSE_TWO(p) (*(int32_t(*)[2])(p))
#define TINYNAS_DENSE_ALL(op)                                                                     \
    op("r4") op("r8") op("r5") op("r9") op("r6") op("r10") op("r7") op("r11")
#define TINYNAS_DENSE_AWAY(sum) "add " sum ", " sum ", " sum ", asr #31\n\t"
#define TINYNAS_DENSE_ADD(sum) "add " sum ", r0\n\t"
#define TINYNAS_DENSE_RIGHT(sum) "asr " sum ", " sum ", r3\n\t"
#define TINYNAS_DENSE_SHIFT(sum, shifts)                                                          \
    "lsl lr, r0, " shifts "\n\tadd " sum ", lr\n\tasr " sum ", " sum ", " shifts                  \
    "\n\tlsr " shifts ", " shifts ", #8\n\t"
#define TINYNAS_DENSE_OUT(first, second)                                                          \
    "ssat " second ", #8, " second ", asr #1\n\tstrb " first ", [r0], #1\n\t"

/* Eight outputs. 1: the loop; 2: factors of their own; 3: rounding; 4: shifts of their own; 5: stores. */
#define TINYNAS_DENSE_EIGHT(f)                                                                    \
    __asm__ volatile(                                                                             \
        ".syntax unified\n\tldr r1, %[w]\n\tldr r0, %[x]\n\tldr r3, %[step]\n\t"                  \
        "ldm r1!, {r4, r5, r6, r7}\n\tldr r2, [r0]\n\tadds r0, r0, r3\n\tldr r3, %[entry]\n\t"    \
        "ldrd r12, lr, [r1], #8\n\t"                                                              \
        "mov r8, r4\n\tmov r9, r5\n\tmov r10, r6\n\tmov r11, r7\n\tadd pc, r3\n\tnop\n"           \
        "1:\t" TINYNAS_DENSE_TOP TINYNAS_DENSE_MORE TINYNAS_DENSE_MORE TINYNAS_DENSE_MORE         \
        TINYNAS_DENSE_LAST "ldr r3, %[x_end]\n\tcmp r0, r3\n\tbne.w 1b\n\t"                       \
        TINYNAS_DENSE_BIAS "ldrd r2, r3, [r1], #8\n\tldr r0, %[z]\n\t"                            \
        "subs r8, r8, r4\n\tsubs r9, r9, r5\n\tsubs r10, r10, r6\n\tsubs r11, r11, r7\n\t"        \
        "add r8, r12, r8, asr #8\n\tadd r9, lr, r9, asr #8\n\tadd r10, r2, r10, asr #8\n\t"       \
        "add r11, r3, r11, asr #8\n\tcmp r0, #0\n\tbeq.w 8f\n\t"                                  \
        "ldr r12, %[shared]\n\tldr lr, %[factor]\n\tcmp r12, #0\n\tbeq.n 2f\n\t"                  \
        "smmlar r4, r4, lr, r4\n\tsmmlar r8, r8, lr, r8\n\tsmmlar r5, r5, lr, r5\n\t"             \
        "smmlar r9, r9, lr, r9\n\tsmmlar r6, r6, lr, r6\n\tsmmlar r10, r10, lr, r10\n\t"          \
        "smmlar r7, r7, lr, r7\n\tsmmlar r11, r11, lr, r11\n\tb.n 3f\n"                           \
        "2:\tldm r1!, {r2, r3, r12, lr}\n\t"                                                      \
        "smmlar r4, r4, r2, r4\n\tsmmlar r8, r8, r3, r8\n\tsmmlar r5, r5, r12, r5\n\t"            \
        "smmlar r9, r9, lr, r9\n\tldm r1!, {r2, r3, r12, lr}\n\t"                                 \
        "smmlar r6, r6, r2, r6\n\tsmmlar r10, r10, r3, r10\n\tsmmlar r7, r7, r12, r7\n\t"         \
        "smmlar r11, r11, lr, r11\n\tldrd r2, r3, [r1], #8\n\tmovs r12, #0\n"                     \
        "3:\tcmn r0, #255\n\tbeq.n 7f\n\t" TINYNAS_DENSE_ALL(TINYNAS_DENSE_AWAY)             \
        "\n7:\tcmp r12, #0\n\tbeq.n 4f\n\t"                                                       \
        "ldr r3, %[shift]\n\tlsls r0, r3\n\t"                                                     \
        TINYNAS_DENSE_ALL(TINYNAS_DENSE_ADD) TINYNAS_DENSE_ALL(TINYNAS_DENSE_RIGHT) "b.n 5f\n"          \
        "4:\t" TINYNAS_DENSE_SHIFT("r4", "r2") TINYNAS_DENSE_SHIFT("r8", "r2")                    \
        TINYNAS_DENSE_SHIFT("r5", "r2") TINYNAS_DENSE_SHIFT("r9", "r2")                           \
        TINYNAS_DENSE_SHIFT("r6", "r3") TINYNAS_DENSE_SHIFT("r10", "r3")                          \
        TINYNAS_DENSE_SHIFT("r7", "r3") TINYNAS_DENSE_SHIFT("r11", "r3")                          \
        "\n5:\tldr r0, %[out]\n\tssat r4, #8, r4, asr #1\n\t"                                     \
        TINYNAS_DENSE_OUT("r4", "r8") TINYNAS_DENSE_OUT("r8", "r5") TINYNAS_DENSE_OUT("r5", "r9") \
        TINYNAS_DENSE_OUT("r9", "r6") TINYNAS_DENSE_OUT("r6", "r10")                              \
        TINYNAS_DENSE_OUT("r10", "r7") TINYNAS_DENSE_OUT("r7", "r11")                             \
        "strb r11, [r0], #1\n\tstr r0, %[out]\n\tb.n 6f\n"                                        \
        "8:\tstrd r4, r5, %[a0]\n\tstrd r6, r7, %[a2]\n\tstrd r8, r9, %[b0]\n\t"                  \
        "strd r10, r11, %[b2]\n"                                                                  \
        "6:\tstr r1, %[w]\n\t"                                                                    \
        : [w] "+m"((f).w), [out] "+m"((f).out), [a0] "=m"(TINYNAS_DENSE_TWO((f).sums)),           \
          [a2] "=m"(TINYNAS_DENSE_TWO((f).sums + 2)), [b0] "=m"(TINYNAS_DENSE_TWO((f).sums + 4)), \
          [b2] "=m"(TINYNAS_DENSE_TWO((f).sums + 6))                                              \
        : [x] "m"((f).x), [x_end] "m"((f).x_end), [step] "m"((f).first_step),                     \
          [entry] "m"((f).entry), [z] "m"((f).z), [shared] "m"((f).shared),                       \
          [factor] "m"((f).factor), [shift] "m"((f).shift)                                        \
        : "cc", "memory", "r0", "r1", "r2", "r3", "r4", "r5", "r6", "r7", "r8", "r9", "r10",      \
          "r11", "r12", "lr")
#else
#define TINYNAS_DENSE_BYTES 0
#define TINYNAS_DENSE_ENTRY 0
#define TINYNAS_DENSE_STORES 0
#define TINYNAS_DENSE_EIGHT(f) tinynas_dense_sums(&(f), 4)
#endif

/* Sums of some pairs of outputs. */
static void tinynas_dense_sums(tinynas_dense_frame *f, int32_t pairs)
{
    const int8_t *x = f->x;
    const uint32_t *w = f->w + pairs;
    int32_t step = f->first_step, n;

    for (n = 0; n < pairs; n++) {
        f->sums[n] = f->sums[4 + n] = (int32_t)f->w[n];
    }
    do {
        const uint32_t inputs = tinynas_load4(x);
        const uint32_t even = tinynas_even_bytes(inputs), odd = tinynas_odd_bytes(inputs);
        for (n = 0; n < pairs; n++) {
            const uint32_t v = *w++, u = *w++;
            f->sums[4 + n] = tinynas_dot2(u, odd, tinynas_dot2(v, even, f->sums[4 + n]));
            f->sums[n] = tinynas_dot2(tinynas_even_bytes(v), even, f->sums[n]);
            f->sums[n] = tinynas_dot2(tinynas_even_bytes(u), odd, f->sums[n]);
        }
        x += step;
        step = 4;
    } while (x != f->x_end);
    for (n = 0; n < pairs; n++) {
        const uint32_t difference = (uint32_t)f->sums[4 + n] - (uint32_t)f->sums[n];
        f->sums[4 + n] = TINYNAS_ADD_WRAP((int32_t)difference >> 8, (int32_t)*w++);
    }
    f->w = w;
}

/* `count` outputs from the sums of some pairs. */
static void tinynas_dense_store(const tinynas_dense_dsp_params *p, tinynas_dense_frame *f, int32_t pairs,
                                int32_t count)
{
    const int32_t z = 2 * p->zero_point + 1;
    int32_t k;

    for (k = 0; k < count; k++) {
        const int32_t m = p->shared ? p->factor : (int32_t)f->w[k];
        const int32_t byte = (int8_t)(f->w[2 * pairs + (k >> 2)] >> (8 * (k & 3)) & 0xffu);
        const int32_t n = p->shared ? p->shift : byte;
        int32_t value = f->sums[4 * (k & 1) + (k >> 1)];
        if (p->any) {
            value = tinynas_requantize(value, m, -1 - n, p->low, p->high, p->zero_point);
        } else {
            value = tinynas_high_add(value, m, value);
            if (z != -255) {
                value += value >> 31;
            }
            value = tinynas_half_to_8((value + TINYNAS_SHIFT_LEFT(z, n)) >> n);
        }
        *f->out++ = (int8_t)value;
    }
    if (!p->shared) {
        f->w += pairs == 4 ? 10 : 3;
    }
}

void tinynas_dense_dsp(const tinynas_dense_dsp_params *p, const int8_t *in, int8_t *out)
{
    const int32_t rounds = (p->depth + 3) >> 2;
    tinynas_dense_frame f;
    int32_t rows;

    f.out = out;
    f.first_step = p->depth - 4 * (rounds - 1);
    f.entry = (-rounds & 3) * TINYNAS_DENSE_BYTES + TINYNAS_DENSE_ENTRY;
    f.z = p->any ? 0 : 2 * p->zero_point + 1;
    f.shared = p->shared;
    f.factor = p->factor;
    f.shift = p->shift;
    for (rows = p->rows; rows > 0; rows--) {
        int32_t left = p->outputs;
        f.x = in;
        f.x_end = in + p->depth;
        f.w = p->stream;
        while (left >= 8) {
            TINYNAS_DENSE_EIGHT(f);
            if (!TINYNAS_DENSE_STORES || p->any) {
                tinynas_dense_store(p, &f, 4, 8);
            }
            left -= 8;
        }
        for (; left > 0; left -= 2) {
            tinynas_dense_sums(&f, 1);
            tinynas_dense_store(p, &f, 1, left < 2 ? left : 2);
        }
        in += p->depth;
    }
}
