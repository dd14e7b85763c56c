/* The measuring application: answers the host's requests, one at a time, for ever.
 *
 * Every good frame gets exactly one answer; a request that makes no sense gets Error with the reason. Nothing a
 * host can send reads or writes outside the input, the output and the test area.
 */
#include <string.h>

#include "app_run.h"
#include "board.h"
#include "mlperf.h"
#include "protocol.h"
#include "tinynas_model.h"
#include "tinynas_runtime.h"

void tn_reset(void) __attribute__((noreturn));

/* Words into the reply behind `at` bytes, cut where it is full; the reply's length. */
static uint32_t append(uint32_t at, const char *words)
{
    uint8_t *payload = tnp_reply_payload();
    while (at < TNP_MAX_PAYLOAD && *words != 0) {
        payload[at++] = (uint8_t)*words++;
    }
    return at;
}

static void refuse(const tnp_frame *frame, uint32_t code, const char *why)
{
    tnp_error error = {.code = (uint8_t)code, .request = frame->type};
    tnp_error_put(&error, tnp_reply_payload());
    tnp_send(TNP_ERROR, frame->sequence, (uint16_t)append(TNP_ERROR_BYTES, why));
}

static void answer(const tnp_frame *frame, uint32_t length)
{
    tnp_send(frame->type | TNP_REPLY, frame->sequence, (uint16_t)length);
}

static void identity(const tnp_frame *frame)
{
    tnp_identity m = {
        .version = TNP_VERSION,
        .counter_fallback = tn_counter_fallback != 0,
        .layers = TINYNAS_LAYERS,
        .clock_hz = tn_clock_hz,
        .clock_status = tn_clock_status,
        .ticks_hz = tn_ticks_hz,
        .input_bytes = TINYNAS_INPUT_BYTES,
        .output_bytes = TINYNAS_OUTPUT_BYTES,
        .arena_bytes = TINYNAS_ARENA_BYTES,
    };
    app_area(&m.area_bytes);
    tnp_identity_put(&m, tnp_reply_payload());
    answer(frame, TNP_IDENTITY_BYTES);
}

#define AS_TEXT(macro) AS_TEXT_(macro)
#define AS_TEXT_(macro) #macro
#define CLOCK_TEXT \
    "flash wait states " AS_TEXT(TN_FLASH_WAIT_STATES) ", prefetch " AS_TEXT(TN_FLASH_PREFETCH) \
    ", icache " AS_TEXT(TN_ICACHE) ", dcache " AS_TEXT(TN_DCACHE)

static const char *text_of(uint32_t which)
{
    switch (which) {
    case TNP_TEXT_FIRMWARE: return AS_TEXT(TN_FIRMWARE_VERSION);
    case TNP_TEXT_MODEL_HASH: return TINYNAS_MODEL_HASH;
    case TNP_TEXT_BOARD: return TN_BOARD_NAME;
    case TNP_TEXT_VARIANT: return TN_VARIANT;
    case TNP_TEXT_CORE: return TN_CORE_NAME;
    case TNP_TEXT_CLOCK: return CLOCK_TEXT;
    case TNP_TEXT_COUNTER: return tn_counter_name;
    case TNP_TEXT_COMPILER: return "gcc " __VERSION__;
    default: return NULL;
    }
}

static void text(const tnp_frame *frame)
{
    tnp_ask_text m;
    tnp_ask_text_get(&m, frame->payload);
    const char *words = text_of(m.which);
    if (words == NULL) {
        refuse(frame, TNP_CODE_BAD_VALUE, "no such text");
        return;
    }
    answer(frame, append(0, words));
}

static void image(const tnp_frame *frame)
{
    tnp_image m = {.crc = tn_image_crc()};
    tnp_image_put(&m, tnp_reply_payload());
    answer(frame, TNP_IMAGE_BYTES);
}

static void write_bytes(const tnp_frame *frame)
{
    tnp_write m;
    tnp_write_get(&m, frame->payload);
    uint32_t length = frame->length - TNP_WRITE_BYTES;
    uint8_t *to = m.place == TNP_PLACE_OUTPUT ? NULL : app_at(m.place, m.offset, length);
    if (to == NULL) {
        refuse(frame, TNP_CODE_BAD_RANGE, "these bytes do not lie in one input or in the test area");
        return;
    }
    memcpy(to, frame->payload + TNP_WRITE_BYTES, length);
    tnp_written done = {.length = (uint16_t)length};
    tnp_written_put(&done, tnp_reply_payload());
    answer(frame, TNP_WRITTEN_BYTES);
}

static void read_bytes(const tnp_frame *frame)
{
    tnp_read m;
    tnp_read_get(&m, frame->payload);
    const uint8_t *from = m.length <= TNP_MAX_PAYLOAD ? app_at(m.place, m.offset, m.length) : NULL;
    if (from == NULL) {
        refuse(frame, TNP_CODE_BAD_RANGE, "these bytes do not lie in one input, one output or the test area");
        return;
    }
    memcpy(tnp_reply_payload(), from, m.length);
    answer(frame, m.length);
}

static void invoke(const tnp_frame *frame)
{
    tnp_invoke m;
    tnp_ran ran = {0};
    tnp_invoke_get(&m, frame->payload);
    uint32_t code = app_invoke(&m, &ran);
    if (code != 0) {
        refuse(frame, code, "too many runs or none, more than one run from INPUT, or input outside the test area");
        return;
    }
    tnp_ran_put(&ran, tnp_reply_payload());
    answer(frame, TNP_RAN_BYTES);
}

/* As many values as one frame holds, from number `first`; none behind the last. */
static void values(const tnp_frame *frame, const uint64_t *all, uint32_t count)
{
    uint32_t first = tnp_get_le(frame->payload, 2);
    uint32_t n = first < count ? count - first : 0;
    n = n < TNP_MAX_PAYLOAD / 8 ? n : TNP_MAX_PAYLOAD / 8;
    for (uint32_t k = 0; k < n; k++) {
        tnp_put_le(tnp_reply_payload() + 8 * k, (uint32_t)all[first + k], 4);
        tnp_put_le(tnp_reply_payload() + 8 * k + 4, (uint32_t)(all[first + k] >> 32), 4);
    }
    answer(frame, 8 * n);
}

static void ticks(const tnp_frame *frame)
{
    const uint64_t *all;
    uint32_t count = app_ticks(&all);
    values(frame, all, count);
}

static void marks(const tnp_frame *frame)
{
    const uint64_t *all;
    uint32_t count = app_marks(&all);
    values(frame, all, count);
}

static void stats(const tnp_frame *frame)
{
    tnp_stats m;
    app_stats(&m);
    tnp_stats_put(&m, tnp_reply_payload());
    answer(frame, TNP_STATS_BYTES);
}

static void leave(const tnp_frame *frame)
{
    tnp_exit m;
    tnp_exit_get(&m, frame->payload);
    answer(frame, 0);
    tn_exit(m.status);
}

/* Every Cortex-M resets by this register (AIRCR, SYSRESETREQ). */
__attribute__((weak, noreturn)) void tn_reset(void)
{
    *(volatile uint32_t *)0xE000ED0Cu = 0x05FA0004u;
    for (;;) {
    }
}

static void reset(const tnp_frame *frame)
{
    answer(frame, 0);
    tn_reset();
}

typedef struct {
    uint8_t type;
    uint8_t bytes; /* of the fixed fields */
    uint8_t tail;  /* more may follow */
    void (*handle)(const tnp_frame *frame);
} request_kind;

static const request_kind kinds[] = {
    {TNP_HELLO, TNP_HELLO_BYTES, 0, identity},
    {TNP_ASK_TEXT, TNP_ASK_TEXT_BYTES, 0, text},
    {TNP_ASK_IMAGE, TNP_ASK_IMAGE_BYTES, 0, image},
    {TNP_WRITE, TNP_WRITE_BYTES, 1, write_bytes},
    {TNP_READ, TNP_READ_BYTES, 0, read_bytes},
    {TNP_INVOKE, TNP_INVOKE_BYTES, 0, invoke},
    {TNP_ASK_TICKS, TNP_ASK_TICKS_BYTES, 0, ticks},
    {TNP_ASK_MARKS, TNP_ASK_MARKS_BYTES, 0, marks},
    {TNP_ASK_STATS, TNP_ASK_STATS_BYTES, 0, stats},
    {TNP_RESET, TNP_RESET_BYTES, 0, reset},
    {TNP_EXIT, TNP_EXIT_BYTES, 0, leave},
};

/* A device that has restarted in the middle of a conversation has lost what was written to it. Its Ready may
 * have been lost too, so it answers nothing that depends on the past until it has been asked who it is. */
static int forgetful(uint8_t type)
{
    static int met;
    met = met || type == TNP_HELLO;
    return !met && type != TNP_RESET && type != TNP_EXIT;
}

static void handle(const tnp_frame *frame)
{
    if (frame->version != TNP_VERSION) {
        refuse(frame, TNP_CODE_BAD_VERSION, "this firmware speaks another protocol version");
        return;
    }
    for (size_t k = 0; k < sizeof kinds / sizeof kinds[0]; k++) {
        if (kinds[k].type == frame->type) {
            if (frame->length < kinds[k].bytes || (frame->length > kinds[k].bytes && !kinds[k].tail)) {
                refuse(frame, TNP_CODE_BAD_LENGTH, "wrong length for this request");
            } else if (forgetful(frame->type)) {
                refuse(frame, TNP_CODE_FAILED, "the device has restarted, say Hello first");
            } else {
                kinds[k].handle(frame);
            }
            return;
        }
    }
    refuse(frame, TNP_CODE_BAD_TYPE, "unknown request");
}

int main(void)
{
    mlperf_hello();
    tnp_ready ready = {.version = TNP_VERSION};
    tnp_ready_put(&ready, tnp_reply_payload());
    tnp_send(TNP_READY, 0, TNP_READY_BYTES);
    for (;;) {
        tnp_frame frame;
        if (tnp_poll(&frame)) {
            handle(&frame);
        } else if (TN_EMULATED) {
            tn_wait(); /* not on a board: sleep would stop its cycle counter */
        }
    }
}
