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
    word_table texts;
    const scored_words *words;
    /* by word of the head, where it is said */
    scored_words said;
    /* ROWS times the number of texts */
    float *rows;
    Py_ssize_t count;
    /* the words of short texts; of these texts their numbers, and which word is their first */
    asked_words asked;
    column shorts, firsts;
    /* by text of `texts`, how often */
    column times;
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

/* Ask for the words of a short text, which is from `at` on in lower case at the end of the letters. */
static int ask_words(counting *c, size_t at, Py_ssize_t number)
{
    const buffer *letters = &c->asked.letters;
    if (push(&c->shorts, number) < 0 || push(&c->firsts, (Py_ssize_t)c->asked.count) < 0)
        return -1;
    for (size_t end = at;; end++) {
        if (end < letters->count && letters->at[end] != ' ')
            continue;
        if (ask(&c->asked, c->words, at, end - at) < 0)
            return -1;
        if (end == letters->count)
            return 0;
        at = end + 1;
    }
}

/* ASCII is lowered here; the rest by Python, which knows every letter. */
static int ask_lowered(counting *c, PyObject *each, bytes text, Py_ssize_t number)
{
    buffer *letters = &c->asked.letters;
    size_t at = letters->count;
    if (PyUnicode_GetLength(each) == (Py_ssize_t)text.count) {
        if (put(letters, text.at, text.count) < 0)
            return -1;
        for (size_t i = at; i < letters->count; i++)
            if (letters->at[i] >= 'A' && letters->at[i] <= 'Z')
                letters->at[i] += 'a' - 'A';
        return ask_words(c, at, number);
    }
    PyObject *lowered = PyObject_CallMethod(each, "lower", NULL);
    bytes small;
    int failed = lowered == NULL || utf8_of(lowered, &small) < 0 || put(letters, small.at, small.count) < 0 ||
                 ask_words(c, at, number) < 0;
    Py_XDECREF(lowered);
    return failed ? -1 : 0;
}

/* What the words of the short texts say; by word its score. */
static void look_up(const counting *c, float *learned)
{
    for (size_t i = 0; i < c->shorts.count; i++) {
        size_t word = (size_t)c->firsts.at[i];
        size_t end = i + 1 < c->shorts.count ? (size_t)c->firsts.at[i + 1] : c->asked.count;
        float *row = c->rows + c->shorts.at[i], title = 0, description = 0;
        float least = INFINITY, greatest = -INFINITY;
        for (; word < end; word++) {
            float score = learned[word] = score_of(&c->asked, c->words, word);
            int said = (int)score_of(&c->asked, &c->said, word);
            title += (said & SAID_IN_TITLE) != 0;
            description += (said & SAID_IN_DESCRIPTION) != 0;
            least = score < least ? score : least;
            greatest = score > greatest ? score : greatest;
        }
        row[IN_TITLE * c->count] = title;
        row[IN_DESCRIPTION * c->count] = description;
        row[LEAST * c->count] = least;
        row[GREATEST * c->count] = greatest;
    }
}

/* Each text, and how often it stands there. */
static int count_all(counting *c, PyObject *texts)
{
    for (Py_ssize_t i = 0; i < c->count; i++) {
        fetch_ahead(texts, i, c->count);
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
        if (count_classes(c, text, i) <= c->short_words && ask_lowered(c, each, text, i) < 0)
            return -1;
    }
    for (Py_ssize_t i = 0; i < c->count; i++)
        c->rows[REPEATS * c->count + i] = (float)c->times.at[c->same.at[i]];
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
    PyObject *texts, *said, *words, *rows = NULL, *learned = NULL, *result = NULL;
    const char *classes;
    Py_ssize_t class_count;
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
    if (read_scores_of(&c.said, said) < 0 || count_all(&c, texts) < 0 ||
        (learned = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(c.asked.count * sizeof(float)))) == NULL)
        goto done;
    look_up(&c, (float *)PyBytes_AsString(learned));
    result = Py_BuildValue("(OONN)", rows, learned, bytes_of(c.shorts.at, c.shorts.count * sizeof *c.shorts.at),
                           bytes_of(c.firsts.at, c.firsts.count * sizeof *c.firsts.at));
done:
    Py_XDECREF(rows);
    Py_XDECREF(learned);
    free_scores(&c.said);
    free_table(&c.texts);
    column *columns[] = {&c.shorts, &c.firsts, &c.times, &c.same};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        PyMem_Free(columns[i]->at);
    free_asked(&c.asked);
    return result;
}
