/* What queries look for in the values of attributes: all of it at once, in one pass over each value. */

#include "sought.h"

#include "css.h"
#include "text.h"

/* how a value is compared: it is another, has it in it, begins with it, or has it as a word; with capital letters too */
enum { IS = 0, CONTAINS = 1, BEGINS = 2, WORD = 3, ANY_CASE = 4 };

void begin_wanted(wanted *all)
{
    all->count = all->word_count = 0;
    all->of_any = all->at_start = all->empty = all->lettered = 0;
    all->worded = 0;
    memset(all->tags, 0, sizeof all->tags);
}

static void note_letter(uint64_t *into, unsigned char letter, uint64_t bit, int any_case)
{
    into[letter] |= bit;
    if (any_case && letter >= 'a' && letter <= 'z')
        into[letter ^ 32] |= bit;
}

/* Note how a text begins; in any case it is given in small letters. */
static void note_beginning(beginnings *into, bytes text, uint64_t bit, int any_case)
{
    note_letter(into->first, text.at[0], bit, any_case);
    uint64_t *following[] = {into->second, into->third};
    for (size_t at = 1; at <= 2; at++)
        if (text.count > at)
            note_letter(following[at - 1], text.at[at], bit, any_case);
        else
            for (int c = 0; c < 256; c++)
                following[at - 1][c] |= bit;
}

/* (name, value, letters, how, number of the tag or 0) */
static int read_sought(wanted *all, PyObject *given, int number)
{
    const char *name, *value, *letters;
    Py_ssize_t name_size, value_size, letters_size;
    unsigned long tag;
    size_t at = all->count;
    uint64_t bit = (uint64_t)1 << at;
    sought *each = &all->all[at];
    if (!PyArg_ParseTuple(given, "y#y#y#ik", &name, &name_size, &value, &value_size, &letters, &letters_size, &each->how,
                          &tag))
        return -1;
    each->name = (bytes){(const unsigned char *)name, (size_t)name_size};
    each->value = (bytes){(const unsigned char *)value, (size_t)value_size};
    each->letters = (bytes){(const unsigned char *)letters, (size_t)letters_size};
    each->query = 1u << number;
    if (at == 0) {
        memset(all->of_tag, 0, sizeof all->of_tag);
        memset(all->of_query, 0, sizeof all->of_query);
        memset(&all->values, 0, sizeof all->values);
    }
    if (tag == 0)
        all->of_any |= bit;
    else if (tag < TAGS)
        all->of_tag[tag] |= bit;
    all->of_query[number] |= bit;
    int how = each->how & ~ANY_CASE;
    if (letters_size)
        all->lettered |= bit;
    if (value_size == 0)
        all->empty |= bit;
    else if (how == IS || how == BEGINS)
        all->at_start |= bit;
    else
        note_beginning(&all->values, each->value, bit, each->how & ANY_CASE);
    all->count++;
    return 0;
}

int read_query(wanted *all, PyObject *given, int number, Py_ssize_t *most)
{
    PyObject *attributes, *words;
    const char *tags;
    Py_ssize_t tag_count;
    if (!PyTuple_Check(given)) {
        PyErr_SetString(PyExc_TypeError, "a query is a tuple");
        return -1;
    }
    if (!PyArg_ParseTuple(given, "y#O!O!n", &tags, &tag_count, &PyTuple_Type, &attributes, &PyTuple_Type, &words, most))
        return -1;
    size_t count = (size_t)PyTuple_Size(attributes), word_count = (size_t)PyTuple_Size(words);
    if (tag_count != TAGS || all->count + count > MOST_SOUGHT || word_count > MOST_WORDS ||
        (word_count && all->word_count)) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return -1;
    }
    for (int i = 0; i < TAGS; i++)
        all->tags[i] |= tags[i] ? 1u << number : 0;
    for (size_t i = 0; i < count; i++)
        if (read_sought(all, PyTuple_GetItem(attributes, (Py_ssize_t)i), number) < 0)
            return -1;
    if (word_count)
        memset(&all->styles, 0, sizeof all->styles);
    for (size_t i = 0; i < word_count; i++) {
        char *word;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(words, (Py_ssize_t)i), &word, &size) < 0)
            return -1;
        all->words[i] = (bytes){(const unsigned char *)word, (size_t)size};
        if (size)
            note_beginning(&all->styles, all->words[i], (uint64_t)1 << i, 1);
    }
    if (word_count) {
        all->word_count = word_count;
        all->worded = 1u << number;
    }
    return 0;
}

/* Whether a text begins with another; in any case that is in small letters. */
static int starts(bytes text, bytes part, int any_case)
{
    if (part.count > text.count)
        return 0;
    if (!any_case)
        return memcmp(text.at, part.at, part.count) == 0;
    for (size_t i = 0; i < part.count; i++)
        if (lower(text.at[i]) != part.at[i])
            return 0;
    return 1;
}

/* Whether what is looked for stands at a place in a value. */
static int stands_at(const sought *one, bytes value, size_t at)
{
    bytes rest = {value.at + at, value.count - at};
    if (!starts(rest, one->value, one->how & ANY_CASE))
        return 0;
    if ((one->how & ~ANY_CASE) != WORD)
        return 1;
    size_t end = at + one->value.count;
    return (at == 0 || is_space(value.at[at - 1])) && (end == value.count || is_space(value.at[end]));
}

/* Of what was found in a value, that whose letters it lacks. */
static uint64_t lacking_letters(const wanted *all, bytes value, uint64_t found)
{
    uint64_t lacking = 0;
    for (uint64_t left = found & all->lettered; left; left &= left - 1)
        if (!holds(value, all->all[__builtin_ctzll(left)].letters))
            lacking |= left & -left;
    return lacking;
}

uint64_t find_sought(const wanted *all, bytes value, uint64_t possible)
{
    uint64_t found = possible & all->empty, left;
    if (value.count == 0)
        return found & ~lacking_letters(all, value, found);
    for (left = possible & all->at_start & ~found; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        const sought *one = &all->all[i];
        if (((one->how & ~ANY_CASE) == BEGINS || one->value.count == value.count) && stands_at(one, value, 0))
            found |= (uint64_t)1 << i;
    }
    possible &= ~(all->at_start | found);
    if (possible == 0)
        return found & ~lacking_letters(all, value, found);
    const beginnings *values = &all->values;
    const unsigned char *p = value.at, *last = p + value.count - 1;
    uint64_t begun = values->first[*p] & possible;
    for (; p < last; p++) {
        left = begun & values->second[p[1]];
        begun = values->first[p[1]] & possible;
        if (left == 0)
            continue;
        /* behind the last stands a NUL, which no value goes on with */
        for (left &= values->third[p + 1 < last ? p[2] : 0]; left; left &= left - 1) {
            int i = __builtin_ctzll(left);
            if (stands_at(&all->all[i], value, (size_t)(p - value.at)))
                found |= (uint64_t)1 << i;
        }
    }
    for (left = begun & values->second[0] & values->third[0]; left; left &= left - 1) {
        int i = __builtin_ctzll(left);
        if (stands_at(&all->all[i], value, value.count - 1))
            found |= (uint64_t)1 << i;
    }
    return found & ~lacking_letters(all, value, found);
}

int has_word(const wanted *all, bytes style)
{
    for (size_t at = 0; at < style.count; at++) {
        unsigned char next = at + 1 < style.count ? style.at[at + 1] : 0;
        if (style.at[at] >= 0x80)
            return 1;
        uint64_t left = all->styles.first[style.at[at]] & all->styles.second[next];
        if (left)
            left &= all->styles.third[at + 2 < style.count ? style.at[at + 2] : 0];
        for (; left; left &= left - 1)
            if (starts((bytes){style.at + at, style.count - at}, all->words[__builtin_ctzll(left)], 1))
                return 1;
    }
    return 0;
}
