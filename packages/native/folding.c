/* `is_plain` of gateway/core/dom/descent.py, and its texts with white space folded, in one go. */

#include "folding.h"

#include "text.h"

/* Whether a character of several bytes may stand in a text and not be seen: `UNSEEN` of gateway/core/text/unseen.py. */
static int is_unseen(const unsigned char *p)
{
    switch (p[0]) {
    case 0xc2:
        return p[1] == 0xad;
    case 0xcd:
        return p[1] == 0x8f;
    case 0xd8:
        return p[1] == 0x9c;
    case 0xe1:
        return p[1] == 0x85   ? p[2] == 0x9f || p[2] == 0xa0
               : p[1] == 0x9e ? p[2] == 0xb4 || p[2] == 0xb5
                              : p[1] == 0xa0 && p[2] >= 0x8b && p[2] <= 0x8f;
    case 0xe2:
        return p[1] == 0x80 ? (p[2] >= 0x8b && p[2] <= 0x8f) || (p[2] >= 0xaa && p[2] <= 0xae)
                            : p[1] == 0x81 && p[2] >= 0xa0 && p[2] <= 0xaf && p[2] != 0xa5;
    case 0xe3:
        return p[1] == 0x85 && p[2] == 0xa4;
    case 0xef:
        /* U+FFFD too: it may be what is written for bytes that are no character */
        return p[1] == 0xb8   ? p[2] <= 0x8f
               : p[1] == 0xbb ? p[2] == 0xbf
               : p[1] == 0xbe ? p[2] == 0xa0
                              : p[1] == 0xbf && ((p[2] >= 0xb9 && p[2] <= 0xbb) || p[2] == 0xbd);
    case 0xf3:
        /* tags, and the selectors U+E0100 to U+E01EF */
        return p[1] == 0xa0 && (p[2] <= 0x81 || (p[2] >= 0x84 && (p[2] <= 0x86 || (p[2] == 0x87 && p[3] <= 0xaf))));
    default:
        return 0;
    }
}

void read_signs(unsigned char *kinds, const char *signs, Py_ssize_t count)
{
    for (int c = ' ' + 1; c < 0x80; c++)
        kinds[c] = c == '$' || c == '\\' ? 0 : IS_WORD;
    for (Py_ssize_t i = 0; i < count; i++)
        kinds[(unsigned char)signs[i]] |= IS_SIGN;
}

int fold_text(buffer *into, const unsigned char *text, size_t length, const unsigned char *kinds, int *ends_in_space,
              int *found)
{
    /* what is folded is never longer */
    unsigned char *start = grow(into->at, into->count, &into->room, length, 1);
    if (start == NULL)
        return -1;
    into->at = start;
    start += into->count;
    const unsigned char *p = text, *end = text + length;
    unsigned char *out = start;
    int gap = 0;
    *found = 0;
    while (p < end) {
        unsigned char c = *p, seen = 0;
        const unsigned char *run = p;
        /* words, with single spaces between them */
        while (kinds[*p] & IS_WORD) {
            do
                seen |= kinds[*p++];
            while (p < end && kinds[*p] & IS_WORD);
            if (end - p < 2 || *p != ' ' || !(kinds[p[1]] & IS_WORD))
                break;
            p++;
        }
        if (p > run) {
            if (gap && out > start)
                *out++ = ' ';
            gap = 0;
            *found |= (seen & IS_SIGN) != 0;
            memmove(out, run, (size_t)(p - run));
            out += p - run;
            continue;
        }
        if (c == '$' || c == '\\')
            return 0;
        size_t size = c < 0x80 ? 1 : size_at(p, end);
        if (size == 0 || (size > 1 && is_unseen(p)))
            return 0;
        if (space_at(p, end))
            gap = 1;
        else {
            if (gap && out > start)
                *out++ = ' ';
            gap = 0;
            memcpy(out, p, size);
            out += size;
        }
        p += size;
    }
    *ends_in_space = gap;
    into->count = (size_t)(out - into->at);
    return 1;
}
