/* A line of text on its way to markdown. */

#ifndef LINE_H
#define LINE_H

#include "arrays.h"

/* what a line is written with, as in Python; the last three are no marks */
enum { NO_MARK, LINK, STRONG, EM, DEL, CODE, PARAGRAPH, ITEM, LINE_END };
/* why Python looks at a line, as there */
enum { SIGNED = 1, HAS_STRONG = 2, HAS_BREAK = 4 };
/* a link, an emphasis, code */
enum { MOST_MARKS = 3 };

/* An open mark of a line. */
typedef struct {
    int kind;
    /* where its text and its first piece begin, and what is before it */
    size_t text, first;
    int left;
    /* of a link */
    PyObject *url;
} mark;

/* A line on its way. */
typedef struct {
    /* Python's, all of them NULL where lines are not written here */
    PyObject *make, *find, *is_text, *escape, *known, *found, *kind, *origin, *empty;
    /* what a tag means, and whether links are shown */
    unsigned char marks_of[TAGS];
    int shows_links;
    buffer text, markdown;
    mark marks[MOST_MARKS];
    /* marks that are open; those of them that have a text */
    size_t open, begun;
    /* addresses and texts */
    PyObject *links;
    /* something in it is a mark, or was one without a text; a text may need an escape; white space that nothing has
       followed yet; strong emphasis */
    int is_marked, had_marks, is_signed, has_space, has_strong;
    int is_linked, in_emphasis, in_code;
    /* a break that nothing has followed yet, one that something has, and one that ends the line */
    int has_break, breaks, is_over;
    /* what its last piece but delimiters is, the mark that ends the line so far, what an emphasis ended in that nothing
       has followed yet */
    int ends_in_bang, is_code_last, closed, end;
    /* how many emphases there are, and whether they can be read in one way only */
    int pairs, is_certain;
    /* where it began: what came last and what was to come next, the elements that were open, and those that still are */
    node *at;
    int way;
    size_t depth, left;
    /* how many nodes and ends of elements were read for it */
    size_t nodes;
} line;

/* what comes of a step; UNSURE where the line takes a closer look */
enum { ERROR = -1, UNSURE = 0, SURE = 1 };

static inline int is_emphasis(int kind)
{
    return kind == STRONG || kind == EM || kind == DEL;
}

/* Write the text that was folded last, which begins at `start`, behind what the line was before: `before` bytes. */
int add_marked(line *l, size_t before, size_t start, int has_sign);

/* Close the innermost mark. */
int close_mark(line *l);

/* Read `Lines` of gateway/core/dom/descent.py. */
int read_line_rules(line *l, PyObject *rules);

/* Note the links of a line that the caller has taken. */
int note_links(line *l);

void forget_line(line *l);

#endif
