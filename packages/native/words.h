/* Tables of texts, which are found by the bytes of their UTF-8. */

#ifndef WORDS_H
#define WORDS_H

#include "arrays.h"

/* a text, and what tells equal texts apart that are kept apart */
typedef struct {
    bytes text;
    Py_ssize_t beside;
} word_key;

/* a free place has no number */
typedef struct {
    uint32_t hash, number_and_one;
} word_place;

/* Texts are numbered in the order in which they come. Places are small: most of them fit into the caches. */
typedef struct {
    word_place *places;
    size_t room;
    word_key *keys;
    size_t count, key_room;
} word_table;

/* A score, and what its word is known by: its letters, and `rest` is how many; or where these are more than fit their
   hash, and `rest` is where they stand, WORD_LETTERS and more. In a free place it is 0. Places are small, since a page
   asks for hundreds of words all over them, and each of those is fetched from far away. */
enum { WORD_LETTERS = 8 };
typedef struct {
    uint64_t known_by;
    float score;
    uint32_t rest;
} scored_word;

/* Scores by word: what the capsule of `load_words` holds. A line of the caches has LINE places; a word is in the line
   that its hash says or, where that is full, behind it. `memory` is where the lines were allocated, somewhat larger;
   each of `letters` has the count of a word's before it. */
enum { LINE = 4 };
typedef struct {
    scored_word *places;
    size_t lines;
    void *memory;
    buffer letters;
} scored_words;

/* Words whose scores are wanted, in `letters`. All are asked for before the first score is read, so that their places
   are fetched while the next ones are read. */
typedef struct {
    uint64_t known_by;
    size_t at, count;
} asked_word;

typedef struct {
    buffer letters;
    asked_word *words;
    size_t count, room;
} asked_words;

/* Keyed with what Python keys its own hashes with: no page can know which texts fall together. */
uint32_t hash_of(word_key key);

/* The number of a text, -1 where it has none. */
Py_ssize_t find_hashed(const word_table *table, word_key key, uint32_t hash);

/* The number of a text, the next one where it had none; -1 and an exception without memory. The table points to it. */
Py_ssize_t add_word(word_table *table, word_key key);

void free_table(word_table *table);

/* Read scores by word from a dict; -1 and an exception where they are none. */
int read_scores_of(scored_words *words, PyObject *scores);

void free_scores(scored_words *words);

/* Ask for the letters from `at` on, so many; -1 and an exception without memory. */
int ask(asked_words *asked, const scored_words *scores, size_t at, size_t count);

/* The score of a word that was asked for, 0 where it has none. */
float score_of(const asked_words *asked, const scored_words *scores, size_t number);

void free_asked(asked_words *asked);

/* What a capsule holds; NULL and an exception where it is another one. */
const scored_words *words_of(PyObject *capsule);

/* Fetch what is a few places further in a list: its texts lie anywhere, and are far away when they are first read. */
static inline void fetch_ahead(PyObject *list, Py_ssize_t at, Py_ssize_t count)
{
    enum { AHEAD = 6 };
    if (at + AHEAD < count) {
        const char *text = (const char *)PyList_GetItem(list, at + AHEAD);
        __builtin_prefetch(text);
        __builtin_prefetch(text + 64);
    }
}

/* The UTF-8 of a str, which holds it. */
int utf8_of(PyObject *text, bytes *into);

/* the module's functions; their own documentation says what they take */
PyObject *load_words(PyObject *module, PyObject *args);
PyObject *count_texts(PyObject *module, PyObject *args);
PyObject *count_kinds(PyObject *module, PyObject *args);
PyObject *find_tagged(PyObject *module, PyObject *args);
PyObject *find_named(PyObject *module, PyObject *args);
extern const char load_words_doc[], count_texts_doc[], count_kinds_doc[], find_tagged_doc[], find_named_doc[];

#endif
