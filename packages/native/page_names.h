/* What the elements of a page are called: as bits, of which those of other names may be the same; and for each element. */

#ifndef PAGE_NAMES_H
#define PAGE_NAMES_H

#include "css.h"

enum { NAME_BITS = 1 << 16 };

/* An element, how many names it has, how many elements are around it, and its tag, TAGS for all that have no row. */
typedef struct {
    node *element;
    uint32_t count, level_and_tag;
} listed;

enum { TAG_BITS = 9, MOST_LEVELS = 1 << 22 };

static inline size_t level_of(const listed *each)
{
    return each->level_and_tag >> TAG_BITS;
}

static inline uintptr_t tag_of(const listed *each)
{
    return each->level_and_tag & ((1 << TAG_BITS) - 1);
}

typedef struct {
    /* of classes and ids */
    unsigned char bits[NAME_BITS / 8];
    /* the elements below one and itself, in order */
    node *top;
    listed *elements;
    size_t count, room;
    /* of each: `name_bit` of its classes, id, attributes and, where it has no row, tag */
    uint16_t *names;
    size_t name_count, name_room;
    /* the last one, and what it is in */
    node **around;
    size_t depth, around_room;
    /* what keeps the tree alive */
    PyObject *parser;
} page_names;

/* The bit of a name, the same for small and capital letters. */
static inline uint16_t name_bit(unsigned char sign, const unsigned char *name, size_t count)
{
    uint64_t hash = sign, eight;
    for (size_t i = 0; i < count; i += 8) {
        eight = 0;
        memcpy(&eight, name + i, count - i < 8 ? count - i : 8);
        /* beyond the end, too: there stand as many letters of no name in both */
        hash = (hash ^ (eight | 0x2020202020202020)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (uint16_t)(hash % NAME_BITS);
}

/* With no element yet; NULL and an exception where there is no memory. */
page_names *begin_names_of(node *top, PyObject *parser);

/* Add the next element of a walk from `top` on, but for the names of its attributes; -1 and an exception where there is
   no memory. */
int add_element(page_names *page, node *element);

/* Add the name of an attribute, as a bit, to the last element. */
int add_attribute(page_names *page, uint16_t bit);

/* All of its attributes. */
int add_attributes(page_names *page, node *element);

/* An object that owns them from now on, as Python is given them; they are freed where it cannot be made. */
PyObject *give_names(page_names *page);

/* What is in such an object; NULL and an exception where it is another. */
page_names *page_in(PyObject *given);

void free_names(page_names *page);

#endif
