/* Texts in tables: those of a page, and words with scores. */

#include "words.h"

#include "arrays.h"

static const char capsule_name[] = "winnow_native.words";
static uint64_t seed;

static inline uint64_t mix(uint64_t value)
{
    unsigned __int128 wide = (unsigned __int128)value * 0x9e3779b97f4a7c15;
    return (uint64_t)wide ^ (uint64_t)(wide >> 64);
}

static inline uint64_t load_eight(const unsigned char *p)
{
    uint64_t eight;
    memcpy(&eight, p, 8);
    return eight;
}

/* Up to eight bytes as a number; their count is hashed beside it. */
static inline uint64_t load_few(const unsigned char *p, size_t count)
{
    uint32_t first, last;
    if (count >= 4) {
        memcpy(&first, p, 4);
        memcpy(&last, p + count - 4, 4);
        return (uint64_t)first << 32 | last;
    }
    return count ? (uint64_t)p[0] << 16 | (uint64_t)p[count / 2] << 8 | p[count - 1] : 0;
}

uint32_t hash_of(word_key key)
{
    const unsigned char *p = key.text.at;
    size_t count = key.text.count;
    uint64_t hash = mix(seed ^ count) ^ (uint64_t)key.beside;
    if (count > 8) {
        for (size_t at = 0; at + 8 < count; at += 8)
            hash = mix(hash ^ load_eight(p + at)) + seed;
        hash ^= load_eight(p + count - 8);
    } else
        hash ^= load_few(p, count);
    return (uint32_t)mix(hash);
}

static word_place *seek(const word_table *table, word_key key, uint32_t hash)
{
    size_t at = hash & (table->room - 1);
    for (;; at = (at + 1) & (table->room - 1)) {
        word_place *place = &table->places[at];
        if (place->number_and_one == 0)
            return place;
        if (place->hash != hash)
            continue;
        const word_key *other = &table->keys[place->number_and_one - 1];
        if (other->beside == key.beside && other->text.count == key.text.count &&
            memcmp(other->text.at, key.text.at, key.text.count) == 0)
            return place;
    }
}

/* Twice the room: half of it and more stays free. */
static int widen(word_table *table)
{
    size_t room = table->room ? 2 * table->room : 256, mask = room - 1;
    word_place *places = room < UINT32_MAX ? PyMem_Calloc(room, sizeof *places) : NULL;
    if (places == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t i = 0; i < table->room; i++) {
        word_place place = table->places[i];
        size_t at = place.hash & mask;
        if (place.number_and_one == 0)
            continue;
        while (places[at].number_and_one)
            at = (at + 1) & mask;
        places[at] = place;
    }
    PyMem_Free(table->places);
    table->places = places;
    table->room = room;
    return 0;
}

Py_ssize_t find_hashed(const word_table *table, word_key key, uint32_t hash)
{
    return table->count ? (Py_ssize_t)seek(table, key, hash)->number_and_one - 1 : -1;
}

Py_ssize_t add_word(word_table *table, word_key key)
{
    if (2 * table->count >= table->room && widen(table) < 0)
        return -1;
    uint32_t hash = hash_of(key);
    word_place *place = seek(table, key, hash);
    if (place->number_and_one == 0) {
        word_key *keys = grow(table->keys, table->count, &table->key_room, 1, sizeof *keys);
        if (keys == NULL)
            return -1;
        table->keys = keys;
        keys[table->count++] = key;
        *place = (word_place){hash, (uint32_t)table->count};
    }
    return (Py_ssize_t)place->number_and_one - 1;
}

void free_table(word_table *table)
{
    PyMem_Free(table->places);
    PyMem_Free(table->keys);
}

float score_of(const scored_words *words, bytes word, uint32_t hash)
{
    const word_table *table = &words->table;
    if (word.count > words->longest || table->count == 0)
        return 0;
    if (word.count == 0 || word.count > NEAR_LETTERS) {
        Py_ssize_t at = find_hashed(table, (word_key){word, 0}, hash);
        return at < 0 ? 0 : words->words[at].score;
    }
    for (size_t at = hash & (table->room - 1);; at = (at + 1) & (table->room - 1)) {
        word_place place = table->places[at];
        if (place.number_and_one == 0)
            return 0;
        const scored_word *other = &words->words[place.number_and_one - 1];
        if (place.hash == hash && other->count == word.count && memcmp(other->letters, word.at, word.count) == 0)
            return other->score;
    }
}

int utf8_of(PyObject *text, bytes *into)
{
    Py_ssize_t count;
    into->at = (const unsigned char *)PyUnicode_AsUTF8AndSize(text, &count);
    into->count = (size_t)count;
    return into->at ? 0 : -1;
}

static void free_words(scored_words *words)
{
    free_table(&words->table);
    PyMem_Free(words->words);
    PyMem_Free(words->letters);
    PyMem_Free(words);
}

static void free_capsule(PyObject *capsule)
{
    free_words(PyCapsule_GetPointer(capsule, capsule_name));
}

const scored_words *words_of(PyObject *capsule)
{
    return PyCapsule_GetPointer(capsule, capsule_name);
}

/* The words of a dict and their scores, in memory of their own. */
static int fill(scored_words *words, PyObject *scores)
{
    PyObject *word, *score;
    Py_ssize_t at = 0;
    size_t letters = 0;
    bytes text;
    while (PyDict_Next(scores, &at, &word, &score)) {
        if (utf8_of(word, &text) < 0)
            return -1;
        letters += text.count;
        if (text.count > words->longest)
            words->longest = text.count;
    }
    words->letters = PyMem_Malloc(letters + 1);
    words->words = PyMem_Calloc((size_t)PyDict_Size(scores) + 1, sizeof *words->words);
    if (words->letters == NULL || words->words == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    unsigned char *into = words->letters;
    at = 0;
    while (PyDict_Next(scores, &at, &word, &score)) {
        double value = PyFloat_AsDouble(score);
        if (PyErr_Occurred() || utf8_of(word, &text) < 0)
            return -1;
        memcpy(into, text.at, text.count);
        text.at = into;
        into += text.count;
        Py_ssize_t number = add_word(&words->table, (word_key){text, 0});
        if (number < 0)
            return -1;
        scored_word *near = &words->words[number];
        near->score = (float)value;
        if (text.count <= NEAR_LETTERS) {
            near->count = (unsigned char)text.count;
            memcpy(near->letters, text.at, text.count);
        }
    }
    return 0;
}

const char load_words_doc[] =
    "load_words(scores)\n--\n\n"
    "Scores by word, of a dict that does not change, as the functions that count take them.";

PyObject *load_words(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *scores, *capsule;
    if (!PyArg_ParseTuple(args, "O!:load_words", &PyDict_Type, &scores))
        return NULL;
    if (seed == 0) {
        PyObject *name = PyUnicode_FromString(capsule_name);
        seed = name ? (uint64_t)PyObject_Hash(name) | 1 : 0;
        Py_XDECREF(name);
        if (seed == 0)
            return NULL;
    }
    scored_words *words = PyMem_Calloc(1, sizeof *words);
    if (words == NULL)
        return PyErr_NoMemory();
    if (fill(words, scores) < 0 || (capsule = PyCapsule_New(words, capsule_name, free_capsule)) == NULL) {
        free_words(words);
        return NULL;
    }
    return capsule;
}
