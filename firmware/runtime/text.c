/* Words and numbers to the serial link. Speed does not matter here, bytes of flash do: one division by shifting
 * serves everything, so that small cores need none from the compiler's library. */
#include "text.h"

#include "tinynas_runtime.h"

int text_equal(const char *a, const char *b)
{
    for (; *a != 0 && *a == *b; a++, b++) {
    }
    return *a == *b;
}

void text_put(const char *words)
{
    for (; *words != 0; words++) {
        tn_write(words, 1);
    }
}

uint64_t text_divide(uint64_t value, uint32_t by, uint32_t *rest)
{
    uint64_t left = 0;
    for (int bit = 0; bit < 64; bit++) {
        left = left << 1 | value >> 63;
        value <<= 1;
        if (left >= by) {
            left -= by;
            value |= 1;
        }
    }
    *rest = (uint32_t)left;
    return value;
}

/* The last digits stand at the end of `digits`; how many there are, at least one. */
static int decimal(uint64_t value, char digits[20])
{
    int count = 0;
    do {
        uint32_t digit;
        value = text_divide(value, 10, &digit);
        digits[19 - count++] = (char)('0' + digit);
    } while (value != 0);
    return count;
}

void text_put_number(uint64_t value)
{
    char digits[20];
    int count = decimal(value, digits);
    tn_write(digits + 20 - count, (size_t)count);
}

void text_put_hex(uint8_t byte)
{
    static const char digits[] = "0123456789abcdef";
    char pair[2] = {digits[byte >> 4], digits[byte & 15]};
    tn_write(pair, 2);
}

/* mantissa * 2^exponent, exponent > 0: doubled digit by digit, because 64 bits do not hold it. */
static void put_large(uint64_t mantissa, int exponent)
{
    char digits[56] = {0}; /* 48 + 104 bits are 46 decimal digits */
    char start[20];
    int count = decimal(mantissa, start);
    for (int k = 0; k < count; k++) {
        digits[55 - k] = (char)(start[19 - k] - '0');
    }
    for (; exponent > 0; exponent--) {
        int carry = 0;
        for (int k = 55; k >= 0; k--) {
            int twice = 2 * digits[k] + carry;
            carry = twice > 9;
            digits[k] = (char)(carry ? twice - 10 : twice);
        }
    }
    int first = 0;
    while (first < 55 && digits[first] == 0) {
        first++;
    }
    for (int k = first; k < 56; k++) {
        digits[k] = (char)(digits[k] + '0');
    }
    tn_write(digits + first, (size_t)(56 - first));
    text_put(".000");
}

void text_put_thousandths(int negative, uint64_t mantissa, int exponent)
{
    if (negative) {
        text_put("-");
    }
    if (exponent > 0) {
        put_large(mantissa, exponent);
        return;
    }
    uint64_t value = mantissa * 1000u; /* below 2^58 */
    if (exponent < -60) {
        value = 0;
    } else if (exponent < 0) {
        uint64_t half = (uint64_t)1 << (-exponent - 1);
        uint64_t left = value & (2 * half - 1);
        value >>= -exponent;
        value += left > half || (left == half && (value & 1) != 0);
    }
    uint32_t decimals;
    text_put_number(text_divide(value, 1000, &decimals));
    char point[4] = {'.', '0', '0', '0'};
    for (int k = 3; k > 0; k--) {
        uint32_t digit;
        decimals = (uint32_t)text_divide(decimals, 10, &digit);
        point[k] = (char)('0' + digit);
    }
    tn_write(point, sizeof point);
}

void text_put_float(uint32_t bits)
{
    uint32_t exponent = bits >> 23 & 255u, mantissa = bits & 0x7FFFFFu;
    if (exponent == 255u) {
        text_put(mantissa != 0 ? "nan" : bits >> 31 ? "-inf" : "inf");
        return;
    }
    mantissa |= exponent != 0 ? 0x800000u : 0u;
    exponent += exponent == 0;
    text_put_thousandths(bits >> 31 != 0, mantissa, (int)exponent - 150);
}
