/* What is computed of a page's counts: `features.c` reads what it is computed of, `feature_rows.c` has the rows. */

#ifndef FEATURES_H
#define FEATURES_H

#include "arrays.h"

/* rows of sums over the blocks of an element */
enum { WORDS, LINK_WORDS, GOOD, BLOCKS, MONEYED, HEADINGS, PICTURES, SUMS };

/* the features of an element, `_ELEMENT` of tree_features.py; those from the path are of a block's own only */
enum { SCORES = 3, PATH = SCORES, PATHS = 3, MEASURED = 18 };

/* rows that are there beside those of tags and of flags: of texts, positions, elements, places and kin */
enum { FIXED_ROWS = 31 + 8 + MEASURED + 3 * (MEASURED - PATHS) + 7 + 6 };

/* logarithms of whole numbers: of one more and of the number, in double, and of one more in float */
enum { LOG_MORE, LOG, LOG_MORE_FLOAT, LOGS };

/* by block what logarithms are taken of: words, characters, links and images */
enum { ARGUMENTS = 4 };

/* the columns of `Blocks` */
typedef struct {
    Py_ssize_t elements, blocks;
    /* by element; the root is its own parent, others have one of a lower number */
    Py_ssize_t *parents, *depths, *flags, *firsts, *lasts;
    /* by block */
    Py_ssize_t *owners, *chars, *link_chars, *bold_chars, *links, *images;
} page;

typedef struct {
    page page;
    /* numbers of `count_texts`; by block words and characters; logarithms of ARGUMENTS, and of the words of each element */
    const float *counts, *words, *size, *logs, *log_of_element;
    /* which blocks are short, and of each the sum of the scores of its words */
    const Py_ssize_t *shorts;
    const float *word_sums;
    Py_ssize_t short_count;
    /* of `count_kinds`, by element: its kind, how many of it there are, children */
    const Py_ssize_t *kinds;
    /* logarithms of numbers below a bound */
    const float *numbers[LOGS];
    Py_ssize_t number_count;
    /* words of the title, the bits of flags that say "in a link" and "in the main part", how many tags and flags have
       rows, words of a long text */
    Py_ssize_t title_words, linked, main, tag_count, flag_count, long_words;
    /* the next row of the result */
    float *next;
    /* rows of the result that others are computed of */
    float *link, *cover;
    /* by block: prose outside links, prices at most one; the level of a heading, the number of a tag or -1; room */
    float *good, *money;
    Py_ssize_t *level, *tag, *at;
    /* SUMS rows of running sums, and of sums by element; MEASURED rows by element */
    float *running, *sums, *measured;
    /* by element */
    double *path;
    Py_ssize_t *above, *in_core, *meet_core, *meet_anchor, *branch;
    /* what is found of the page */
    float total[SUMS];
    Py_ssize_t core, anchor, anchor_depth, greatest_depth;
    float main_words;
    double words_variance, link_variance;
    /* the long texts that stand on it several times */
    column repeated;
} measuring;

/* The columns of a page, ELEMENT_NUMBERS and BLOCK_NUMBERS one behind the other, copied into memory of its own, and
   checked; -1 and an exception where they do not fit. */
int read_page(page *p, const Py_buffer *packed, Py_ssize_t elements);

void free_page(page *p);

/* Fill the result, row by row; -1 and an exception where a number is beyond those with a logarithm. */
int measure_rows(measuring *m);

/* the module's functions; their own documentation says what they take */
PyObject *log_arguments(PyObject *module, PyObject *args);
PyObject *measure(PyObject *module, PyObject *args);
extern const char log_arguments_doc[], measure_doc[];

#endif
