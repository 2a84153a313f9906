/* `count_texts` of gateway/core/classifier/text_counts.py: what is counted in the text of each block. */

#include "arrays.h"
#include "counts.h"
#include "text.h"
#include "words.h"

/* a word can be both */
enum { SAID_IN_DESCRIPTION = 1, SAID_IN_TITLE = 2 };

/* code units of UTF-16 in a small word, at most */
enum { SMALL_WORD = 4 };

/* bytes of ASCII that are read at once */
enum { RUN = 32 };

typedef struct {
    const unsigned char *classes;
    /* by byte of ASCII, one in the byte of its class, of which there are eight in each */
    uint64_t low[128], high[128];
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

/* The class of the character of valid UTF-8 at `p`, its bytes, and its units of UTF-16. */
static inline unsigned char class_at(const counting *c, const unsigned char *p, size_t *size, size_t *units)
{
    *units = 1;
    if (p[0] < 0x80) {
        *size = 1;
        return c->classes[p[0]] & 15;
    }
    if (p[0] < 0xe0) {
        *size = 2;
        return c->classes[(p[0] & 0x1f) << 6 | (p[1] & 0x3f)] & 15;
    }
    if (p[0] < 0xf0) {
        *size = 3;
        return c->classes[(p[0] & 0x0f) << 12 | (p[1] & 0x3f) << 6 | (p[2] & 0x3f)] & 15;
    }
    /* of a pair each half is OTHER */
    *size = 4;
    *units = 2;
    return OTHER;
}

/* what is known in the middle of a text: how often each class was seen, the word that is read, how many bytes it has
   more than units of UTF-16, and how many small words there were */
typedef struct {
    uint32_t seen[16];
    const unsigned char *word;
    size_t more;
    Py_ssize_t small;
} reading;

static inline void end_word(const counting *c, reading *r, const unsigned char *end)
{
    size_t size, units;
    if (end > r->word)
        r->small += (size_t)(end - r->word) - r->more <= SMALL_WORD && class_at(c, r->word, &size, &units) == LOWER;
    r->word = end + 1;
    r->more = 0;
}

/* Characters one by one from `p` on, to where `end` is reached. */
static inline const unsigned char *read_characters(const counting *c, reading *r, const unsigned char *p, const unsigned char *end)
{
    while (p < end) {
        size_t size, units;
        unsigned char kind = class_at(c, p, &size, &units);
        r->seen[kind] += (uint32_t)units;
        r->more += size - units;
        if (kind >= SPACE)
            end_word(c, r, p);
        p += size;
    }
    return p;
}

/* Eight bytes, the first of them the lowest. */
static inline uint64_t load_eight(const unsigned char *p)
{
    uint64_t eight;
    memcpy(&eight, p, sizeof eight);
#if __BYTE_ORDER__ == __ORDER_BIG_ENDIAN__
    eight = __builtin_bswap64(eight);
#endif
    return eight;
}

/* Of eight bytes of ASCII a bit for each that is a space, the first of them the lowest. */
static inline uint32_t spaces_in(uint64_t eight)
{
    uint64_t other = (eight ^ 0x2020202020202020) + 0x7f7f7f7f7f7f7f7f;
    return (uint32_t)(((~other & 0x8080808080808080) >> 7) * 0x0102040810204080 >> 56);
}

/* RUN bytes of ASCII: how often each class is seen is added up in the bytes of two numbers. */
static inline void read_run(const counting *c, reading *r, const unsigned char *p)
{
    uint64_t low = 0, high = 0;
    uint32_t spaces = 0;
    for (int i = 0; i < RUN; i++) {
        low += c->low[p[i]];
        high += c->high[p[i]];
    }
    for (int kind = 0; kind < 8; kind++) {
        r->seen[kind] += low >> 8 * kind & 0xff;
        r->seen[kind + 8] += high >> 8 * kind & 0xff;
    }
    for (int i = 0; i < RUN; i += 8)
        spaces |= spaces_in(load_eight(p + i)) << i;
    for (; spaces; spaces &= spaces - 1)
        end_word(c, r, p + __builtin_ctz(spaces));
}

/* The characters of a text by class; how many words it has. */
static Py_ssize_t count_classes(counting *c, bytes text, Py_ssize_t number)
{
    const unsigned char *p = text.at, *end = p + text.count, *last = end - 1;
    reading r = {{0}, p, 0, 0};
    while (end - p >= RUN) {
        uint64_t all = 0;
        for (int i = 0; i < RUN; i += 8)
            all |= load_eight(p + i);
        if (all & 0x8080808080808080)
            p = read_characters(c, &r, p, p + RUN);
        else {
            read_run(c, &r, p);
            p += RUN;
        }
    }
    read_characters(c, &r, p, end);
    end_word(c, &r, end);
    while (last > text.at && (*last & 0xc0) == 0x80)
        last--;
    size_t size, units;
    float *row = c->rows + number;
    for (int i = 0; i < CLASSES; i++)
        row[i * c->count] = (float)r.seen[i];
    row[SMALL * c->count] = (float)r.small;
    row[FIRST * c->count] = class_at(c, text.at, &size, &units);
    row[LAST * c->count] = class_at(c, last, &size, &units);
    return (Py_ssize_t)r.seen[SPACE] + 1;
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
    for (int i = 0; i < 128; i++) {
        int kind = c.classes[i] & 15;
        (kind < 8 ? c.low : c.high)[i] = (uint64_t)1 << 8 * (kind & 7);
    }
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
