/* MLPerf Tiny, `infer` and `results`.
 *
 * Inference destroys its input, so before every run the input is restored from the copy that `db` has left,
 * untimed: the two times around `infer` differ by the runs alone. The second is the first plus what they took.
 */
#include "app_run.h"
#include "mlperf.h"
#include "text.h"
#include "tinynas_mlperf.h"
#include "tinynas_runtime.h"

#define DEFAULT_RUNS 1u
#define DEFAULT_WARMUP 10u

void mlperf_results(void)
{
    if (!mlperf_has_results()) {
        mlperf_error("results: there is no output, run infer first");
        return;
    }
    text_put("m-results-[");
    mlperf_put_results();
    text_put("]\r\n");
}

/* Why the figures of this run would be wrong, or NULL. */
static const char *trouble(int32_t status, uint32_t flags)
{
    if (flags & TNP_FLAG_COUNTER_STALLED) {
        return "infer: the counter stands still";
    }
    if (flags & TNP_FLAG_GUARDS_BROKEN) {
        return "infer: the model wrote outside its arena";
    }
    if (flags & TNP_FLAG_STACK_OVERFLOWED) {
        return "infer: the stack ran over its end";
    }
    return status != 0 ? "infer: the model failed" : NULL;
}

/* The ticks of `runs` inferences, the reading of the counter taken off. Stops at the first that went wrong. */
static uint64_t run(uint32_t runs, const uint8_t *copy, const char **why)
{
    uint64_t ticks = 0;
    uint32_t overhead = app_overhead_ticks();
    for (; runs > 0 && *why == NULL; runs--) {
        int32_t status;
        uint32_t flags;
        mlperf_restore_input(copy);
        uint64_t taken = app_run(&status, &flags);
        ticks += taken > overhead ? taken - overhead : 0;
        *why = trouble(status, flags);
    }
    return ticks;
}

void mlperf_infer(char **words, int count)
{
    uint32_t bytes, runs = DEFAULT_RUNS, warmup = DEFAULT_WARMUP;
    const uint8_t *copy = mlperf_copy(&bytes);
    const char *why = NULL;
    int good = count <= 3 && (count < 2 || mlperf_number(words[1], &runs)) &&
               (count < 3 || mlperf_number(words[2], &warmup));
    if (!good || runs == 0 || runs > MLPERF_MAX_RUNS || warmup > MLPERF_MAX_RUNS) {
        mlperf_error("infer needs 1 to 100000 runs and at most 100000 warm-up runs");
        return;
    }
    if (bytes != MLPERF_INPUT_BYTES) {
        text_put("e-[infer needs an input of ");
        text_put_number(MLPERF_INPUT_BYTES);
        text_put(" bytes, loaded are ");
        text_put_number(bytes);
        text_put("]\r\n");
        return;
    }
    mlperf_line("m-warmup-start-", warmup);
    run(warmup, copy, &why);
    text_put("m-warmup-done\r\n");
    mlperf_line("m-infer-start-", runs);
    uint64_t start = tn_ticks();
    mlperf_lap(start);
    uint64_t ticks = run(runs, copy, &why);
    if (why != NULL) {
        mlperf_error(why); /* and no second time, no results */
        return;
    }
    mlperf_lap(start + ticks);
    text_put("m-infer-done\r\n");
    mlperf_keep_results(copy);
    mlperf_results();
}

