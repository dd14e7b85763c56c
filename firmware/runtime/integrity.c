/* Is the image still the one that was built, and did the model stay inside its arena? */
#include "tinynas_internal.h"
#include "tinynas_runtime.h"

extern const uint8_t __tn_image_start[], __tn_image_end[];
extern uint8_t __tn_guard_low[], __tn_arena_start[], __tn_arena_end[], __tn_guard_high_end[];

/* CRC-32, polynomial 0xEDB88320 reflected, four bits at a time: 64 bytes of table. */
uint32_t tn_crc32(uint32_t crc, const void *bytes, size_t length)
{
    static const uint32_t table[16] = {
        0x00000000u, 0x1DB71064u, 0x3B6E20C8u, 0x26D930ACu, 0x76DC4190u, 0x6B6B51F4u,
        0x4DB26158u, 0x5005713Cu, 0xEDB88320u, 0xF00F9344u, 0xD6D6A3E8u, 0xCB61B38Cu,
        0x9B64C2B0u, 0x86D3D2D4u, 0xA00AE278u, 0xBDBDF21Cu};
    const uint8_t *at = (const uint8_t *)bytes;
    crc = ~crc;
    for (size_t i = 0; i < length; i++) {
        crc ^= at[i];
        crc = (crc >> 4) ^ table[crc & 15u];
        crc = (crc >> 4) ^ table[crc & 15u];
    }
    return ~crc;
}

uint32_t tn_image_crc(void)
{
    return tn_crc32(0, __tn_image_start, (size_t)(__tn_image_end - __tn_image_start));
}

/* Guards lie byte against byte on both ends of the arena; no two neighbours are equal, and none is
 * a value networks like to write (0, 127, -128). */
static uint8_t guard_byte(uint32_t i) { return (uint8_t)(0xA5u ^ (29u * i)); }

static void guard_set(volatile uint8_t *from, const uint8_t *to)
{
    for (uint32_t i = 0; from < to; i++) {
        *from++ = guard_byte(i);
    }
}

static int guard_broken(const volatile uint8_t *from, const uint8_t *to)
{
    for (uint32_t i = 0; from < to; i++) {
        if (*from++ != guard_byte(i)) {
            return 1;
        }
    }
    return 0;
}

void tn_guards_set(void)
{
    guard_set(__tn_guard_low, __tn_arena_start);
    guard_set(__tn_arena_end, __tn_guard_high_end);
}

int tn_guards_broken(void)
{
    return guard_broken(__tn_guard_low, __tn_arena_start)
           | (guard_broken(__tn_arena_end, __tn_guard_high_end) << 1);
}
