/* The MLPerf Tiny device protocol: text commands on the same line as the frames of protocol.h.
 *
 * Commands end in '%', arguments are split by blanks, a command has at most 80 bytes, and every reply ends in
 * the line m-ready. Text arrives through tn_text_byte(), so frames and commands may alternate.
 * A command that cannot be right is refused whole, with e-[why]: nothing of it is done.
 */
#ifndef TINYNAS_RUNTIME_MLPERF_H
#define TINYNAS_RUNTIME_MLPERF_H

#include <stdint.h>

#define MLPERF_COMMAND_BYTES 80u
#define MLPERF_MAX_RUNS 100000u /* of one infer, so that a garbled number does not keep the device for hours */

/* What the protocol says at boot. */
void mlperf_hello(void);

/* The commands with arguments: `words` are the command's own, its name among them. */
void mlperf_db(char **words, int count);
void mlperf_infer(char **words, int count);
void mlperf_results(void);

/* ---- what the commands share ---- */

void mlperf_error(const char *why);
/* "NAME" and the number, as one line. */
void mlperf_line(const char *name, uint64_t number);
/* m-lap-us-N for this time in ticks. */
void mlperf_lap(uint64_t ticks);
/* 1, and the value of a decimal number of at most nine digits; else 0. */
int mlperf_number(const char *word, uint32_t *value);
/* The input as db has left it, and how many bytes of it have arrived; 0 while some are missing. */
const uint8_t *mlperf_copy(uint32_t *bytes);

/* Writes the copy into the model's input. */
void mlperf_restore_input(const uint8_t *copy);
/* After a run on `copy`: whatever of its results needs the copy. */
void mlperf_keep_results(const uint8_t *copy);
int mlperf_has_results(void);
/* The numbers between the brackets. */
void mlperf_put_results(void);

#endif
