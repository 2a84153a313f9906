/* What `match` looks for: names and parts of selectors. */

#ifndef MATCH_H
#define MATCH_H

#include "page_names.h"

enum { FIRST, DESCENDANT, CHILD, NEXT, LATER };
enum { NO_SELECTOR = -1 };
enum { LIKELY = 4096 };

/* A class (`.a`), an id (`#a`), an attribute (`[a`), a value of one (`=b`), or a tag that has no number (`<a-b`). */
typedef struct {
    /* without the sign */
    bytes text;
    unsigned char sign, is_there;
    /* the last element that has it, by its number in the walk */
    uint64_t had_by;
    /* of an attribute its first value, of that the next; names are numbered from 1 */
    size_t values;
    /* the first part that is found by it; parts are numbered from 1 */
    size_t part;
} name;

/* whether an element has a name, and whether one has it in other letters */
enum { IN_LETTERS = 1, IN_OTHERS = 2 };

/* What a selector says of one element: `.a > b.c` has two. */
typedef struct {
    Py_ssize_t combinator, tag, selector;
    /* the ids of names, of which the first is looked up */
    const Py_ssize_t *names;
    size_t count, next;
    /* of a selector that is asked for its first element alone: whether that was met */
    int is_met;
} part;

/* of one level: the parts that fit an element around, the parent, the element right before, one before */
enum { AROUND, PARENT, BEFORE, EARLIER, KINDS };

typedef struct {
    name *names;
    size_t name_count;
    size_t *table, mask;
    /* bits of names: `likely_bit`, and `name_bit` */
    uint64_t seed, likely[LIKELY / 64], named[NAME_BITS / 64];
    part *parts;
    size_t part_count, words;
    /* by number of a tag, 0 for any: the first part without names */
    size_t by_tag[TAGS];
    /* bits of parts, KINDS for each level and those of the element that is looked at */
    uint64_t *bits;
    size_t levels, *hits, *fitting;
    uint64_t elements;
    /* whether some part asks for attributes, or for elements around another */
    int asks_attributes, asks_around;
} matcher;

/* Eight bytes at a time, letters in lower case (and a few signs like others); nobody outside knows the seed. */
static inline size_t hash_name(const matcher *m, unsigned char sign, bytes text)
{
    uint64_t hash = m->seed ^ sign, eight;
    for (size_t i = 0; i < text.count; i += 8) {
        eight = 0;
        memcpy(&eight, text.at + i, text.count - i < 8 ? text.count - i : 8);
        hash = (hash ^ (eight | 0x2020202020202020)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (size_t)hash;
}

/* Names of this size with this beginning and end have one bit: most that nobody asks for are known by it. */
static inline size_t likely_bit(unsigned char sign, bytes text)
{
    return (text.count * 37 + (text.at[0] | 32) * 5 + (text.at[text.count - 1] | 32) * 11 + sign) % LIKELY;
}

/* Take over names and parts; -1 where they are of another form, or on an error. */
int read_wanted(matcher *m, PyObject *names);
int read_parts(matcher *m, const Py_ssize_t *numbers, size_t count);

#endif
