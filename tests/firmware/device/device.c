/* The firmware's protocol as a process: the serial link is stdin and stdout, the counter counts its readings.
 * The model adds one to every input byte, sums each input, and destroys what it read. */
#include <stdio.h>
#include <stdlib.h>
#include <string.h>

#include "board.h"
#include "tinynas_model.h"
#include "tinynas_runtime.h"

uint8_t test_area[TN_TESTDATA_LENGTH];
static uint8_t copy_area[TINYNAS_INPUT_BYTES];
uint32_t tn_ticks_hz = 1000, tn_clock_hz = 2000, tn_clock_status, tn_counter_fallback;
const char *tn_counter_name = "readings";
static uint64_t now;

int tn_getc(void)
{
    int byte = getchar();
    if (byte == EOF) {
        fflush(stdout);
        exit(0);
    }
    return byte;
}

void tn_write(const void *bytes, size_t length)
{
    fwrite(bytes, 1, length, stdout);
    fflush(stdout);
}

uint64_t tn_ticks(void) { return now += 10; }
void tn_wait(void) {}
void tn_marker(int on) { (void)on; }
uint32_t tn_rx_lost(void) { return 0; }
void tn_stack_paint(void) {}
uint32_t tn_stack_high_water(void) { return 48; }
int tn_stack_overflowed(void) { return 0; }
int tn_guards_broken(void) { return 0; }
uint8_t *tn_copy_area(uint32_t *bytes)
{
    *bytes = sizeof copy_area;
    return copy_area;
}
uint32_t tn_image_crc(void) { return 0xCAFEBABEu; }

uint32_t tn_crc32(uint32_t crc, const void *bytes, size_t length)
{
    const uint8_t *p = bytes;
    for (crc = ~crc; length--; p++) {
        crc ^= *p;
        for (int bit = 0; bit < 8; bit++) {
            crc = crc >> 1 ^ (crc & 1 ? 0xEDB88320u : 0);
        }
    }
    return ~crc;
}

void tn_reset(void) __attribute__((noreturn));
void tn_reset(void) { exit(99); }
void tn_exit(int code) { exit(code); }

void *tinynas_input_at(tinynas_state *s, int index) { return s->arena + (index ? 24 : 0); }
void *tinynas_output_at(tinynas_state *s, int index) { return s->arena + (index ? 80 : 40); }

void tn_profile_mark(int layer);

int tinynas_invoke(tinynas_state *s, const void *in, void *out)
{
    uint8_t *first = s->arena, *second = s->arena + 24;
    uint8_t sum = 0;
    (void)in, (void)out;
    tn_profile_mark(0);
    for (int k = 0; k < 16; k++) {
        sum = (uint8_t)(sum + first[k]);
    }
    tn_profile_mark(1);
    now += 70;
    for (int k = 0; k < 8; k++) {
        s->arena[80 + k] = (uint8_t)(second[k] + 1);
    }
    memset(s->arena + 40, sum, 4);
    tn_profile_mark(2);
    memset(s->arena, 0, 32);
    tn_profile_mark(3);
    return 0;
}
