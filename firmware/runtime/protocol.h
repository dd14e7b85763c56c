/* Frames over the serial link: find good ones among whatever arrives, answer each once.
 *
 * The layout of frames and messages comes from tinynas_protocol.h, which is generated from the host's
 * definition. One request is in work at a time; its payload lies in the receive buffer until the next
 * tnp_poll(). Bytes that are no part of a frame go to tn_text_byte(), so that a text protocol can share the line.
 */
#ifndef TINYNAS_RUNTIME_PROTOCOL_H
#define TINYNAS_RUNTIME_PROTOCOL_H

#include <stdint.h>

#include "tinynas_protocol.h"

typedef struct {
    uint8_t version;
    uint8_t type;
    uint16_t sequence;
    uint16_t length;
    const uint8_t *payload;
} tnp_frame;

/* 1 and the next request, or 0 when no whole frame has arrived. A repeated request is answered here, from the
 * reply that was kept, and not returned again. Never blocks. */
int tnp_poll(tnp_frame *frame);

/* Where the payload of the reply is to be written: TNP_MAX_PAYLOAD bytes. */
uint8_t *tnp_reply_payload(void);

/* Send what stands in tnp_reply_payload() as one frame, and keep it for a repeated request. */
void tnp_send(uint8_t type, uint16_t sequence, uint16_t length);

/* Called with every byte outside frames. The default ignores it. */
void tn_text_byte(uint8_t byte);

#endif
