/* Where a style sheet speaks of a class, an id or a property. */

#include "arrays.h"
#include "css.h"
#include "marks.h"

/* An index of the places of `.` and `#` by what follows: the places in order, for each the next with the same hash (by
   its number, from 1), and the first for each hash. */
enum { KEY = 6 };
#define SIGNS ".#", 2
typedef uint32_t number;

static number hash_of(const unsigned char *p, number mask)
{
    uint64_t key = 0;
    memcpy(&key, p, KEY);
    return (number)((key * 0x9e3779b97f4a7c15u) >> 40) & mask;
}

const char index_names_doc[] =
    "index_names(css)\n--\n\n"
    "What `find_uses` needs to know of style sheets of less than 4 GB.";

PyObject *index_names(PyObject *module, PyObject *args)
{
    (void)module;
    const char *given;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "y#:index_names", &given, &size))
        return NULL;
    if ((uint64_t)size > UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "style sheets of 4 GB");
        return NULL;
    }
    const unsigned char *css = (const unsigned char *)given;
    column found = {0};
    marks signs = begin_marks(css, css + size, SIGNS);
    for (const unsigned char *sign; (sign = next_mark(&signs, SIGNS)) != NULL;)
        if (push(&found, sign - css) < 0) {
            PyMem_Free(found.at);
            return NULL;
        }
    number count = (number)found.count, mask = 63;
    while (mask < count)
        mask = mask * 2 + 1;
    /* how many, the mask; places, next ones, first ones */
    PyObject *index = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)((2 + 2 * (size_t)count + mask + 1) * sizeof(number)));
    if (index == NULL) {
        PyMem_Free(found.at);
        return NULL;
    }
    number *into = (number *)PyBytes_AsString(index), *places = into + 2, *next = places + count, *first = next + count;
    into[0] = count;
    into[1] = mask;
    memset(first, 0, ((size_t)mask + 1) * sizeof *first);
    /* from the end, so that each chain begins with the first */
    for (number left = count; left-- > 0;) {
        places[left] = (number)found.at[left];
        next[left] = 0;
        if (size - found.at[left] >= KEY) {
            number *head = &first[hash_of(css + found.at[left], mask)];
            next[left] = *head;
            *head = left + 1;
        }
    }
    PyMem_Free(found.at);
    return index;
}

const char find_setting_doc[] =
    "find_setting(css, word, most)\n--\n\n"
    "As `css_scan.find_setting`, for a word that begins with a letter.";

PyObject *find_setting(PyObject *module, PyObject *args)
{
    (void)module;
    const char *given, *word;
    Py_ssize_t size, word_size, most;
    if (!PyArg_ParseTuple(args, "y#y#n:find_setting", &given, &size, &word, &word_size, &most))
        return NULL;
    unsigned char letter = word_size > 0 ? lower((unsigned char)*word) : 0;
    if (letter < 'a' || letter > 'z') {
        PyErr_SetString(PyExc_ValueError, "a word that begins with no letter");
        return NULL;
    }
    const unsigned char *css = (const unsigned char *)given, *end = css + size;
    const char wanted[] = {'{', '}', (char)letter, (char)(letter - 'a' + 'A')};
    column found = {0};
    /* the last block that began, and whether it, or what is behind it, was found */
    Py_ssize_t start = -1;
    int is_found = 0;
    marks each = begin_marks(css, end, wanted, sizeof wanted);
    for (const unsigned char *p; (Py_ssize_t)found.count < most && (p = next_mark(&each, wanted, sizeof wanted)) != NULL;) {
        if (*p == '{') {
            start = p - css;
            continue;
        }
        if (*p == '}') {
            is_found = 0;
            continue;
        }
        if (is_found || start < 0 || end - p < word_size)
            continue;
        Py_ssize_t same = 1;
        while (same < word_size && lower(p[same]) == (unsigned char)word[same])
            same++;
        is_found = same == word_size;
        if (is_found && push(&found, start) < 0)
            break;
    }
    PyObject *list = PyErr_Occurred() ? NULL : list_of(&found);
    PyMem_Free(found.at);
    return list;
}

/* Whether a block may have one of the words in it, which are in lower case, or an escape: never wrongly 0, and 1 for long
   ones. */
static int may_have(const unsigned char *p, const unsigned char *end, const bytes *words, size_t count)
{
    enum { LOOKED_AT = 600 };
    uint64_t begins[4] = {0};
    for (size_t i = 0; i < count; i++)
        begins[*words[i].at / 64] |= (uint64_t)1 << *words[i].at % 64;
    const unsigned char *last = end - p > LOOKED_AT ? p + LOOKED_AT : end;
    for (; p < last && *p != '}'; p++) {
        unsigned char c = lower(*p);
        if (c == '\\')
            return 1;
        if (!(begins[c / 64] >> c % 64 & 1))
            continue;
        for (size_t i = 0; i < count; i++) {
            size_t same = 0;
            while (same < words[i].count && p + same < end && lower(p[same]) == words[i].at[same])
                same++;
            if (same == words[i].count)
                return 1;
        }
    }
    return p == last && last < end;
}

static int is_in_name(unsigned char c)
{
    return is_digit(c) || c == '_' || c == '-' || c >= 0x80 || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* Whether a word whose end is at `p` may be a name of an element itself, in a selector that ends at `end`, or stands there
   again: not where it is part of another name, or an element is named behind it. */
static int may_be_own(const unsigned char *p, const unsigned char *end, const char *word, size_t size)
{
    enum { COMBINATOR = 1, MAYBE = 2, GAP = 3, MOST_READ = 2000 };
    static const unsigned char kinds[256] = {['>'] = COMBINATOR, ['+'] = COMBINATOR, ['~'] = COMBINATOR, [','] = MAYBE,
                                             ['('] = MAYBE,      [')'] = MAYBE,      ['['] = MAYBE,      [']'] = MAYBE,
                                             ['\\'] = MAYBE,     ['"'] = MAYBE,      ['\''] = MAYBE,     [' '] = GAP,
                                             ['\t'] = GAP,       ['\n'] = GAP,       ['\f'] = GAP,       ['\r'] = GAP,
                                             ['\v'] = GAP};
    const unsigned char *rest = p;
    if (end - p > MOST_READ)
        return 1;
    if (rest == end || !is_in_name(*rest)) {
        while (rest < end && kinds[*rest] == 0)
            rest++;
        if (rest < end && kinds[*rest] == MAYBE)
            return 1;
        while (rest < end && kinds[*rest] == GAP)
            rest++;
        if (rest == end || *rest == ',')
            return 1;
    }
    for (; (size_t)(end - p) >= size; p++)
        if (memcmp(p, word, size) == 0)
            return 1;
    return 0;
}

enum { MOST_WORDS = 64 };

static int read_words(PyObject *given, bytes *words)
{
    Py_ssize_t count = PyTuple_Size(given);
    if (count > MOST_WORDS) {
        PyErr_SetString(PyExc_ValueError, "too many words");
        return -1;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        char *text;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(given, i), &text, &size) < 0)
            return -1;
        if (size == 0) {
            PyErr_SetString(PyExc_ValueError, "an empty word");
            return -1;
        }
        words[i] = (bytes){(const unsigned char *)text, (size_t)size};
    }
    return (int)count;
}

const char find_uses_doc[] =
    "find_uses(css, index, word, most, names=(), are_own=False)\n--\n\n"
    "As `css_scan.find_uses`, for a word that begins with `.` or `#`; `index` is `index_names(css)`. Blocks may be left\n"
    "out that have none of the `names`, which are in lower case, in them, and no escape; and with `are_own` those before\n"
    "which it is plain to see that the word is no name of the element itself.";

PyObject *find_uses(PyObject *module, PyObject *args)
{
    (void)module;
    const char *given, *index, *word;
    Py_ssize_t size, index_size, word_size, most;
    PyObject *names = NULL;
    bytes words[MOST_WORDS];
    int are_own = 0;
    if (!PyArg_ParseTuple(args, "y#y#y#n|O!p:find_uses", &given, &size, &index, &index_size, &word, &word_size, &most,
                          &PyTuple_Type, &names, &are_own))
        return NULL;
    int name_count = names ? read_words(names, words) : 0;
    if (name_count < 0)
        return NULL;
    number counts[2];
    if (index_size >= (Py_ssize_t)sizeof counts)
        memcpy(counts, index, sizeof counts);
    if (index_size < (Py_ssize_t)sizeof counts || word_size < 1 || (*word != '.' && *word != '#') ||
        (uint64_t)index_size != (2 + 2 * (uint64_t)counts[0] + counts[1] + 1) * sizeof(number)) {
        PyErr_SetString(PyExc_ValueError, "another index, or a word that is in none");
        return NULL;
    }
    const unsigned char *css = (const unsigned char *)given;
    const number *places = (const number *)(const void *)index + 2, *next = places + counts[0], *first = next + counts[0];
    column found = {0};
    Py_ssize_t after = 0, seen = 0;
    /* shorter words are no key: all places are looked at */
    int is_key = word_size >= KEY;
    number each = is_key ? first[hash_of((const unsigned char *)word, counts[1])] : counts[0] > 0;
    for (; each != 0 && seen < most; each = is_key ? next[each - 1] : (each + 1) % (counts[0] + 1)) {
        Py_ssize_t at = places[each - 1];
        if (at < after || size - at < word_size || memcmp(css + at, word, (size_t)word_size) != 0)
            continue;
        seen++;
        after = at + word_size;
        while (at < size && css[at] != '{' && css[at] != '}')
            at++;
        int is_block = at < size && css[at] == '{' &&
                       (!are_own || may_be_own(css + after, css + at, word, (size_t)word_size));
        if (is_block && (name_count == 0 || may_have(css + at + 1, css + size, words, (size_t)name_count)) &&
            push(&found, at) < 0)
            break;
    }
    PyObject *list = PyErr_Occurred() ? NULL : list_of(&found);
    PyMem_Free(found.at);
    return list;
}
