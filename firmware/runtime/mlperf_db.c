/* MLPerf Tiny, the `db` commands: the input arrives in hexadecimal and stays in a copy outside the arena.
 *
 * There is a copy where the linker found memory for it; see linker.ld.
 */
#include "mlperf.h"
#include "text.h"
#include "tinynas_runtime.h"

#define ROW 8u /* bytes a line of db print */

static uint32_t expected, loaded; /* bytes: announced by db load, arrived so far */

const uint8_t *mlperf_copy(uint32_t *bytes)
{
    uint32_t room;
    *bytes = loaded == expected ? loaded : 0;
    return tn_copy_area(&room);
}

static void db_load(char **words, int count)
{
    uint32_t bytes, room;
    tn_copy_area(&room);
    if (count != 3 || !mlperf_number(words[2], &bytes) || bytes == 0) {
        mlperf_error("db load needs a number of bytes above 0");
    } else if (bytes > room) {
        text_put("e-[db load: ");
        text_put_number(bytes);
        text_put(" bytes, but this firmware has memory for a copy of ");
        text_put_number(room);
        text_put("]\r\n");
    } else {
        expected = bytes;
        loaded = 0;
        text_put("m-[Expecting ");
        text_put_number(bytes);
        text_put(" bytes]\r\n");
    }
}

static void db_print(char **words, int count)
{
    uint32_t room, bytes = loaded, offset = 0;
    const uint8_t *copy = tn_copy_area(&room);
    if ((count > 2 && !mlperf_number(words[2], &bytes)) || (count > 3 && !mlperf_number(words[3], &offset))) {
        mlperf_error("db print needs numbers");
        return;
    }
    if (offset > loaded || bytes > loaded - offset) {
        mlperf_error("db print: not so many bytes are loaded");
        return;
    }
    for (uint32_t k = 0; k < bytes; k++) {
        text_put(k % ROW == 0 ? "m-buffer-" : "-");
        text_put_hex(copy[offset + k]);
        if (k % ROW == ROW - 1 || k == bytes - 1) {
            text_put("\r\n");
        }
    }
}

static int digit(char c)
{
    if (c >= '0' && c <= '9') {
        return c - '0';
    }
    c = (char)(c | 0x20);
    return c >= 'a' && c <= 'f' ? c - 'a' + 10 : -1;
}

/* Digits behind the announced end are disregarded. */
static void db_bytes(const char *hex, int count)
{
    uint32_t room, digits = 0;
    uint8_t *copy = tn_copy_area(&room);
    while (digit(hex[digits]) >= 0) {
        digits++;
    }
    if (count != 2 || hex[digits] != 0 || digits % 2u != 0) {
        mlperf_error("db needs load, print or pairs of hexadecimal digits");
        return;
    }
    if (loaded == expected) {
        mlperf_error("db: no more bytes are expected, start with db load");
        return;
    }
    for (; digits > 0 && loaded < expected; digits -= 2, hex += 2) {
        copy[loaded++] = (uint8_t)(digit(hex[0]) << 4 | digit(hex[1]));
    }
    if (loaded == expected) {
        text_put("m-load-done\r\n");
    }
}

void mlperf_db(char **words, int count)
{
    if (count < 2) {
        mlperf_error("db needs load, print or pairs of hexadecimal digits");
    } else if (text_equal(words[1], "load")) {
        db_load(words, count);
    } else if (text_equal(words[1], "print")) {
        db_print(words, count);
    } else {
        db_bytes(words[1], count);
    }
}

