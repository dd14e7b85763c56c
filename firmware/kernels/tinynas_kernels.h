/* Every kernel: its parameters beside its prototype. One C file per kernel, of the same name.
 *
 * Shapes are NHWC. Parameters are constants of the generated model; kernels keep no state, so all
 * of them are reentrant. Unless said otherwise inputs, outputs and scratch are disjoint. `low` and
 * `high` are the activation's limits less the output zero point; where an input zero point is not
 * named it is folded into the bias. Convolutions and dense layers: `shifts` go to the right, less
 * one; `any_left` when one of them is below one (a factor of one half or more). */
#ifndef TINYNAS_KERNELS_H
#define TINYNAS_KERNELS_H

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/* CONV_2D of any shape. scratch: kernel_h kernel_w in_c bytes, word aligned. Each position is read
 * whole before it is written; positions go in raster order, reversed when backward (one batch). */
typedef struct {
    const int8_t *weights; /* [out_c][kernel_h][kernel_w][in_c] */
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
    int32_t any_left;
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t in_zero_point;
    int32_t low, high, zero_point;
    int32_t backward;
} tinynas_conv_plain_params;
void tinynas_conv_plain(const tinynas_conv_plain_params *p, const int8_t *in, int8_t *out,
                        void *scratch);

/* CONV_2D with a 1 x 1 kernel and any stride. scratch: in_c bytes, word aligned. Input and output
 * are walked by signed steps from their first position, so either direction is possible; each
 * position is read whole before it is written. */
typedef struct {
    const int8_t *weights; /* [out_c][in_c] */
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
    int32_t any_left;
    int32_t rows, columns; /* of positions */
    int32_t in_c, out_c;
    int32_t in_start, out_start;
    int32_t in_column_step;
    int32_t in_row_step; /* from one row's first position to the next one's */
    int32_t out_step;
    int32_t low, high, zero_point;
} tinynas_conv_1x1_plain_params;
void tinynas_conv_1x1_plain(const tinynas_conv_1x1_plain_params *p, const int8_t *in, int8_t *out,
                            void *scratch);

/* CONV_2D of any shape (one image, in_c a multiple of four) on cores with DSP instructions. stream: see
 * group_dsp.h. Groups of four positions in raster order, reversed when backward, are each read before
 * they are written. conv_strip_dsp: for kernels three wide with stride and dilation 1 along rows; groups start
 * anew in each row. scratch: 16 bytes a word of weights, 8 for strips; word aligned. */
typedef struct {
    const uint32_t *stream;
    int32_t words; /* of weights for a pair of channels */
    int32_t any;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t in_zero_point;
    int32_t low, high, zero_point;
    int32_t backward;
} tinynas_conv_dsp_params;
typedef tinynas_conv_dsp_params tinynas_conv_strip_dsp_params;
void tinynas_conv_dsp(const tinynas_conv_dsp_params *p, const int8_t *in, int8_t *out, void *scratch);
void tinynas_conv_strip_dsp(const tinynas_conv_strip_dsp_params *p, const int8_t *in, int8_t *out,
                            void *scratch);

/* CONV_2D of any shape (one image) on cores with DSP instructions, for few input channels. As
 * tinynas_conv_dsp without strips. inner_y to inner_end_x: output positions whose windows lie inside the
 * image, none of them when columns are dilated. scratch: 16 bytes a word of weights, then the window's bytes. */
typedef struct {
    const uint32_t *stream;
    int32_t words; /* of weights for a pair of channels */
    int32_t any;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, out_c;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t inner_y, inner_end_y, inner_x, inner_end_x;
    int32_t in_zero_point;
    int32_t low, high, zero_point;
    int32_t backward;
} tinynas_conv_thin_dsp_params;
void tinynas_conv_thin_dsp(const tinynas_conv_thin_dsp_params *p, const int8_t *in, int8_t *out,
                           void *scratch);

/* CONV_2D with a 1 x 1 kernel on cores with DSP instructions. stream: see group_dsp.h. scratch: 16
 * bytes a word of weights, word aligned. Groups of four positions in raster order, reversed when backward, are
 * each read before they are written; the last group is the one that may be smaller. */
typedef struct {
    const uint32_t *stream;
    int32_t words; /* of weights for a pair of channels */
    int32_t any;
    int32_t rows, columns; /* of positions */
    int32_t in_c, out_c;
    int32_t in_column_step;
    int32_t in_row_step; /* from one row's first position to the next one's */
    int32_t low, high, zero_point;
    int32_t backward;
} tinynas_conv_1x1_dsp_params;
void tinynas_conv_1x1_dsp(const tinynas_conv_1x1_dsp_params *p, const int8_t *in, int8_t *out,
                          void *scratch);

/* FULLY_CONNECTED of `rows` vectors. */
typedef struct {
    const int8_t *weights; /* [outputs][depth] */
    const int32_t *bias;
    const int32_t *multipliers; /* [outputs]; one value when per_tensor */
    const int8_t *shifts;
    int32_t any_left;
    int32_t per_tensor;
    int32_t rows, depth, outputs;
    int32_t low, high, zero_point;
} tinynas_dense_plain_params;
void tinynas_dense_plain(const tinynas_dense_plain_params *p, const int8_t *in, int8_t *out);

/* FULLY_CONNECTED of `rows` vectors of at least four on cores with DSP instructions. stream: runs of eight
 * outputs (four pairs), then what is left in pairs: each the biases of its a; per four inputs and pair two
 * words of 16-bit lanes a + 256 b, inputs (0, 2) and (1, 3); the biases of its b; unless `shared`
 * multipliers, then shifts to the right, less one, as bytes. When depth is no multiple of four the second four
 * inputs begin earlier, weights of zero where they repeat. Unless `any` multipliers are doubled modulo 2^32. A run
 * is written after the whole vector is read; the next run reads it again. */
typedef struct {
    const uint32_t *stream;
    int32_t any;
    int32_t shared; /* one factor for all */
    int32_t factor, shift;
    int32_t rows, depth, outputs;
    int32_t low, high, zero_point;
} tinynas_dense_dsp_params;
void tinynas_dense_dsp(const tinynas_dense_dsp_params *p, const int8_t *in, int8_t *out);

/* DEPTHWISE_CONV_2D of any shape; output channel i * multiplier + m reads input channel i.
 * scratch: 4 kernel_h kernel_w bytes, word aligned. Runs of 16 output channels (within one input
 * channel when multiplier > 1), the last one shorter, are each read before they are written; runs
 * of a position and positions in raster order go upwards, all reversed when backward (one batch). */
typedef struct {
    const int8_t *weights; /* [kernel_h][kernel_w][in_c * multiplier] */
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts;
    int32_t any_left;
    const int8_t *padding; /* in_c bytes of the input zero point; unused without padding */
    int32_t batches;
    int32_t in_h, in_w, in_c;
    int32_t out_h, out_w, multiplier;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t dilation_h, dilation_w;
    int32_t pad_top, pad_left;
    int32_t low, high, zero_point;
    int32_t backward;
} tinynas_depthwise_plain_params;
void tinynas_depthwise_plain(const tinynas_depthwise_plain_params *p, const int8_t *in, int8_t *out,
                             void *scratch);

/* DEPTHWISE_CONV_2D one channel after the other (depthwise_planes.h), for cores with DSP instructions;
 * output channel i * multiplier + k reads input channel i. scratch: plane_words words. Lines run along
 * either axis; `strip` output lines are expanded at a time. All bytes of a channel of a strip are
 * read before its outputs are written. */
typedef struct {
    const int8_t *weights; /* [in_c * multiplier][kernel_lines][weight_row] */
    const int32_t *bias;
    const int32_t *multipliers;
    const int8_t *shifts; /* to the right; 64 more where no fast form is exact */
    int32_t batches, channels, multiplier;
    int32_t in_bytes, out_bytes; /* of one image */
    int32_t in_start, in_lines, in_pixels, in_line_step, in_pixel_step;
    int32_t out_start, out_lines, out_pixels, out_line_step, out_pixel_step;
    int32_t kernel_lines, kernel_pixels, weight_row;
    int32_t stride_lines, stride_pixels;
    int32_t pad_lines, pad_pixels;
    int32_t strip;
    int32_t whole_lines; /* of the input that a plane of one strip holds */
    int32_t pitch; /* elements from line to line of the plane; even */
    int32_t plane_words;
    int32_t in_zero_point, zero_point;
    int32_t low, high; /* the limits themselves */
} tinynas_depthwise_planes_params;
typedef tinynas_depthwise_planes_params tinynas_depthwise_3x3_dsp_params;
typedef tinynas_depthwise_planes_params tinynas_depthwise_3x3_low_dsp_params;
typedef tinynas_depthwise_planes_params tinynas_depthwise_3x3_step2_dsp_params;
typedef tinynas_depthwise_planes_params tinynas_depthwise_lines_dsp_params; /* scratch: weights, too */
void tinynas_depthwise_3x3_dsp(const tinynas_depthwise_3x3_dsp_params *p, const int8_t *in,
                               int8_t *out, void *scratch);
void tinynas_depthwise_3x3_low_dsp(const tinynas_depthwise_3x3_low_dsp_params *p, const int8_t *in,
                                   int8_t *out, void *scratch);
void tinynas_depthwise_3x3_step2_dsp(const tinynas_depthwise_3x3_step2_dsp_params *p,
                                     const int8_t *in, int8_t *out, void *scratch);
void tinynas_depthwise_lines_dsp(const tinynas_depthwise_lines_dsp_params *p, const int8_t *in,
                                 int8_t *out, void *scratch);

/* AVERAGE_POOL_2D and MAX_POOL_2D. Blocks of four channels (average; the last one shorter) or single
 * channels (max) are read before they are written; positions go in raster order, channels upwards.
 * low and high are the limits themselves. */
typedef struct {
    int32_t batches;
    int32_t in_h, in_w, channels;
    int32_t out_h, out_w;
    int32_t kernel_h, kernel_w;
    int32_t stride_h, stride_w;
    int32_t pad_top, pad_left;
    int32_t low, high;
} tinynas_pool_params;
typedef tinynas_pool_params tinynas_average_pool_plain_params;
typedef tinynas_pool_params tinynas_average_pool_dsp_params; /* windows of 2 to 255 elements */
typedef tinynas_pool_params tinynas_max_pool_plain_params;
void tinynas_average_pool_plain(const tinynas_average_pool_plain_params *p, const int8_t *in,
                                int8_t *out);
void tinynas_average_pool_dsp(const tinynas_average_pool_dsp_params *p, const int8_t *in, int8_t *out);
void tinynas_max_pool_plain(const tinynas_max_pool_plain_params *p, const int8_t *in, int8_t *out);

/* MEAN over up to two groups of axes: out[k0][k1] = scaled sum over r0, r1 of
 * in[k0 keep_step0 + k1 keep_step1 + r0 sum_step0 + r1 sum_step1]. Written in order, each after
 * its elements are read. offset: - zero point of the input times the number of elements. */
typedef struct {
    int32_t keep0, keep1, sum0, sum1;
    int32_t keep_step0, keep_step1, sum_step0, sum_step1;
    int32_t offset;
    int32_t multiplier, shift;
    int32_t low, high, zero_point;
} tinynas_mean_plain_params;
void tinynas_mean_plain(const tinynas_mean_plain_params *p, const int8_t *in, int8_t *out);

/* ADD, SUB and MUL of a[..] and b[..] over up to four dimensions; a step of 0 repeats an operand.
 * Element i is read before it is written, in order. */
typedef struct {
    int32_t dim0, dim1, dim2, dim3;
    int32_t a_step0, a_step1, a_step2, a_step3;
    int32_t b_step0, b_step1, b_step2, b_step3;
    int32_t a_zero_point, b_zero_point;
    int32_t a_multiplier, a_shift; /* shifts to the right, 0 to 31 */
    int32_t b_multiplier, b_shift;
    int32_t multiplier, shift; /* to the right too */
    int32_t low, high, zero_point;
    int32_t subtract;
} tinynas_add_plain_params;
void tinynas_add_plain(const tinynas_add_plain_params *p, const int8_t *a, const int8_t *b,
                       int8_t *out);

/* (a a_factor + b b_factor + constant) >> 22, saturated, then clamped to low .. high. */
typedef struct {
    int32_t dim0, dim1, dim2, dim3;
    int32_t a_step0, a_step1, a_step2, a_step3;
    int32_t b_step0, b_step1, b_step2, b_step3;
    int32_t a_factor, b_factor, constant;
    int32_t low, high; /* the limits themselves */
} tinynas_add_linear_params;
void tinynas_add_linear(const tinynas_add_linear_params *p, const int8_t *a, const int8_t *b,
                        int8_t *out);

typedef struct {
    int32_t dim0, dim1, dim2, dim3;
    int32_t a_step0, a_step1, a_step2, a_step3;
    int32_t b_step0, b_step1, b_step2, b_step3;
    int32_t a_zero_point, b_zero_point;
    int32_t multiplier, shift;
    int32_t low, high, zero_point;
} tinynas_mul_plain_params;
void tinynas_mul_plain(const tinynas_mul_plain_params *p, const int8_t *a, const int8_t *b,
                       int8_t *out);

/* SOFTMAX over rows of `depth` values; output scale 1/256, zero point -128. May be in place. */
typedef struct {
    int32_t rows, depth;
    int32_t multiplier, shift; /* rescales x - max(x) to Q5.26; shift 0 to 31 to the left */
    int32_t lowest;            /* differences below count nothing */
} tinynas_softmax_plain_params;
void tinynas_softmax_plain(const tinynas_softmax_plain_params *p, const int8_t *in, int8_t *out);
typedef struct {
    const int32_t *table; /* exp of a difference, in Q0.31: [last + 1], the last for all further ones */
    int32_t rows, depth;
    int32_t last;
} tinynas_softmax_table_params;
void tinynas_softmax_table(const tinynas_softmax_table_params *p, const int8_t *in, int8_t *out);

/* Any operator that maps each int8 alone: out[i] = table[in[i] + 128]. May be in place; upwards,
 * or downwards when backward. */
typedef struct {
    const int8_t *table;
    int32_t count;
    int32_t backward;
} tinynas_table_params;
void tinynas_table(const tinynas_table_params *p, const int8_t *in, int8_t *out);

/* PAD and PADV2 over up to four dimensions: out is before + in + after along each, filled. */
typedef struct {
    int32_t in0, in1, in2, in3;
    int32_t before0, before1, before2, before3;
    int32_t after0, after1, after2, after3;
    int32_t value;
} tinynas_pad_params;
void tinynas_pad(const tinynas_pad_params *p, const int8_t *in, int8_t *out);

/* `rows` runs of `run` bytes from one stride to another: CONCATENATION, SPLIT, copies. Upwards,
 * each byte read before a later one is written. */
typedef struct {
    int32_t rows, run;
    int32_t in_start, in_stride;
    int32_t out_start, out_stride;
} tinynas_copy_rows_params;
void tinynas_copy_rows(const tinynas_copy_rows_params *p, const int8_t *in, int8_t *out);

/* out[h][i][j][k][l][..run] = in[start + h step0 + i step1 + j step2 + k step3 + l step4 ..]:
 * TRANSPOSE and STRIDED_SLICE. Written in order; each run is read just before it is written. */
typedef struct {
    int32_t dim0, dim1, dim2, dim3, dim4;
    int32_t step0, step1, step2, step3, step4;
    int32_t start, run;
} tinynas_copy_steps_params;
void tinynas_copy_steps(const tinynas_copy_steps_params *p, const int8_t *in, int8_t *out);

/* QUANTIZE from float32; upwards, so the output may start where the input does. */
typedef struct {
    float scale;
    int32_t count, zero_point;
} tinynas_quantize_float_params;
void tinynas_quantize_float(const tinynas_quantize_float_params *p, const float *in, int8_t *out);

/* DEQUANTIZE to float32; downwards, so the output may start where the input does. */
typedef struct {
    float scale;
    int32_t count, zero_point;
} tinynas_dequantize_float_params;
void tinynas_dequantize_float(const tinynas_dequantize_float_params *p, const int8_t *in,
                              float *out);

#ifdef __cplusplus
}
#endif

#endif
