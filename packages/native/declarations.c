/* `_pairs_of` of gateway/core/visibility/css.py: what a style declares. */

#include "css.h"
#include "text.h"
#include "words.h"

static bytes strip_space(const unsigned char *p, const unsigned char *end)
{
    while (p < end && space_at(p, end))
        p++;
    while (p < end && space_at(end - 1, end))
        end--;
    return (bytes){p, (size_t)(end - p)};
}

/* Add what stands before a `;`. */
static int add_declaration(PyObject *found, const unsigned char *p, const unsigned char *end)
{
    const unsigned char *colon = memchr(p, ':', (size_t)(end - p));
    if (colon == NULL)
        return 0;
    bytes name = strip_space(p, colon), value = strip_space(colon + 1, end);
    PyObject *first = decode(name.at, name.count), *second = first ? decode(value.at, value.count) : NULL;
    int failed = second == NULL || append(found, PyTuple_Pack(2, first, second)) < 0;
    Py_XDECREF(first);
    Py_XDECREF(second);
    return failed ? -1 : 0;
}

/* A style, text or bytes, in lower case, to be freed; NULL and no exception where it has other characters than ASCII, escapes
   or comments. */
static unsigned char *lower_plain(PyObject *style, bytes *given)
{
    if (PyBytes_Check(style))
        *given = (bytes){(const unsigned char *)PyBytes_AsString(style), (size_t)PyBytes_Size(style)};
    else if (utf8_of(style, given) < 0) {
        /* half a character */
        if (PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            PyErr_Clear();
        return NULL;
    }
    unsigned char *low = PyMem_Malloc(given->count + 1);
    if (low == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    int is_plain = 1;
    for (size_t i = 0; i < given->count; i++) {
        unsigned char c = given->at[i];
        is_plain &= c < 0x80 && c != '\\' && !(c == '*' && i > 0 && given->at[i - 1] == '/');
        low[i] = lower(c);
    }
    if (is_plain)
        return low;
    PyMem_Free(low);
    return NULL;
}

const char split_declarations_doc[] =
    "split_declarations(style)\n--\n\n"
    "The properties and values of a style, text or bytes, in lower case; None where it has other characters than ASCII,\n"
    "escapes or comments.";

PyObject *split_declarations(PyObject *module, PyObject *style)
{
    (void)module;
    bytes given;
    unsigned char *low = lower_plain(style, &given);
    if (low == NULL)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    PyObject *found = PyList_New(0);
    for (const unsigned char *p = low, *end = low + given.count; found != NULL && p < end;) {
        const unsigned char *behind = memchr(p, ';', (size_t)(end - p));
        behind = behind ? behind : end;
        if (add_declaration(found, p, behind) < 0)
            Py_CLEAR(found);
        p = behind + 1;
    }
    PyMem_Free(low);
    return found;
}

/* A declaration of a style in lower case. */
typedef struct {
    bytes name, value;
    int is_important;
} declared;

/* Read what stands before a `;`: 1 where it is one, 0 where it is none, -1 where Python must say what it is. */
static int read_declared(declared *into, const unsigned char *p, const unsigned char *end)
{
    static const char important[] = "important";
    const unsigned char *colon = memchr(p, ':', (size_t)(end - p));
    if (colon == NULL)
        return 0;
    into->name = strip_space(p, colon);
    into->value = strip_space(colon + 1, end);
    const unsigned char *mark = memchr(into->value.at, '!', into->value.count);
    into->is_important = mark != NULL;
    if (mark == NULL)
        return 1;
    const unsigned char *last = into->value.at + into->value.count, *word = mark + 1;
    while (word < last && space_at(word, last))
        word++;
    if ((size_t)(last - word) != sizeof important - 1 || memcmp(word, important, sizeof important - 1) != 0)
        return -1;
    into->value = strip_space(into->value.at, mark);
    return 1;
}

static int is_one_of(bytes text, const char *const *words)
{
    for (; *words; words++)
        if (is(text, *words))
            return 1;
    return 0;
}

/* Whether it is a number, and behind it, if that may be, a unit or a `%`. */
static int is_number(bytes value, int may_have_unit)
{
    size_t at = 0, digits = 0, letters = 0;
    for (int points = 0; at < value.count && (is_digit(value.at[at]) || (value.at[at] == '.' && points == 0)); at++) {
        points += value.at[at] == '.';
        digits += value.at[at] != '.';
    }
    if (digits == 0 || (value.at[at - 1] == '.' && at < value.count))
        return 0;
    if (at == value.count)
        return 1;
    if (!may_have_unit)
        return 0;
    if (value.at[at] == '%')
        return at + 1 == value.count;
    for (; at < value.count && value.at[at] >= 'a' && value.at[at] <= 'z'; at++)
        letters++;
    return at == value.count && letters <= 5;
}

/* Whether browsers take a value, as far as that is plain: 0 where `_VALUES` of css.py must say so. */
static int is_taken(bytes name, bytes value)
{
    static const char *const displays[] = {"none", "block", "inline-block", "flex", "inline", "grid", "inline-flex",
                                           "table", "table-cell", "contents", "list-item", "inherit", NULL};
    static const char *const visibilities[] = {"hidden", "visible", "collapse", "inherit", NULL};
    if (is(name, "display"))
        return is_one_of(value, displays);
    if (is(name, "visibility"))
        return is_one_of(value, visibilities);
    if (is(name, "opacity"))
        return is_number(value, 0);
    if (is(name, "font-size"))
        return is_number(value, 1);
    return 1;
}

/* Add a declaration: 0 where that was done, 1 where Python must say what holds, -1 on an error. */
static int set_declared(PyObject *found, const declared *each, declared *important, size_t *count, size_t most)
{
    for (size_t i = 0; !each->is_important && i < *count; i++)
        if (each->name.count == important[i].name.count && memcmp(each->name.at, important[i].name.at, each->name.count) == 0)
            return 0;
    if (!is_taken(each->name, each->value) || (each->is_important && *count == most))
        return 1;
    if (each->is_important)
        important[(*count)++] = *each;
    PyObject *name = decode(each->name.at, each->name.count);
    PyObject *value = name ? decode(each->value.at, each->value.count) : NULL;
    int failed = value == NULL || PyDict_SetItem(found, name, value) < 0;
    Py_XDECREF(name);
    Py_XDECREF(value);
    return failed ? -1 : 0;
}

const char read_declarations_doc[] =
    "read_declarations(style)\n--\n\n"
    "As `declarations` of css.py, of a style that is text or bytes; None where it is not plain what holds.";

PyObject *read_declarations(PyObject *module, PyObject *style)
{
    (void)module;
    enum { MOST_IMPORTANT = 16 };
    bytes given;
    unsigned char *low = lower_plain(style, &given);
    if (low == NULL)
        return PyErr_Occurred() ? NULL : Py_NewRef(Py_None);
    declared important[MOST_IMPORTANT];
    size_t count = 0;
    PyObject *found = PyDict_New();
    int failed = found == NULL ? -1 : 0;
    for (const unsigned char *p = low, *end = low + given.count; failed == 0 && p < end;) {
        const unsigned char *behind = memchr(p, ';', (size_t)(end - p));
        behind = behind ? behind : end;
        declared each;
        int is_one = read_declared(&each, p, behind);
        failed = is_one < 0 ? 1 : is_one ? set_declared(found, &each, important, &count, MOST_IMPORTANT) : 0;
        p = behind + 1;
    }
    PyMem_Free(low);
    if (failed == 0)
        return found;
    Py_XDECREF(found);
    return failed < 0 ? NULL : Py_NewRef(Py_None);
}
