/* A board that is a process: what the generated board.h tells the application. */
#ifndef BOARD_H
#define BOARD_H
#include <stdint.h>
#define TN_BOARD_NAME "process"
#define TN_VARIANT "host"
#define TN_CORE_NAME "host"
#define TN_EMULATED 1
#define TN_FLASH_WAIT_STATES 0
#define TN_FLASH_PREFETCH -1
#define TN_ICACHE 0
#define TN_DCACHE 0
extern uint8_t test_area[];
#define TN_TESTDATA_ORIGIN test_area
#define TN_TESTDATA_LENGTH 1024
#endif
