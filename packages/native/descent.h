/* A walk over a tree that gives events, or whole lines where nothing in them needs a closer look. */

#ifndef DESCENT_H
#define DESCENT_H

#include "folding.h"
#include "line.h"

/* what a table says of a tag, as in Python */
enum { PRUNED = 1, WHOLE = 2, PHRASE = 4, INLINE = 8, BOX = 16, BLOCK = 32, DRAWING = 64, SOURCE = 128 };
/* of an open element nothing of it being pruned is asked any more: that it is an item of a list */
enum { OPEN_ITEM = PRUNED };
/* what it says where an element does not come, and on an error */
enum { LEFT_OUT = -1, FAILED = -2 };

typedef struct {
    PyObject_HEAD
    PyObject *root, *parser, *is_apart;
    /* mem_ids; the first two are NULL where everything is kept */
    PyObject *texts, *elements, *hidden, *marked;
    Py_ssize_t max_depth;
    unsigned char table[TAGS];
    node *top;
    /* the node that was looked at last, and which comes next: what is behind it, what is below it, or its end */
    node *at;
    enum { BEHIND, BELOW, END } way;
    /* what the open elements are, and how many of them are of a line, and items of lists */
    buffer open;
    size_t inlines, items;
    /* the element that came last, NULL for anything else; what it is, whether the caller skips it, and whether there is
       nothing in the line then */
    node *element;
    int kind, is_skipped, is_line_empty;
    /* nothing is in the line so far; white space that nothing has followed yet, of which the caller may know */
    int at_start;
    enum { NONE, SOME, TOLD } gap;
    /* texts that were gathered, NULL for none; where one is folded */
    PyObject *pieces;
    int is_signed;
    buffer text;
    /* of bytes, for `fold_text` */
    unsigned char kinds[256];
    int truncated;
    /* lines are written here; whether that was tried with the one that begins, in vain: TRIED may be tried again where
       nothing of it was left, GIVEN_UP was read so far that only the next line is; what of the last one takes a closer
       look */
    line line;
    enum { NOT_TRIED, TRIED, GIVEN_UP } tried;
    int doubt;
} descent;

/* The value of an attribute, its `at` NULL where there is none. */
bytes value_of(node *element, const char *sought);

/* Whether a gap is shown before a text; -1 on an error. */
int is_text_apart(const descent *d, node *each);

/* Whether a gap is shown before an element of a line; -1 on an error. Only Python knows that of two elements. */
int is_element_apart(const descent *d, node *each);

/* 1 for a text that is kept and not all white space, 0 for another, -1 on an error. */
int is_text(const descent *d, node *each);

/* What the table says of an element, LEFT_OUT or FAILED. */
int kind_of(const descent *d, node *each, uintptr_t tag);

/* The next node; NULL where the end of an element comes next, which `ended` gives: NULL at the end of the tree. */
static inline node *upcoming(const descent *d)
{
    return d->way == BELOW ? lexbor.first_child(d->at) : d->way == BEHIND ? lexbor.next(d->at) : NULL;
}

static inline node *ended(const descent *d)
{
    node *above = d->way == BEHIND ? lexbor.parent(d->at) : d->at;
    return above == d->top || d->open.count == 0 ? NULL : above;
}

/* Go on behind a node. */
static inline void pass(descent *d, node *each)
{
    d->at = each;
    d->way = BEHIND;
}

/* Go on behind an element that ends; what it was. */
static inline int leave(descent *d, node *element)
{
    int kind = d->open.at[--d->open.count];
    d->inlines -= (kind & INLINE) != 0;
    d->items -= (kind & OPEN_ITEM) != 0;
    pass(d, element);
    return kind;
}

/* Go on below an element, or with its end where that is too deep. */
int enter(descent *d, node *element, int kind);

/* Whether a line that begins here is written as a whole. */
static inline int may_write(const descent *d)
{
    return d->line.make != NULL && d->at_start && d->tried == NOT_TRIED && d->inlines == 0;
}

/* Write the line that begins with the next node, as Python's line.py and certain.py would. NULL where nothing is in it, on
   an error, and where it needs a closer look: then its events come. */
PyObject *write_line(descent *d);

/* Go back to where the line began that was written last: its events come. */
void take_back(descent *d);

#endif
