/* A walk over a tree, with what it knows of where text stands. */

#ifndef WALK_H
#define WALK_H

#include "lexbor.h"

/* The elements around a node that say whether its text is the page's: the body, and the outermost one of code. */
typedef struct {
    node *body, *code;
    /* a byte for each number of a tag */
    const char *is_code;
    int in_body;
} around;

/* The next node of a walk from `top`, NULL at its end. */
static inline node *step(around *a, node *each, node *top)
{
    node *next = lexbor.first_child(each);
    if (next != NULL) {
        uintptr_t number = lexbor.tag_id(each);
        a->in_body |= each == a->body;
        if (a->code == NULL && number < TAGS && a->is_code[number])
            a->code = each;
        return next;
    }
    while (next == NULL && each != top) {
        next = lexbor.next(each);
        if (next == NULL) {
            each = lexbor.parent(each);
            a->in_body &= each != a->body;
            if (each == a->code)
                a->code = NULL;
        }
    }
    return next;
}

#endif
