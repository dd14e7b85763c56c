/* Frames: resynchronising receiver without a clock, and a sender that keeps its last reply.
 *
 * The receiver holds at most one frame. When what it holds cannot be a good frame, it gives up one byte and
 * looks again among the rest, so garbage in front of a frame, or a frame that lost bytes, costs nothing that
 * follows. All lengths are checked before they are used.
 */
#include "protocol.h"

#include <string.h>

#include "tinynas_runtime.h"

static uint8_t received[TNP_MAX_FRAME];
static size_t received_count;
static size_t wanted; /* bytes to hold before another look makes sense */
static size_t handed; /* bytes of the frame that the application holds */

static uint8_t reply[TNP_MAX_FRAME];
static size_t reply_bytes; /* 0: none kept */
static uint32_t request_crc;
static uint16_t request_sequence;

__attribute__((weak)) void tn_text_byte(uint8_t byte)
{
    (void)byte;
}

/* CRC-16/CCITT-FALSE: polynomial 0x1021, starting from all ones. */
static uint16_t crc16(const uint8_t *bytes, size_t length)
{
    uint32_t crc = 0xFFFFu;
    for (size_t k = 0; k < length; k++) {
        crc ^= (uint32_t)bytes[k] << 8;
        for (int bit = 0; bit < 8; bit++) {
            crc = (crc & 0x8000u) != 0 ? (crc << 1 ^ 0x1021u) & 0xFFFFu : crc << 1;
        }
    }
    return (uint16_t)crc;
}

static uint32_t frame_crc(const uint8_t *frame, size_t length)
{
    return tn_crc32(tn_crc32(0, frame + 2, 6), frame + TNP_HEADER_BYTES, length);
}

static void drop(size_t count, int as_text)
{
    for (size_t k = 0; as_text && k < count; k++) {
        tn_text_byte(received[k]);
    }
    received_count -= count;
    memmove(received, received + count, received_count);
    wanted = 0;
}

/* Bytes until the next place where a frame may start. */
static size_t until_sync(void)
{
    for (size_t k = 0; k < received_count; k++) {
        int last = k + 1 == received_count;
        if (received[k] == TNP_SYNC0 && (last || received[k + 1] == TNP_SYNC1)) {
            return k;
        }
    }
    return received_count;
}

/* Length of the whole good frame at the start of the buffer, or 0: more bytes are needed. */
static size_t whole_frame(void)
{
    for (;;) {
        drop(until_sync(), 1);
        if (received_count < TNP_HEADER_BYTES) {
            return 0;
        }
        size_t length = tnp_get_le(received + 6, 2);
        if (length > TNP_MAX_PAYLOAD || crc16(received + 2, 6) != tnp_get_le(received + 8, 2)) {
            drop(1, 1);
            continue;
        }
        size_t size = TNP_HEADER_BYTES + length + TNP_TRAILER_BYTES;
        if (received_count < size) {
            wanted = size;
            return 0;
        }
        if (frame_crc(received, length) == tnp_get_le(received + size - TNP_TRAILER_BYTES, 4)) {
            return size;
        }
        drop(1, 1);
    }
}

/* The same request once more: its reply was lost, or it was sent twice. */
static int repeated(uint16_t sequence, uint32_t crc)
{
    int same = reply_bytes != 0 && sequence == request_sequence && crc == request_crc;
    request_sequence = sequence;
    request_crc = crc;
    return same;
}

int tnp_poll(tnp_frame *frame)
{
    drop(handed, 0);
    handed = 0;
    for (;;) {
        size_t size = received_count < wanted ? 0 : whole_frame();
        if (size != 0) {
            frame->version = received[2];
            frame->type = received[3];
            frame->sequence = (uint16_t)tnp_get_le(received + 4, 2);
            frame->length = (uint16_t)tnp_get_le(received + 6, 2);
            frame->payload = received + TNP_HEADER_BYTES;
            if (!repeated(frame->sequence, tnp_get_le(received + size - TNP_TRAILER_BYTES, 4))) {
                reply_bytes = 0;
                handed = size;
                return 1;
            }
            drop(size, 0);
            tn_write(reply, reply_bytes);
            continue;
        }
        int byte = tn_getc();
        if (byte < 0) {
            return 0;
        }
        received[received_count++] = (uint8_t)byte;
    }
}

uint8_t *tnp_reply_payload(void)
{
    return reply + TNP_HEADER_BYTES;
}

void tnp_send(uint8_t type, uint16_t sequence, uint16_t length)
{
    reply[0] = TNP_SYNC0;
    reply[1] = TNP_SYNC1;
    reply[2] = TNP_VERSION;
    reply[3] = type;
    tnp_put_le(reply + 4, sequence, 2);
    tnp_put_le(reply + 6, length, 2);
    tnp_put_le(reply + 8, crc16(reply + 2, 6), 2);
    tnp_put_le(reply + TNP_HEADER_BYTES + length, frame_crc(reply, length), 4);
    reply_bytes = TNP_HEADER_BYTES + length + TNP_TRAILER_BYTES;
    tn_write(reply, reply_bytes);
}
