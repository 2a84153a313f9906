/* Text in UTF-8: white space as Python has it, characters, parts. */

#ifndef TEXT_H
#define TEXT_H

#include "lexbor.h"

/* How many bytes of white space begin here, as `str.split` has it; 0 for anything else. */
static inline size_t space_at(const unsigned char *p, const unsigned char *end)
{
    unsigned char c = *p;
    if (c < 0x80)
        return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
    if (c == 0xc2)
        return end - p > 1 && (p[1] == 0x85 || p[1] == 0xa0) ? 2 : 0;
    if (c < 0xe1 || c > 0xe3 || end - p < 3)
        return 0;
    int is_space = c == 0xe1   ? p[1] == 0x9a && p[2] == 0x80
                   : c == 0xe3 ? p[1] == 0x80 && p[2] == 0x80
                   : p[1] == 0x80
                       ? (p[2] >= 0x80 && p[2] <= 0x8a) || p[2] == 0xa8 || p[2] == 0xa9 || p[2] == 0xaf
                       : p[1] == 0x81 && p[2] == 0x9f;
    return is_space ? 3 : 0;
}

/* Whether there is only white space; most of it is spaces that indent. */
static inline int is_blank(const unsigned char *p, const unsigned char *end)
{
    uint64_t eight;
    while (p < end) {
        if (end - p >= 8 && (memcpy(&eight, p, 8), eight == 0x2020202020202020)) {
            p += 8;
            continue;
        }
        size_t space = space_at(p, end);
        if (space == 0)
            return 0;
        p += space;
    }
    return 1;
}

/* How many bytes a character of more than one has; 0 where they are not valid UTF-8 (Unicode 16, table 3-7). */
static inline size_t size_at(const unsigned char *p, const unsigned char *end)
{
    unsigned char c = *p;
    size_t size = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
    if (size == 0 || (size_t)(end - p) < size)
        return 0;
    unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
    unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
    if (p[1] < low || p[1] > high)
        return 0;
    for (size_t i = 2; i < size; i++)
        if ((p[i] & 0xc0) != 0x80)
            return 0;
    return size;
}

/* How many characters UTF-8 has; -1 where it is not valid. */
static inline Py_ssize_t count_characters(const unsigned char *p, const unsigned char *end)
{
    Py_ssize_t count = 0;
    while (p < end) {
        uint64_t eight, more[4];
        if (end - p >= 32 && (memcpy(more, p, 32), ((more[0] | more[1] | more[2] | more[3]) & 0x8080808080808080) == 0)) {
            count += 32;
            p += 32;
            continue;
        }
        if (end - p >= 8 && (memcpy(&eight, p, 8), (eight & 0x8080808080808080) == 0)) {
            count += 8;
            p += 8;
            continue;
        }
        size_t size = *p < 0x80 ? 1 : size_at(p, end);
        if (size == 0)
            return -1;
        count++;
        p += size;
    }
    return count;
}

/* Whether folding leaves eight bytes as they are where the first is no space: ASCII with single spaces. */
static inline int is_folded(uint64_t eight)
{
    uint64_t high = 0x8080808080808080, low = 0x0101010101010101;
    /* the high bit of each byte of ASCII that is no space, and of each that is above one */
    uint64_t other = (eight ^ 0x20 * low) + 0x7f * low, above = eight + 0x5f * low, spaces = ~other & high;
    return ((eight | ~(above | spaces)) & high) == 0 && (spaces & spaces << 8) == 0;
}

/* Fold white space in place, as `" ".join(text.split())` does; what is left of it. What is written is never longer. */
static inline size_t fold(unsigned char *start, size_t count)
{
    const unsigned char *p = start, *end = p + count;
    unsigned char *out = start;
    while (p < end) {
        uint64_t eight;
        while (end - p >= 8 && (*p != ' ' || (out > start && out[-1] != ' ')) && (memcpy(&eight, p, 8), is_folded(eight))) {
            memcpy(out, &eight, 8);
            p += 8;
            out += 8;
        }
        /* a space is written as it comes, and taken back at the end */
        for (const unsigned char *stop = end - p < 8 ? end : p + 8; p < stop;) {
            size_t space = space_at(p, end);
            if (space == 0)
                *out++ = *p++;
            else {
                if (out > start && out[-1] != ' ')
                    *out++ = ' ';
                p += space;
            }
        }
    }
    return (size_t)(out - start) - (out > start && out[-1] == ' ');
}

static inline int is(bytes text, const char *other)
{
    return text.count == strlen(other) && memcmp(text.at, other, text.count) == 0;
}

/* Whether a text has another in it. */
static inline int holds(bytes text, bytes part)
{
    if (part.count == 0)
        return 1;
    for (size_t at = 0; part.count <= text.count && at <= text.count - part.count; at++)
        if (text.at[at] == *part.at && memcmp(text.at + at, part.at, part.count) == 0)
            return 1;
    return 0;
}

#endif
