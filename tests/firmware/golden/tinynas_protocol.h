/* Written by tinynas.protocol.c_header from tinynas/protocol/messages.py: change it there. */
#ifndef TINYNAS_PROTOCOL_H
#define TINYNAS_PROTOCOL_H

#include <stdint.h>

#define TNP_VERSION 1u
#define TNP_SYNC0 167u
#define TNP_SYNC1 211u
#define TNP_HEADER_BYTES 10u
#define TNP_TRAILER_BYTES 4u
#define TNP_MAX_PAYLOAD 512u
#define TNP_MAX_FRAME 526u
#define TNP_REPLY 128u
#define TNP_MAX_REPEATS 64u
#define TNP_MAX_WARMUP 1000u
#define TNP_PLACE_INPUT 0u
#define TNP_PLACE_OUTPUT 1u
#define TNP_PLACE_AREA 2u
#define TNP_TEXT_FIRMWARE 0u
#define TNP_TEXT_MODEL_HASH 1u
#define TNP_TEXT_BOARD 2u
#define TNP_TEXT_VARIANT 3u
#define TNP_TEXT_CORE 4u
#define TNP_TEXT_CLOCK 5u
#define TNP_TEXT_COUNTER 6u
#define TNP_TEXT_COMPILER 7u
#define TNP_CODE_BAD_TYPE 1u
#define TNP_CODE_BAD_LENGTH 2u
#define TNP_CODE_BAD_RANGE 3u
#define TNP_CODE_BAD_VALUE 4u
#define TNP_CODE_BAD_VERSION 5u
#define TNP_CODE_FAILED 6u
#define TNP_FLAG_COUNTER_STALLED 1u
#define TNP_FLAG_GUARDS_BROKEN 2u
#define TNP_FLAG_STACK_OVERFLOWED 4u

static inline uint32_t tnp_get_le(const uint8_t *p, int bytes)
{
    uint32_t value = 0;
    for (int k = bytes - 1; k >= 0; k--) {
        value = value << 8 | p[k];
    }
    return value;
}

static inline void tnp_put_le(uint8_t *p, uint32_t value, int bytes)
{
    for (int k = 0; k < bytes; k++, value >>= 8) {
        p[k] = (uint8_t)value;
    }
}

#define TNP_READY 0xc0u
#define TNP_READY_BYTES 1u
typedef struct {
    uint8_t version;
} tnp_ready;
static inline void tnp_ready_get(tnp_ready *m, const uint8_t *p)
{
    m->version = (uint8_t)tnp_get_le(p + 0, 1);
}
static inline void tnp_ready_put(const tnp_ready *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->version, 1);
}

#define TNP_ERROR 0xffu
#define TNP_ERROR_BYTES 2u
typedef struct {
    uint8_t code;
    uint8_t request;
} tnp_error;
static inline void tnp_error_get(tnp_error *m, const uint8_t *p)
{
    m->code = (uint8_t)tnp_get_le(p + 0, 1);
    m->request = (uint8_t)tnp_get_le(p + 1, 1);
}
static inline void tnp_error_put(const tnp_error *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->code, 1);
    tnp_put_le(p + 1, (uint32_t)m->request, 1);
}

#define TNP_HELLO 0x01u
#define TNP_HELLO_BYTES 0u

#define TNP_IDENTITY 0x81u
#define TNP_IDENTITY_BYTES 32u
typedef struct {
    uint8_t version;
    uint8_t counter_fallback;
    uint16_t layers;
    uint32_t clock_hz;
    uint32_t clock_status;
    uint32_t ticks_hz;
    uint32_t input_bytes;
    uint32_t output_bytes;
    uint32_t arena_bytes;
    uint32_t area_bytes;
} tnp_identity;
static inline void tnp_identity_get(tnp_identity *m, const uint8_t *p)
{
    m->version = (uint8_t)tnp_get_le(p + 0, 1);
    m->counter_fallback = (uint8_t)tnp_get_le(p + 1, 1);
    m->layers = (uint16_t)tnp_get_le(p + 2, 2);
    m->clock_hz = (uint32_t)tnp_get_le(p + 4, 4);
    m->clock_status = (uint32_t)tnp_get_le(p + 8, 4);
    m->ticks_hz = (uint32_t)tnp_get_le(p + 12, 4);
    m->input_bytes = (uint32_t)tnp_get_le(p + 16, 4);
    m->output_bytes = (uint32_t)tnp_get_le(p + 20, 4);
    m->arena_bytes = (uint32_t)tnp_get_le(p + 24, 4);
    m->area_bytes = (uint32_t)tnp_get_le(p + 28, 4);
}
static inline void tnp_identity_put(const tnp_identity *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->version, 1);
    tnp_put_le(p + 1, (uint32_t)m->counter_fallback, 1);
    tnp_put_le(p + 2, (uint32_t)m->layers, 2);
    tnp_put_le(p + 4, (uint32_t)m->clock_hz, 4);
    tnp_put_le(p + 8, (uint32_t)m->clock_status, 4);
    tnp_put_le(p + 12, (uint32_t)m->ticks_hz, 4);
    tnp_put_le(p + 16, (uint32_t)m->input_bytes, 4);
    tnp_put_le(p + 20, (uint32_t)m->output_bytes, 4);
    tnp_put_le(p + 24, (uint32_t)m->arena_bytes, 4);
    tnp_put_le(p + 28, (uint32_t)m->area_bytes, 4);
}

#define TNP_ASK_TEXT 0x02u
#define TNP_ASK_TEXT_BYTES 1u
typedef struct {
    uint8_t which;
} tnp_ask_text;
static inline void tnp_ask_text_get(tnp_ask_text *m, const uint8_t *p)
{
    m->which = (uint8_t)tnp_get_le(p + 0, 1);
}
static inline void tnp_ask_text_put(const tnp_ask_text *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->which, 1);
}

#define TNP_TEXT 0x82u
#define TNP_TEXT_BYTES 0u

#define TNP_ASK_IMAGE 0x03u
#define TNP_ASK_IMAGE_BYTES 0u

#define TNP_IMAGE 0x83u
#define TNP_IMAGE_BYTES 4u
typedef struct {
    uint32_t crc;
} tnp_image;
static inline void tnp_image_get(tnp_image *m, const uint8_t *p)
{
    m->crc = (uint32_t)tnp_get_le(p + 0, 4);
}
static inline void tnp_image_put(const tnp_image *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->crc, 4);
}

#define TNP_WRITE 0x04u
#define TNP_WRITE_BYTES 5u
typedef struct {
    uint8_t place;
    uint32_t offset;
} tnp_write;
static inline void tnp_write_get(tnp_write *m, const uint8_t *p)
{
    m->place = (uint8_t)tnp_get_le(p + 0, 1);
    m->offset = (uint32_t)tnp_get_le(p + 1, 4);
}
static inline void tnp_write_put(const tnp_write *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->place, 1);
    tnp_put_le(p + 1, (uint32_t)m->offset, 4);
}

#define TNP_WRITTEN 0x84u
#define TNP_WRITTEN_BYTES 2u
typedef struct {
    uint16_t length;
} tnp_written;
static inline void tnp_written_get(tnp_written *m, const uint8_t *p)
{
    m->length = (uint16_t)tnp_get_le(p + 0, 2);
}
static inline void tnp_written_put(const tnp_written *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->length, 2);
}

#define TNP_READ 0x05u
#define TNP_READ_BYTES 7u
typedef struct {
    uint8_t place;
    uint32_t offset;
    uint16_t length;
} tnp_read;
static inline void tnp_read_get(tnp_read *m, const uint8_t *p)
{
    m->place = (uint8_t)tnp_get_le(p + 0, 1);
    m->offset = (uint32_t)tnp_get_le(p + 1, 4);
    m->length = (uint16_t)tnp_get_le(p + 5, 2);
}
static inline void tnp_read_put(const tnp_read *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->place, 1);
    tnp_put_le(p + 1, (uint32_t)m->offset, 4);
    tnp_put_le(p + 5, (uint32_t)m->length, 2);
}

#define TNP_DATA 0x85u
#define TNP_DATA_BYTES 0u

#define TNP_INVOKE 0x06u
#define TNP_INVOKE_BYTES 12u
typedef struct {
    uint8_t place;
    uint8_t painted;
    uint8_t paint;
    uint8_t reserved;
    uint32_t offset;
    uint16_t warmup;
    uint16_t repeats;
} tnp_invoke;
static inline void tnp_invoke_get(tnp_invoke *m, const uint8_t *p)
{
    m->place = (uint8_t)tnp_get_le(p + 0, 1);
    m->painted = (uint8_t)tnp_get_le(p + 1, 1);
    m->paint = (uint8_t)tnp_get_le(p + 2, 1);
    m->reserved = (uint8_t)tnp_get_le(p + 3, 1);
    m->offset = (uint32_t)tnp_get_le(p + 4, 4);
    m->warmup = (uint16_t)tnp_get_le(p + 8, 2);
    m->repeats = (uint16_t)tnp_get_le(p + 10, 2);
}
static inline void tnp_invoke_put(const tnp_invoke *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->place, 1);
    tnp_put_le(p + 1, (uint32_t)m->painted, 1);
    tnp_put_le(p + 2, (uint32_t)m->paint, 1);
    tnp_put_le(p + 3, (uint32_t)m->reserved, 1);
    tnp_put_le(p + 4, (uint32_t)m->offset, 4);
    tnp_put_le(p + 8, (uint32_t)m->warmup, 2);
    tnp_put_le(p + 10, (uint32_t)m->repeats, 2);
}

#define TNP_RAN 0x86u
#define TNP_RAN_BYTES 16u
typedef struct {
    int32_t status;
    uint16_t flags;
    uint16_t layers;
    uint32_t overhead_ticks;
    uint32_t mark_ticks;
} tnp_ran;
static inline void tnp_ran_get(tnp_ran *m, const uint8_t *p)
{
    m->status = (int32_t)tnp_get_le(p + 0, 4);
    m->flags = (uint16_t)tnp_get_le(p + 4, 2);
    m->layers = (uint16_t)tnp_get_le(p + 6, 2);
    m->overhead_ticks = (uint32_t)tnp_get_le(p + 8, 4);
    m->mark_ticks = (uint32_t)tnp_get_le(p + 12, 4);
}
static inline void tnp_ran_put(const tnp_ran *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->status, 4);
    tnp_put_le(p + 4, (uint32_t)m->flags, 2);
    tnp_put_le(p + 6, (uint32_t)m->layers, 2);
    tnp_put_le(p + 8, (uint32_t)m->overhead_ticks, 4);
    tnp_put_le(p + 12, (uint32_t)m->mark_ticks, 4);
}

#define TNP_ASK_TICKS 0x07u
#define TNP_ASK_TICKS_BYTES 2u
typedef struct {
    uint16_t first;
} tnp_ask_ticks;
static inline void tnp_ask_ticks_get(tnp_ask_ticks *m, const uint8_t *p)
{
    m->first = (uint16_t)tnp_get_le(p + 0, 2);
}
static inline void tnp_ask_ticks_put(const tnp_ask_ticks *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->first, 2);
}

#define TNP_TICKS 0x87u
#define TNP_TICKS_BYTES 0u

#define TNP_ASK_MARKS 0x08u
#define TNP_ASK_MARKS_BYTES 2u
typedef struct {
    uint16_t first;
} tnp_ask_marks;
static inline void tnp_ask_marks_get(tnp_ask_marks *m, const uint8_t *p)
{
    m->first = (uint16_t)tnp_get_le(p + 0, 2);
}
static inline void tnp_ask_marks_put(const tnp_ask_marks *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->first, 2);
}

#define TNP_MARKS 0x88u
#define TNP_MARKS_BYTES 0u

#define TNP_ASK_STATS 0x09u
#define TNP_ASK_STATS_BYTES 0u

#define TNP_STATS 0x89u
#define TNP_STATS_BYTES 16u
typedef struct {
    uint16_t flags;
    uint16_t reserved;
    uint32_t stack_bytes;
    uint32_t arena_high_water_bytes;
    uint32_t rx_lost;
} tnp_stats;
static inline void tnp_stats_get(tnp_stats *m, const uint8_t *p)
{
    m->flags = (uint16_t)tnp_get_le(p + 0, 2);
    m->reserved = (uint16_t)tnp_get_le(p + 2, 2);
    m->stack_bytes = (uint32_t)tnp_get_le(p + 4, 4);
    m->arena_high_water_bytes = (uint32_t)tnp_get_le(p + 8, 4);
    m->rx_lost = (uint32_t)tnp_get_le(p + 12, 4);
}
static inline void tnp_stats_put(const tnp_stats *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->flags, 2);
    tnp_put_le(p + 2, (uint32_t)m->reserved, 2);
    tnp_put_le(p + 4, (uint32_t)m->stack_bytes, 4);
    tnp_put_le(p + 8, (uint32_t)m->arena_high_water_bytes, 4);
    tnp_put_le(p + 12, (uint32_t)m->rx_lost, 4);
}

#define TNP_RESET 0x0au
#define TNP_RESET_BYTES 0u

#define TNP_RESETTING 0x8au
#define TNP_RESETTING_BYTES 0u

#define TNP_EXIT 0x0bu
#define TNP_EXIT_BYTES 4u
typedef struct {
    int32_t status;
} tnp_exit;
static inline void tnp_exit_get(tnp_exit *m, const uint8_t *p)
{
    m->status = (int32_t)tnp_get_le(p + 0, 4);
}
static inline void tnp_exit_put(const tnp_exit *m, uint8_t *p)
{
    tnp_put_le(p + 0, (uint32_t)m->status, 4);
}

#define TNP_EXITING 0x8bu
#define TNP_EXITING_BYTES 0u

#endif
