/* Which of many words a text has in it: most have none, and need not become Python's. */

#include "text.h"
#include "walk.h"

/* a bit for each three bytes that a word begins with; words are found by the first of them, which is ASCII */
enum { LEAST = 3, BEGINNINGS = 4096, LETTERS = 128 };

/* What `pack_words` gives: then follow the words, each behind its size and number, in the order of their first letters. */
typedef struct {
    unsigned char begins[BEGINNINGS / 8];
    /* the place of the first word that begins so, and how many do */
    uint16_t first[LETTERS], count[LETTERS];
} packed_words;

static inline size_t beginning_of(const unsigned char *p)
{
    return (p[0] * 961u + p[1] * 31u + p[2]) % BEGINNINGS;
}

static int is_word(bytes word)
{
    if (word.count < LEAST || word.count > 255)
        return 0;
    return word.at[0] < LETTERS;
}

static bytes word_of(PyObject *words, Py_ssize_t i)
{
    char *text = NULL;
    Py_ssize_t size = 0;
    if (PyBytes_AsStringAndSize(PyTuple_GetItem(words, i), &text, &size) < 0)
        return (bytes){NULL, 0};
    return (bytes){(const unsigned char *)text, (size_t)size};
}

const char pack_words_doc[] =
    "pack_words(words)\n--\n\n"
    "Words as `find_said` takes them: UTF-8 in lower case, three bytes or more, that begins with ASCII.";

PyObject *pack_words(PyObject *module, PyObject *words)
{
    (void)module;
    if (!PyTuple_Check(words)) {
        PyErr_SetString(PyExc_TypeError, "not a tuple");
        return NULL;
    }
    size_t size = sizeof(packed_words);
    for (Py_ssize_t i = 0; i < PyTuple_Size(words); i++) {
        bytes word = word_of(words, i);
        if (word.at == NULL)
            return NULL;
        size += 2 + word.count;
        if (!is_word(word) || size > UINT16_MAX || i > UINT8_MAX) {
            PyErr_SetString(PyExc_ValueError, "a word of another form, or too many");
            return NULL;
        }
    }
    PyObject *packed = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    if (packed == NULL)
        return NULL;
    unsigned char *into = (unsigned char *)PyBytes_AsString(packed);
    packed_words head = {0};
    size_t at = sizeof head;
    for (int letter = 0; letter < LETTERS; letter++) {
        head.first[letter] = (uint16_t)at;
        for (Py_ssize_t i = 0; i < PyTuple_Size(words); i++) {
            bytes word = word_of(words, i);
            if (word.at[0] != letter)
                continue;
            head.count[letter]++;
            head.begins[beginning_of(word.at) / 8] |= (unsigned char)(1 << beginning_of(word.at) % 8);
            into[at++] = (unsigned char)word.count;
            into[at++] = (unsigned char)i;
            memcpy(into + at, word.at, word.count);
            at += word.count;
        }
    }
    memcpy(into, &head, sizeof head);
    return packed;
}

/* The numbers of the words that a text in lower case has, each once; NULL and an exception on an error. */
static PyObject *find_in(const packed_words *head, bytes packed, const unsigned char *text, size_t count)
{
    PyObject *found = PyList_New(0);
    unsigned char is_found[UINT8_MAX + 1] = {0};
    const unsigned char *end = text + count, *last = packed.at + packed.count;
    for (const unsigned char *p = text; found != NULL && end - p >= LEAST; p++) {
        size_t beginning = beginning_of(p);
        if (*p >= LETTERS || !(head->begins[beginning / 8] >> beginning % 8 & 1))
            continue;
        const unsigned char *word = packed.at + head->first[*p];
        for (int left = head->count[*p]; left > 0 && last - word >= 2 && *word <= last - word - 2; left--, word += 2 + *word) {
            if (is_found[word[1]] || end - p < *word || memcmp(p, word + 2, *word) != 0)
                continue;
            is_found[word[1]] = 1;
            if (append(found, PyLong_FromLong(word[1])) < 0) {
                Py_CLEAR(found);
                break;
            }
        }
    }
    return found;
}

/* Write a text in lower case; 0 where it has characters that this does not know. Those it knows are Latin-1, general
   punctuation, currency signs and the like (U+2000 to U+20FF); each of them is as long in lower case. */
static int lower_all(unsigned char *into, const unsigned char *p, const unsigned char *end)
{
    for (; p < end; p++) {
        unsigned char c = *p;
        if (c < 0x80) {
            *into++ = c >= 'A' && c <= 'Z' ? c | 32 : c;
            continue;
        }
        size_t size = size_at(p, end);
        if (size == 2 && c <= 0xc3) {
            int is_capital = c == 0xc3 && p[1] <= 0x9e && p[1] != 0x97;
            *into++ = c;
            *into++ = is_capital ? p[1] + 0x20 : p[1];
        } else if (size == 3 && c == 0xe2 && p[1] <= 0x83) {
            memcpy(into, p, 3);
            into += 3;
        } else
            return 0;
        p += size - 1;
    }
    return 1;
}

static const char no_code[TAGS] = {0};

/* of a character that `lower_all` knows */
enum { MOST_BYTES = 3 };

const char find_said_doc[] =
    "find_said(element, words, most)\n--\n\n"
    "The numbers of the words, in either case, in the first `most` characters of the text in a LexborNode, and maybe in\n"
    "some more; None where it has characters beside Latin-1 and general punctuation. `words` is `pack_words(words)`.";

PyObject *find_said(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *element, *parser;
    const char *packed;
    Py_ssize_t size, most;
    if (!PyArg_ParseTuple(args, "Oy#n:find_said", &element, &packed, &size, &most))
        return NULL;
    node *top = address_of(element, &parser);
    if (top == NULL)
        return NULL;
    packed_words head;
    if (size < (Py_ssize_t)sizeof head || most < 0 || most > PY_SSIZE_T_MAX / MOST_BYTES - 1) {
        PyErr_SetString(PyExc_ValueError, "words of another form");
        return NULL;
    }
    memcpy(&head, packed, sizeof head);
    size_t room = (size_t)most * MOST_BYTES, count = 0;
    unsigned char *text = PyMem_Malloc(room + 1);
    if (text == NULL)
        return PyErr_NoMemory();
    int is_known = 1;
    around a = {.is_code = no_code};
    for (node *each = top; each != NULL && count < room && is_known; each = step(&a, each, top)) {
        const text_node *part = (const text_node *)each;
        if (lexbor.type(each) != TEXT || part->data == NULL)
            continue;
        size_t taken = part->length < room - count ? part->length : room - count;
        /* not within a character: what is behind is behind the first `most`, too */
        while (taken < part->length && taken > 0 && (part->data[taken] & 0xc0) == 0x80)
            taken--;
        if (taken == 0 && part->length > 0)
            break;
        is_known = lower_all(text + count, part->data, part->data + taken);
        count += taken;
    }
    bytes words = {(const unsigned char *)packed, (size_t)size};
    PyObject *found = is_known ? find_in(&head, words, text, count) : Py_NewRef(Py_None);
    PyMem_Free(text);
    return found;
}
