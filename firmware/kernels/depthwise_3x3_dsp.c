/* DEPTHWISE_CONV_2D, 3 x 3, stride 1 along its lines, any output zero point, on cores with DSP instructions.
 *
 * Per group of eight 60 instructions for sums, 42 to requantize, 15 besides: 1.6 per MAC, and about 0.45 more
 * on planes of 100 outputs. Cortex-M7: 10 more instructions, 25 fewer cycles. */
#include "depthwise_3x3.h"
#include "depthwise_3x3_asm.h"

#if TINYNAS_DSP
#define TINYNAS_DW3_GROUP(outs)                                                                 \
    void tinynas_dw3s##outs(const tinynas_dw3_channel *channel, const tinynas_dw3_columns *columns, \
                       int8_t *out, const int16_t *plane)
__asm__(TINYNAS_DW3_ASM TINYNAS_DW3_GROUPS1("signed", "tinynas_dw3s"));
TINYNAS_DW3_GROUP(8);
TINYNAS_DW3_GROUP(6);
TINYNAS_DW3_GROUP(4);
TINYNAS_DW3_GROUP(2);
TINYNAS_DW3_GROUP(1);
#else
#define TINYNAS_DW3_GROUP(outs)                                                                \
    static void tinynas_dw3s##outs(const tinynas_dw3_channel *channel,                              \
                              const tinynas_dw3_columns *columns, int8_t *out,                 \
                              const int16_t *plane)                                            \
    {                                                                                          \
        tinynas_dw3_run(channel, columns, out, plane, outs, 1, TINYNAS_SIGNED); \
    }
TINYNAS_DW3_GROUP(8)
TINYNAS_DW3_GROUP(6)
TINYNAS_DW3_GROUP(4)
TINYNAS_DW3_GROUP(2)
TINYNAS_DW3_GROUP(1)
#endif

static void tinynas_dw3s_plane(tinynas_plane *plane, int32_t o)
{
    tinynas_dw3_plane(plane, o, TINYNAS_SIGNED);
}

void tinynas_depthwise_3x3_dsp(const tinynas_depthwise_3x3_dsp_params *p, const int8_t *in,
    int8_t *out, void *scratch)
{
    static const tinynas_dw3_groups groups[TINYNAS_DW3_SIZES] = {
        tinynas_dw3s8, tinynas_dw3s6, tinynas_dw3s4, tinynas_dw3s2, tinynas_dw3s1};
    tinynas_dw3 d;
    d.groups = groups;
    d.lines = 0;
    tinynas_depthwise_planes(p, in, out, scratch, &d.plane, tinynas_dw3s_plane);
}
