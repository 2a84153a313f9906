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

static uint64_t hash_widely(word_key key)
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
    return mix(hash);
}

uint32_t hash_of(word_key key)
{
    return (uint32_t)hash_widely(key);
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

/* What a word is known by. */
static inline uint64_t know(bytes word)
{
    return word.count > WORD_LETTERS ? hash_widely((word_key){word, 0}) : load_few(word.at, word.count);
}

/* The first place of the line that a word is in. */
static inline size_t line_of(const scored_words *words, uint64_t known_by, size_t count)
{
    uint64_t hash = count > WORD_LETTERS ? known_by : mix(known_by ^ seed ^ count);
    return (size_t)((hash >> 32) * words->lines >> 32) * LINE;
}

static inline size_t place_behind(const scored_words *words, size_t at)
{
    return at + 1 < words->lines * LINE ? at + 1 : 0;
}

int ask(asked_words *asked, const scored_words *scores, size_t at, size_t count)
{
    asked_word *words = grow(asked->words, asked->count, &asked->room, 1, sizeof *words);
    if (words == NULL)
        return -1;
    asked->words = words;
    uint64_t known_by = know((bytes){asked->letters.at + at, count});
    words[asked->count++] = (asked_word){known_by, at, count};
    __builtin_prefetch(&scores->places[line_of(scores, known_by, count)]);
    return 0;
}

/* Whether the letters of a long word are those of a place. */
static int is_word_of(const scored_words *words, const scored_word *place, bytes word)
{
    const unsigned char *at = words->letters.at + place->rest - WORD_LETTERS - 1;
    size_t count;
    memcpy(&count, at, sizeof count);
    return count == word.count && memcmp(at + sizeof count, word.at, count) == 0;
}

float score_of(const asked_words *asked, const scored_words *scores, size_t number)
{
    const asked_word *word = &asked->words[number];
    for (size_t at = line_of(scores, word->known_by, word->count);; at = place_behind(scores, at)) {
        const scored_word *place = &scores->places[at];
        if (place->rest == 0)
            return 0;
        if (place->known_by != word->known_by)
            continue;
        if (word->count <= WORD_LETTERS ? place->rest == word->count
                                        : place->rest > WORD_LETTERS &&
                                              is_word_of(scores, place, (bytes){asked->letters.at + word->at, word->count}))
            return place->score;
    }
}

void free_asked(asked_words *asked)
{
    PyMem_Free(asked->letters.at);
    PyMem_Free(asked->words);
}

int utf8_of(PyObject *text, bytes *into)
{
    Py_ssize_t count;
    into->at = (const unsigned char *)PyUnicode_AsUTF8AndSize(text, &count);
    into->count = (size_t)count;
    return into->at ? 0 : -1;
}

void free_scores(scored_words *words)
{
    PyMem_Free(words->memory);
    PyMem_Free(words->letters.at);
}

static void free_words(scored_words *words)
{
    free_scores(words);
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

/* Three places of four are taken at most. */
static int make_places(scored_words *words, size_t count)
{
    size_t size = LINE * sizeof *words->places;
    words->lines = count / 3 + 1;
    words->memory = words->lines < UINT32_MAX ? PyMem_Calloc(words->lines + 1, size) : NULL;
    if (words->memory == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    words->places = (scored_word *)(((uintptr_t)words->memory + size - 1) / size * size);
    return 0;
}

/* Add a word that there is not yet. Nobody asks for an empty one. */
static int add_score(scored_words *words, bytes word, float score)
{
    if (word.count == 0)
        return 0;
    uint64_t known_by = know(word);
    size_t at = line_of(words, known_by, word.count), rest = word.count;
    while (words->places[at].rest)
        at = place_behind(words, at);
    if (word.count > WORD_LETTERS) {
        rest = words->letters.count + WORD_LETTERS + 1;
        if (put(&words->letters, &word.count, sizeof word.count) < 0 || put(&words->letters, word.at, word.count) < 0)
            return -1;
    }
    if (rest > UINT32_MAX) {
        PyErr_NoMemory();
        return -1;
    }
    words->places[at] = (scored_word){known_by, score, (uint32_t)rest};
    return 0;
}

int read_scores_of(scored_words *words, PyObject *scores)
{
    PyObject *word, *score;
    Py_ssize_t at = 0;
    if (make_places(words, (size_t)PyDict_Size(scores)) < 0)
        return -1;
    while (PyDict_Next(scores, &at, &word, &score)) {
        double value = PyFloat_AsDouble(score);
        bytes text;
        if (PyErr_Occurred() || utf8_of(word, &text) < 0 || add_score(words, text, (float)value) < 0)
            return -1;
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
    if (read_scores_of(words, scores) < 0 || (capsule = PyCapsule_New(words, capsule_name, free_capsule)) == NULL) {
        free_words(words);
        return NULL;
    }
    return capsule;
}
