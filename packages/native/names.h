/* What an element is called, and what its attributes say of the text in it. */

#ifndef NAMES_H
#define NAMES_H

#include "lexbor.h"

/* flags in the order of `bits`: what attributes say, and that an element is inside a link */
enum { HIDDEN, ARIA_HIDDEN, ITEMSCOPE, UNDISPLAYED, LINKED, OWN_BITS };

typedef struct {
    Py_ssize_t own[OWN_BITS];
    /* bits by role */
    PyObject *roles;
} names_tables;

/* `_read_attributes` of blocks.py; adds to `bits`. */
PyObject *read_names(const names_tables *tables, node *element, Py_ssize_t *bits);

#endif
