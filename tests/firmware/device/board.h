/* A board that is a process: what the generated board.h tells the application. */
#ifndef BOARD_H
#define BOARD_H
#include <stdint.h>
#define TN_FIRMWARE_VERSION "0.0"
#define TN_BOARD_NAME "process"
#define TN_BOARD_VARIANT "host"
#define TN_CORE_NAME "host"
#define TN_CLOCK_TEXT "none"
extern uint8_t test_area[];
#define TN_TESTDATA_ORIGIN test_area
#define TN_TESTDATA_LENGTH 1024
#endif
