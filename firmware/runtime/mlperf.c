/* MLPerf Tiny commands: collect one, take it apart, have it done, end the reply. */
#include "mlperf.h"

#include "board.h"
#include "protocol.h"
#include "text.h"
#include "tinynas_mlperf.h"
#include "tinynas_runtime.h"

/* What runners know this command set by. */
#define PROFILE "ULPMark for tinyML Firmware V0.0.1"
#define MAX_WORDS 4

static char command[MLPERF_COMMAND_BYTES + 1];
static uint32_t length; /* one more than there is room for: the command is too long */
static int garbled;

void mlperf_error(const char *why)
{
    text_put("e-[");
    text_put(why);
    text_put("]\r\n");
}

void mlperf_line(const char *name, uint64_t number)
{
    text_put(name);
    text_put_number(number);
    text_put("\r\n");
}

int mlperf_number(const char *word, uint32_t *value)
{
    uint32_t sum = 0;
    int digits = 0;
    for (; *word >= '0' && *word <= '9' && digits < 9; word++, digits++) {
        sum = sum * 10u + (uint32_t)(*word - '0');
    }
    *value = sum;
    return digits > 0 && *word == 0;
}

static uint64_t microseconds(uint64_t ticks)
{
    uint32_t rest, none;
    uint64_t seconds = text_divide(ticks, tn_ticks_hz, &rest);
    return seconds * 1000000u + text_divide((uint64_t)rest * 1000000u, tn_ticks_hz, &none);
}

void mlperf_lap(uint64_t ticks)
{
    mlperf_line("m-lap-us-", microseconds(ticks));
}

static void help(void)
{
    text_put(PROFILE "\r\n\r\n"
             "help         : this list\r\n"
             "name         : what device this is\r\n"
             "profile      : what it can do, and with which model\r\n"
             "timestamp    : the time in microseconds\r\n"
             "db load N    : a new input of N bytes follows\r\n"
             "db HH[HH]*   : bytes of it\r\n"
             "db print [N] [OFFSET]\r\n"
             "             : show N bytes of it (all) from OFFSET (0)\r\n"
             "infer [N] [W]: run it N times (1), timed, after W warm-up runs (10)\r\n"
             "results      : the output of the last run\r\n");
}

static void name(void)
{
    text_put("m-name-dut-[tinynas " TN_BOARD_NAME "]\r\n");
}

static void profile(void)
{
    text_put("m-profile-[" PROFILE "]\r\nm-model-[" MLPERF_MODEL "]\r\n");
}

static void timestamp(void)
{
    mlperf_lap(tn_ticks());
}

/* Cuts `command` at its blanks; how many words there are, MAX_WORDS + 1 when there are more. */
static int split(char *words[MAX_WORDS + 1])
{
    int count = 0;
    char *at = command;
    while (count <= MAX_WORDS) {
        while (*at == ' ') {
            at++;
        }
        if (*at == 0) {
            break;
        }
        words[count++] = at;
        while (*at != ' ' && *at != 0) {
            at++;
        }
        if (*at == ' ') {
            *at++ = 0;
        }
    }
    return count;
}

static void execute(void)
{
    static const struct {
        const char *name;
        void (*run)(void);
    } plain[] = {{"name", name}, {"profile", profile}, {"help", help}, {"timestamp", timestamp}, {"results", mlperf_results}};
    char *words[MAX_WORDS + 1];
    command[length] = 0;
    int count = split(words);
    if (count == 0) {
        return; /* a runner sends a lone '%' to end whatever was begun */
    }
    if (count > MAX_WORDS) {
        mlperf_error("too many arguments");
        return;
    }
    if (text_equal(words[0], "db")) {
        mlperf_db(words, count);
        return;
    }
    if (text_equal(words[0], "infer")) {
        mlperf_infer(words, count);
        return;
    }
    for (uint32_t k = 0; k < sizeof plain / sizeof plain[0]; k++) {
        if (text_equal(words[0], plain[k].name)) {
            if (count == 1) {
                plain[k].run();
            } else {
                mlperf_error("too many arguments");
            }
            return;
        }
    }
    text_put("e-[Unknown command: ");
    text_put(words[0]);
    text_put("]\r\n");
}

/* Zeros flush (a framed host sends them before it asks again), line ends mean nothing, and no other control or
 * eight-bit byte belongs into a command. */
void tn_text_byte(uint8_t byte)
{
    if (byte == 0) {
        length = 0;
        garbled = 0;
    } else if (byte == '%') {
        if (garbled) {
            mlperf_error("garbled command");
        } else if (length > MLPERF_COMMAND_BYTES) {
            mlperf_error("a command has at most 80 bytes");
        } else {
            execute();
        }
        text_put("m-ready\r\n");
        length = 0;
        garbled = 0;
    } else if (byte != '\r' && byte != '\n') {
        garbled = garbled || byte < 0x20 || byte > 0x7E;
        if (length < MLPERF_COMMAND_BYTES) {
            command[length] = (char)byte;
        }
        length += length <= MLPERF_COMMAND_BYTES;
    }
}

void mlperf_hello(void)
{
    text_put("m-init-done\r\nm-ready\r\n");
}
