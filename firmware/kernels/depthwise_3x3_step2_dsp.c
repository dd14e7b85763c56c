/* DEPTHWISE_CONV_2D, 3 x 3, stride 2 along its lines, output zero point -128, on cores with DSP instructions.
 *
 * Per group of eight 69 instructions for sums, 24 to requantize, 14 besides: 1.5 per MAC, and about 1.3 more,
 * as four inputs are expanded for an output. */
#include "depthwise_3x3.h"
#include "depthwise_3x3_asm.h"

#if TINYNAS_DSP
#define TINYNAS_DW3_GROUP(outs)                                                                 \
    void tinynas_dw3t##outs(const tinynas_dw3_channel *channel, const tinynas_dw3_columns *columns, \
                       int8_t *out, const int16_t *plane)
__asm__(TINYNAS_DW3_ASM TINYNAS_DW3_GROUPS2("low", "tinynas_dw3t"));
TINYNAS_DW3_GROUP(8);
TINYNAS_DW3_GROUP(6);
TINYNAS_DW3_GROUP(4);
TINYNAS_DW3_GROUP(2);
TINYNAS_DW3_GROUP(1);
#else
#define TINYNAS_DW3_GROUP(outs)                                                                \
    static void tinynas_dw3t##outs(const tinynas_dw3_channel *channel,                              \
                              const tinynas_dw3_columns *columns, int8_t *out,                 \
                              const int16_t *plane)                                            \
    {                                                                                          \
        tinynas_dw3_run(channel, columns, out, plane, outs, 2, TINYNAS_FROM_LOW); \
    }
TINYNAS_DW3_GROUP(8)
TINYNAS_DW3_GROUP(6)
TINYNAS_DW3_GROUP(4)
TINYNAS_DW3_GROUP(2)
TINYNAS_DW3_GROUP(1)
#endif

static void tinynas_dw3t_plane(tinynas_plane *plane, int32_t o)
{
    tinynas_dw3_plane(plane, o, TINYNAS_FROM_LOW);
}

void tinynas_depthwise_3x3_step2_dsp(const tinynas_depthwise_3x3_step2_dsp_params *p, const int8_t *in,
    int8_t *out, void *scratch)
{
    static const tinynas_dw3_groups groups[TINYNAS_DW3_SIZES] = {
        tinynas_dw3t8, tinynas_dw3t6, tinynas_dw3t4, tinynas_dw3t2, tinynas_dw3t1};
    tinynas_dw3 d;
    d.groups = groups;
    d.lines = 0;
    tinynas_depthwise_planes(p, in, out, scratch, &d.plane, tinynas_dw3t_plane);
}
