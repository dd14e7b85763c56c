/* SPDX-License-Identifier: Apache-2.0 OR GPL-2.0-or-later
 *
 * A QEMU TCG plugin: how often each translation block runs between two marks, layer by layer.
 *
 * Arguments: out=FILE, start=ADDR (counting begins when this instruction runs), stop=LOW-HIGH (ends
 * when a block in this range begins: the function that called), marks=FILE (one hexadecimal address
 * a line, the start of layer 0, 1, ...). All exact.
 *
 * Per block and layer it counts executions, executions that came from the block itself (a loop's
 * steady state), executions whose last branch was taken, and mispredictions of a two-bit counter
 * per block. Written at exit, one line a block and layer that ran:
 *     layer address instructions bytes executions repeats taken mispredicted
 * (layer -1: before the first mark). The header lines are `# runs N` and `# api N`.
 *
 * The interface of QEMU plugins is declared here by hand, because distributions do not package
 * qemu-plugin.h. The functions used have been the same from API version 1 on; version 4 only gave
 * qemu_plugin_insn_data other arguments, which is not used. */
#define _GNU_SOURCE /* strdup */
#include <inttypes.h>
#include <stdbool.h>
#include <stdint.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#define EXPORT __attribute__((visibility("default")))

typedef uint64_t qemu_plugin_id_t;
struct qemu_plugin_tb;
struct qemu_plugin_insn;

typedef struct {
    const char *target_name;
    struct {
        int min;
        int cur;
    } version;
    bool system_emulation;
} qemu_info_t;

enum { NO_REGISTERS = 0 };

extern void qemu_plugin_register_vcpu_tb_trans_cb(qemu_plugin_id_t,
                                                  void (*)(qemu_plugin_id_t, struct qemu_plugin_tb *));
extern void qemu_plugin_register_vcpu_tb_exec_cb(struct qemu_plugin_tb *,
                                                 void (*)(unsigned, void *), int, void *);
extern void qemu_plugin_register_vcpu_insn_exec_cb(struct qemu_plugin_insn *,
                                                   void (*)(unsigned, void *), int, void *);
extern void qemu_plugin_register_atexit_cb(qemu_plugin_id_t, void (*)(qemu_plugin_id_t, void *), void *);
extern size_t qemu_plugin_tb_n_insns(const struct qemu_plugin_tb *);
extern uint64_t qemu_plugin_tb_vaddr(const struct qemu_plugin_tb *);
extern struct qemu_plugin_insn *qemu_plugin_tb_get_insn(const struct qemu_plugin_tb *, size_t);
extern uint64_t qemu_plugin_insn_vaddr(const struct qemu_plugin_insn *);
extern size_t qemu_plugin_insn_size(const struct qemu_plugin_insn *);

EXPORT int qemu_plugin_version = 1;

typedef struct {
    uint64_t executions, repeats, taken, mispredicted;
} counts;

typedef struct block {
    uint64_t address;
    uint32_t instructions, bytes;
    unsigned predictor; /* 0, 1: not taken; 2, 3: taken */
    counts *layers;     /* one per layer, and one for what comes before the first */
    struct block *next;
} block;

typedef struct {
    uint64_t address;
    int layer;
} mark;

enum { BUCKETS = 1 << 14 };

static block *table[BUCKETS];
static mark *marks;
static int mark_count;
static uint64_t start_address, stop_low, stop_high, runs;
static const char *out_name;
static bool counting;
static int layer; /* index into counts: 0 is before the first mark */
static block *previous;
static int api;

static block *find_block(uint64_t address, uint32_t instructions, uint32_t bytes)
{
    block **slot = &table[(address >> 1) % BUCKETS], *b;
    for (b = *slot; b != NULL; b = b->next) {
        if (b->address == address && b->instructions == instructions) {
            return b;
        }
    }
    b = calloc(1, sizeof *b);
    if (b == NULL) {
        abort();
    }
    b->address = address;
    b->instructions = instructions;
    b->bytes = bytes;
    b->predictor = 1;
    b->next = *slot;
    *slot = b;
    return b;
}

static void leave(block *from, uint64_t to)
{
    counts *c = &from->layers[layer];
    const bool taken = to != from->address + from->bytes;
    const bool predicted = from->predictor >= 2;
    c->taken += taken;
    c->mispredicted += taken != predicted;
    if (taken && from->predictor < 3) {
        from->predictor++;
    } else if (!taken && from->predictor > 0) {
        from->predictor--;
    }
}

static void run_block(unsigned cpu, void *data)
{
    block *b = data;
    (void)cpu;
    if (counting && b->address >= stop_low && b->address < stop_high) {
        if (previous != NULL) {
            leave(previous, b->address);
        }
        counting = false;
    }
    if (!counting) {
        return;
    }
    if (b->layers == NULL) {
        b->layers = calloc((size_t)mark_count + 1, sizeof *b->layers);
        if (b->layers == NULL) {
            abort();
        }
    }
    if (previous != NULL) {
        leave(previous, b->address);
    }
    b->layers[layer].executions++;
    b->layers[layer].repeats += b == previous;
    previous = b;
}

static void reach_mark(unsigned cpu, void *data)
{
    (void)cpu;
    if (counting) {
        /* A branch that led here belongs to the layer it left. */
        if (previous != NULL && previous->layers != NULL) {
            leave(previous, ((const mark *)data)->address);
            previous = NULL;
        }
        layer = ((const mark *)data)->layer + 1;
    }
}

static void reach_start(unsigned cpu, void *data)
{
    (void)cpu;
    (void)data;
    counting = true;
    layer = 0;
    previous = NULL;
    runs++;
}

/* Callbacks run in the order of registration: marks before the block or instruction they precede. */
static void translate(qemu_plugin_id_t id, struct qemu_plugin_tb *tb)
{
    const size_t n = qemu_plugin_tb_n_insns(tb);
    uint32_t bytes = 0;
    size_t i;
    bool special = false;
    (void)id;

    for (i = 0; i < n; i++) {
        const struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t at = qemu_plugin_insn_vaddr(insn);
        int k;
        bytes += (uint32_t)qemu_plugin_insn_size(insn);
        special = special || at == start_address;
        for (k = 0; k < mark_count; k++) {
            special = special || at == marks[k].address;
        }
    }
    if (!special) {
        qemu_plugin_register_vcpu_tb_exec_cb(
            tb, run_block, NO_REGISTERS,
            find_block(qemu_plugin_tb_vaddr(tb), (uint32_t)n, bytes));
        return;
    }
    /* A block with a mark in it: every instruction is a block of its own. */
    for (i = 0; i < n; i++) {
        struct qemu_plugin_insn *insn = qemu_plugin_tb_get_insn(tb, i);
        const uint64_t at = qemu_plugin_insn_vaddr(insn);
        int k;
        if (at == start_address) {
            qemu_plugin_register_vcpu_insn_exec_cb(insn, reach_start, NO_REGISTERS, NULL);
        }
        for (k = 0; k < mark_count; k++) {
            if (at == marks[k].address) {
                qemu_plugin_register_vcpu_insn_exec_cb(insn, reach_mark, NO_REGISTERS, &marks[k]);
            }
        }
        qemu_plugin_register_vcpu_insn_exec_cb(
            insn, run_block, NO_REGISTERS, find_block(at, 1, (uint32_t)qemu_plugin_insn_size(insn)));
    }
}

static void report(qemu_plugin_id_t id, void *data)
{
    FILE *out = fopen(out_name, "w");
    int bucket, k;
    (void)id;
    (void)data;
    if (out == NULL) {
        return;
    }
    fprintf(out, "# runs %" PRIu64 "\n# api %d\n", runs, api);
    for (bucket = 0; bucket < BUCKETS; bucket++) {
        const block *b;
        for (b = table[bucket]; b != NULL; b = b->next) {
            for (k = 0; b->layers != NULL && k <= mark_count; k++) {
                const counts *c = &b->layers[k];
                if (c->executions != 0) {
                    fprintf(out, "%d %" PRIx64 " %u %u %" PRIu64 " %" PRIu64 " %" PRIu64 " %" PRIu64 "\n",
                            k - 1, b->address, b->instructions, b->bytes, c->executions, c->repeats,
                            c->taken, c->mispredicted);
                }
            }
        }
    }
    fclose(out);
}

static int read_marks(const char *name)
{
    FILE *in = fopen(name, "r");
    uint64_t address;
    if (in == NULL) {
        return -1;
    }
    while (fscanf(in, "%" SCNx64, &address) == 1) {
        mark *more = realloc(marks, ((size_t)mark_count + 1) * sizeof *marks);
        if (more == NULL) {
            fclose(in);
            return -1;
        }
        marks = more;
        marks[mark_count].address = address;
        marks[mark_count].layer = mark_count;
        mark_count++;
    }
    fclose(in);
    return 0;
}

EXPORT int qemu_plugin_install(qemu_plugin_id_t id, const qemu_info_t *info, int argc, char **argv)
{
    int i;
    api = info->version.cur;
    for (i = 0; i < argc; i++) {
        if (strncmp(argv[i], "out=", 4) == 0) {
            out_name = strdup(argv[i] + 4);
        } else if (strncmp(argv[i], "start=", 6) == 0) {
            start_address = strtoull(argv[i] + 6, NULL, 16);
        } else if (strncmp(argv[i], "stop=", 5) == 0) {
            char *end;
            stop_low = strtoull(argv[i] + 5, &end, 16);
            stop_high = *end == '-' ? strtoull(end + 1, NULL, 16) : stop_low;
        } else if (strncmp(argv[i], "marks=", 6) == 0) {
            if (read_marks(argv[i] + 6) != 0) {
                fprintf(stderr, "profile: cannot read marks from %s\n", argv[i] + 6);
                return -1;
            }
        } else {
            fprintf(stderr, "profile: unknown argument %s\n", argv[i]);
            return -1;
        }
    }
    if (out_name == NULL) {
        fprintf(stderr, "profile: out=FILE is missing\n");
        return -1;
    }
    qemu_plugin_register_vcpu_tb_trans_cb(id, translate);
    qemu_plugin_register_atexit_cb(id, report, NULL);
    return 0;
}
