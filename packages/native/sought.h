/* What queries look for in the values of attributes: all of it at once, in one pass over each value. */

#ifndef SOUGHT_H
#define SOUGHT_H

#include "lexbor.h"

enum { MOST_SOUGHT = 64, MOST_QUERIES = 8, MOST_WORDS = 32 };

/* an attribute that is looked for: its value is as `value` says, and has `letters` in it; an empty one is in any value */
typedef struct {
    bytes name, value, letters;
    int how;
    /* which query it is of, as a bit */
    unsigned query;
} sought;

/* Texts as bits: by the byte that each begins with, and by those that may follow. */
typedef struct {
    uint64_t first[256], second[256], third[256];
} beginnings;

/* what is looked for, of all queries */
typedef struct {
    sought all[MOST_SOUGHT];
    size_t count;
    /* by tag, the bits of the queries that look for it */
    unsigned char tags[TAGS];
    /* Of `all` a bit each: which are for any element, and by tag which are for that too; which are of which query; which
       stand at the beginning of a value; which have an empty one; which need letters. */
    uint64_t of_any, of_tag[TAGS], of_query[MOST_QUERIES], at_start, empty, lettered;
    beginnings values;
    /* words in a `style`, and the query that has them */
    bytes words[MOST_WORDS];
    size_t word_count;
    unsigned worded;
    beginnings styles;
} wanted;

/* Look for nothing yet. */
void begin_wanted(wanted *all);

/* Take over what a caller looks for: (tags, attributes, words, most). */
int read_query(wanted *all, PyObject *given, int number, Py_ssize_t *most);

/* Of these bits, those of what is in a value. */
uint64_t find_sought(const wanted *all, bytes value, uint64_t possible);

/* Whether a style has one of the words, or something that only Python can say. */
int has_word(const wanted *all, bytes style);

#endif
