/* What an element is called, and what its attributes say of the text in it. */

#ifndef NAMES_H
#define NAMES_H

#include "lexbor.h"

/* flags in the order of `bits`: what attributes say, and that an element is inside a link */
enum { HIDDEN, ARIA_HIDDEN, ITEMSCOPE, UNDISPLAYED, LINKED, OWN_BITS };

/* a class, and the str of it, which a list of the caller's holds */
typedef struct {
    bytes class;
    PyObject *name;
} known_class;

enum { KNOWN_CLASSES = 128 };

typedef struct {
    Py_ssize_t own[OWN_BITS];
    /* bits by role */
    PyObject *roles;
    /* by a number made of some of its letters: most are those of other elements too, and then the same object */
    known_class classes[KNOWN_CLASSES];
} names_tables;

/* `_read_attributes` of blocks.py; adds to `bits`. What is given must live as long as the tables. */
PyObject *read_names(names_tables *tables, node *element, Py_ssize_t *bits);

#endif
