/* What in a style sheet may hide: the signs of gateway/core/visibility/signs.py. None is left out; what is rare is left to
   its patterns. */

#ifndef CSS_H
#define CSS_H

#include "lexbor.h"

/* what a declaration is; `POSSIBLE` is for the patterns to say */
enum { NOTHING, POSSIBLE, SIGN, TEXT_COLOR, BACKGROUND };

/* What a colour begins with, so that those that are alike have a bit in common: `#1` to `#d`, white, black. */
enum { LIGHT = 1 << 13, DARK = 1 << 14, ANY_COLOR = 1 << 15, MAY_BE_CLEAR = 1 << 16 };

/* What begins with a `\`: whether it may be the name of a property. */
int is_veiled_name(const unsigned char *p, const unsigned char *end);

/* Whether what the parenthesis at `p` begins may hide: NOTHING, POSSIBLE or SIGN. */
int read_function(const unsigned char *css, const unsigned char *p, const unsigned char *end);

/* What the declaration may be whose colon is at `p`; for the two of colours, their bits. */
int read_declaration(const unsigned char *css, const unsigned char *p, const unsigned char *end, unsigned *colors);

/* white space of RE2 */
static inline int is_space(unsigned char c)
{
    return c == ' ' || (c >= '\t' && c <= '\r' && c != '\v');
}

static inline unsigned char lower(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c | 32 : c;
}

static inline int is_digit(unsigned char c)
{
    return c >= '0' && c <= '9';
}

static inline int is_hex(unsigned char c)
{
    return is_digit(c) || (lower(c) >= 'a' && lower(c) <= 'f');
}

#endif
