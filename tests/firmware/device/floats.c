/* float32 bits on stdin, what text_put_float() makes of them on stdout, one a line. */
#include <stdio.h>

#include "text.h"
#include "tinynas_runtime.h"

void tn_write(const void *bytes, size_t length) { fwrite(bytes, 1, length, stdout); }

int main(void)
{
    uint32_t bits;
    while (fread(&bits, sizeof bits, 1, stdin) == 1) {
        text_put_float(bits);
        putchar('\n');
    }
    return 0;
}
