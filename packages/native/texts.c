/* `count_texts` of gateway/core/classifier/text_counts.py: what is counted in the text of each block. */

#include "arrays.h"
#include "text.h"
#include "words.h"

/* the classes of characters, the numbers of text_counts.py; from SPACE on: behind a word */
enum { OTHER, LOWER, SPACE = 11, CLASSES = 13 };

/* rows of numbers, a column for each text: the classes, then these */
enum { SMALL = CLASSES, REPEATS, IN_TITLE, IN_DESCRIPTION, LEAST, GREATEST, FIRST, LAST, ROWS };

/* a word can be both */
enum { SAID_IN_DESCRIPTION = 1, SAID_IN_TITLE = 2 };

/* code units of UTF-16 in a small word, at most */
enum { SMALL_WORD = 4 };

typedef struct {
    const unsigned char *classes;
    Py_ssize_t short_words;
    word_table said, texts;
    const scored_words *words;
    /* ROWS times the number of texts */
    float *rows;
    Py_ssize_t count;
    /* of the words of short texts their scores; of these texts their numbers, and which word is their first */
    buffer learned;
    column shorts, firsts;
    /* by word of `said`, where it is said; by text of `texts`, how often */
    column bits, times;
    /* by block, the number of its text */
    column same;
} counting;

/* The character of UTF-8 that is valid, and the bytes that it takes. */
static inline size_t character_at(const unsigned char *p, uint32_t *code)
{
    if (p[0] < 0x80) {
        *code = p[0];
        return 1;
    }
    if (p[0] < 0xe0) {
        *code = (uint32_t)(p[0] & 0x1f) << 6 | (p[1] & 0x3f);
        return 2;
    }
    if (p[0] < 0xf0) {
        *code = (uint32_t)(p[0] & 0x0f) << 12 | (uint32_t)(p[1] & 0x3f) << 6 | (p[2] & 0x3f);
        return 3;
    }
    *code = 0x10000;
    return 4;
}

/* The characters of a text by class; how many words it has. */
static Py_ssize_t count_classes(counting *c, bytes text, Py_ssize_t number)
{
    const unsigned char *p = text.at, *end = p + text.count;
    /* room for whatever the table says; two of them in turn, for letter follows letter and a count waits for the last */
    Py_ssize_t counts[2][16] = {0}, small = 0, units = 0;
    unsigned char kind = OTHER, begins = OTHER, first = OTHER;
    for (size_t turn = 0; p < end; turn++) {
        /* what takes two units of UTF-16 is OTHER twice */
        uint32_t code = *p;
        int width = 1;
        if (code < 0x80)
            p++;
        else
            p += character_at(p, &code);
        if (code > 0xffff)
            kind = OTHER, width = 2;
        else
            kind = c->classes[code] & 15;
        counts[turn & 1][kind] += width;
        begins = units == 0 ? kind : begins;
        first = turn == 0 ? kind : first;
        units += width;
        if (kind >= SPACE) {
            small += units <= SMALL_WORD + 1 && begins == LOWER;
            units = 0;
        }
    }
    small += units <= SMALL_WORD && begins == LOWER;
    float *row = c->rows + number;
    for (int i = 0; i < CLASSES; i++)
        row[i * c->count] = (float)(counts[0][i] + counts[1][i]);
    row[SMALL * c->count] = (float)small;
    row[FIRST * c->count] = first;
    row[LAST * c->count] = kind;
    return counts[0][SPACE] + counts[1][SPACE] + 1;
}

/* The words of a short text one by one; `lowered` holds them until the next one is read. */
static int look_up(counting *c, bytes lowered, Py_ssize_t number)
{
    if (push(&c->shorts, number) < 0 || push(&c->firsts, (Py_ssize_t)(c->learned.count / sizeof(float))) < 0)
        return -1;
    float *row = c->rows + number, least = 0, greatest = 0, title = 0, description = 0;
    const unsigned char *p = lowered.at, *end = p + lowered.count;
    for (int is_first = 1;; is_first = 0) {
        const unsigned char *space = memchr(p, ' ', (size_t)(end - p));
        bytes word = {p, (size_t)((space ? space : end) - p)};
        uint32_t hash = hash_of((word_key){word, 0});
        float score = score_of(c->words, word, hash);
        Py_ssize_t said = find_hashed(&c->said, (word_key){word, 0}, hash);
        if (said >= 0) {
            title += (c->bits.at[said] & SAID_IN_TITLE) != 0;
            description += (c->bits.at[said] & SAID_IN_DESCRIPTION) != 0;
        }
        least = is_first || score < least ? score : least;
        greatest = is_first || score > greatest ? score : greatest;
        if (put(&c->learned, &score, sizeof score) < 0)
            return -1;
        if (space == NULL)
            break;
        p = space + 1;
    }
    row[IN_TITLE * c->count] = title;
    row[IN_DESCRIPTION * c->count] = description;
    row[LEAST * c->count] = least;
    row[GREATEST * c->count] = greatest;
    return 0;
}

/* ASCII is lowered here, in `room`; the rest by Python, which knows every letter. */
static int look_up_lowered(counting *c, PyObject *each, bytes text, Py_ssize_t number, buffer *room)
{
    if (PyUnicode_GetLength(each) == (Py_ssize_t)text.count) {
        room->count = 0;
        if (put(room, text.at, text.count) < 0)
            return -1;
        for (size_t i = 0; i < room->count; i++)
            if (room->at[i] >= 'A' && room->at[i] <= 'Z')
                room->at[i] += 'a' - 'A';
        return look_up(c, (bytes){room->at, room->count}, number);
    }
    PyObject *lowered = PyObject_CallMethod(each, "lower", NULL);
    bytes letters;
    int failed = lowered == NULL || utf8_of(lowered, &letters) < 0 || look_up(c, letters, number) < 0;
    Py_XDECREF(lowered);
    return failed ? -1 : 0;
}

/* Each text, and how often it stands there. */
static int count_all(counting *c, PyObject *texts, buffer *room)
{
    for (Py_ssize_t i = 0; i < c->count; i++) {
        PyObject *each = PyList_GetItem(texts, i);
        bytes text;
        if (each == NULL || utf8_of(each, &text) < 0)
            return -1;
        if (text.count == 0) {
            PyErr_SetString(PyExc_ValueError, "a block without text");
            return -1;
        }
        Py_ssize_t number = add_word(&c->texts, (word_key){text, 0});
        if (number < 0 || push(&c->same, number) < 0 ||
            ((size_t)number == c->times.count && push(&c->times, 0) < 0))
            return -1;
        c->times.at[number]++;
        if (count_classes(c, text, i) <= c->short_words && look_up_lowered(c, each, text, i, room) < 0)
            return -1;
    }
    for (Py_ssize_t i = 0; i < c->count; i++)
        c->rows[REPEATS * c->count + i] = (float)c->times.at[c->same.at[i]];
    return 0;
}

/* The words of a dict, and its values. */
static int read_said(counting *c, PyObject *said)
{
    PyObject *word, *value;
    Py_ssize_t at = 0;
    while (PyDict_Next(said, &at, &word, &value)) {
        bytes letters;
        Py_ssize_t bits = PyLong_AsSsize_t(value);
        if (PyErr_Occurred() || utf8_of(word, &letters) < 0 || push(&c->bits, bits) < 0 ||
            add_word(&c->said, (word_key){letters, 0}) < 0)
            return -1;
    }
    return 0;
}

const char count_texts_doc[] =
    "count_texts(texts, classes, said, words, short_words)\n--\n\n"
    "What is counted in texts, none of which is empty: (rows, learned, shorts), arrays of float, of float and of\n"
    "eight-byte numbers. `classes` has one for each unit of UTF-16, `said` is a dict by word, `words` are those of\n"
    "`load_words`; texts of at most `short_words` words are read word by word.";

PyObject *count_texts(PyObject *module, PyObject *args)
{
    (void)module;
    counting c = {0};
    PyObject *texts, *said, *words, *rows = NULL, *result = NULL;
    const char *classes;
    Py_ssize_t class_count;
    buffer room = {0};
    if (!PyArg_ParseTuple(args, "O!y#O!On:count_texts", &PyList_Type, &texts, &classes, &class_count, &PyDict_Type,
                          &said, &words, &c.short_words) ||
        (c.words = words_of(words)) == NULL)
        return NULL;
    if (class_count != 0x10000) {
        PyErr_SetString(PyExc_ValueError, "a table of another size");
        return NULL;
    }
    c.classes = (const unsigned char *)classes;
    c.count = PyList_Size(texts);
    if (c.count > PY_SSIZE_T_MAX / (Py_ssize_t)(ROWS * sizeof(float)))
        return PyErr_NoMemory();
    Py_ssize_t size = ROWS * c.count * (Py_ssize_t)sizeof(float);
    if ((rows = PyBytes_FromStringAndSize(NULL, size)) == NULL)
        goto done;
    c.rows = (float *)PyBytes_AsString(rows);
    memset(c.rows, 0, (size_t)size);
    if (read_said(&c, said) == 0 && count_all(&c, texts, &room) == 0)
        result = Py_BuildValue("(ONNN)", rows, bytes_of(c.learned.at, c.learned.count),
                               bytes_of(c.shorts.at, c.shorts.count * sizeof *c.shorts.at),
                               bytes_of(c.firsts.at, c.firsts.count * sizeof *c.firsts.at));
done:
    Py_XDECREF(rows);
    free_table(&c.said);
    free_table(&c.texts);
    column *columns[] = {&c.shorts, &c.firsts, &c.bits, &c.times, &c.same};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        PyMem_Free(columns[i]->at);
    PyMem_Free(c.learned.at);
    PyMem_Free(room.at);
    return result;
}
