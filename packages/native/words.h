/* Tables of texts, which are found by the bytes of their UTF-8. */

#ifndef WORDS_H
#define WORDS_H

#include "lexbor.h"

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

/* A score beside the word, so that both are read at once. Of a longer word the count is 0, and its letters the key's. */
enum { NEAR_LETTERS = 27 };
typedef struct {
    float score;
    unsigned char count, letters[NEAR_LETTERS];
} scored_word;

/* what the capsule of `load_words` holds: scores by word, and the bytes of the longest word */
typedef struct {
    word_table table;
    size_t longest;
    scored_word *words;
    unsigned char *letters;
} scored_words;

/* Keyed with what Python keys its own hashes with: no page can know which texts fall together. */
uint32_t hash_of(word_key key);

/* The number of a text, -1 where it has none. */
Py_ssize_t find_hashed(const word_table *table, word_key key, uint32_t hash);

/* The number of a text, the next one where it had none; -1 and an exception without memory. The table points to it. */
Py_ssize_t add_word(word_table *table, word_key key);

void free_table(word_table *table);

/* The score of a word, 0 where it has none. */
float score_of(const scored_words *words, bytes word, uint32_t hash);

/* What a capsule holds; NULL and an exception where it is another one. */
const scored_words *words_of(PyObject *capsule);

/* The UTF-8 of a str, which holds it. */
int utf8_of(PyObject *text, bytes *into);

/* the module's functions; their own documentation says what they take */
PyObject *load_words(PyObject *module, PyObject *args);
PyObject *count_texts(PyObject *module, PyObject *args);
PyObject *count_kinds(PyObject *module, PyObject *args);
PyObject *find_named(PyObject *module, PyObject *args);
extern const char load_words_doc[], count_texts_doc[], count_kinds_doc[], find_named_doc[];

#endif
