/* The classes and ids of a page as bits: of names that share one, each stands for the other. */

#ifndef PAGE_NAMES_H
#define PAGE_NAMES_H

#include "css.h"

enum { NAME_BITS = 1 << 16 };

/* The bit of a name, the same for small and capital letters. */
static inline size_t name_bit(unsigned char sign, const unsigned char *name, size_t count)
{
    uint64_t hash = sign, eight;
    for (size_t i = 0; i < count; i += 8) {
        eight = 0;
        memcpy(&eight, name + i, count - i < 8 ? count - i : 8);
        /* beyond the end, too: there stand as many letters of no name in both */
        hash = (hash ^ (eight | 0x2020202020202020)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (size_t)hash % NAME_BITS;
}

static inline void add_name(unsigned char *bits, unsigned char sign, const unsigned char *name, size_t count)
{
    size_t bit = name_bit(sign, name, count);
    bits[bit / 8] |= (unsigned char)(1 << bit % 8);
}

/* The names of an element. */
static inline void add_names(unsigned char *bits, node *element)
{
    attribute *classes = lexbor.class_attribute(element), *id = lexbor.id_attribute(element);
    bytes value = {0};
    if (classes != NULL && (value.at = lexbor.attribute_value(classes, &value.count)) != NULL)
        for (const unsigned char *p = value.at, *end = p + value.count; p < end; p++) {
            const unsigned char *begin = p;
            while (p < end && !is_space(*p))
                p++;
            if (p > begin)
                add_name(bits, '.', begin, (size_t)(p - begin));
        }
    if (id != NULL && (value.at = lexbor.attribute_value(id, &value.count)) != NULL)
        add_name(bits, '#', value.at, value.count);
}

#endif
