/* What a style sheet sets its custom properties to, and what stands before its blocks. */

#include "arrays.h"
#include "css.h"
#include "marks.h"
#include "text.h"

typedef uint32_t number;

static int is_in_name(unsigned char c)
{
    return is_digit(c) || c == '_' || c == '-' || c >= 0x80 || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* Eight bytes at a time, letters in lower case (and a few signs like others); nobody outside knows the seed. */
static number hash_of(uint64_t seed, const unsigned char *p, size_t size)
{
    uint64_t hash = seed, eight;
    for (size_t i = 0; i < size; i += 8) {
        eight = 0;
        memcpy(&eight, p + i, size - i < 8 ? size - i : 8);
        hash = (hash ^ (eight | 0x2020202020202020)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (number)hash;
}

/* An index: the seed and the mask of a table, then for each slot the place of a name in the sheets, from 1. */
enum { HEAD = 3 };
typedef struct {
    const unsigned char *css, *end;
    uint64_t seed;
    number mask, *slots;
} values;

/* The slot of a name, or a free one for it; NULL where neither is left. */
static number *slot_of(const values *v, const unsigned char *name, size_t size)
{
    number slot = hash_of(v->seed, name, size) & v->mask;
    for (number left = v->mask; left > 0 && v->slots[slot] != 0; left--, slot = (slot + 1) & v->mask) {
        const unsigned char *other = v->css + v->slots[slot] - 1;
        size_t same = 0;
        while (same < size && other < v->end && lower(*other) == lower(name[same]))
            same++, other++;
        if (same == size && (other == v->end || !is_in_name(*other)))
            return &v->slots[slot];
    }
    return v->slots[slot] == 0 ? &v->slots[slot] : NULL;
}

static const unsigned char *skip_name(const unsigned char *p, const unsigned char *end)
{
    while (p < end && is_in_name(*p))
        p++;
    return p;
}

/* Where the value begins that stands behind a name; NULL where no colon does. */
static const unsigned char *value_behind(const unsigned char *p, const unsigned char *end)
{
    while (p < end && (is_space(*p) || *p == '\v'))
        p++;
    return p < end && *p == ':' ? p + 1 : NULL;
}

#define DASH "-", 1

/* The beginnings and the ends of the names that are set, in order. */
static int find_names(const unsigned char *css, const unsigned char *end, column *found)
{
    const unsigned char *p = css;
    marks dashes = begin_marks(css, end, DASH);
    for (const unsigned char *name; (name = next_mark(&dashes, DASH)) != NULL;) {
        /* in a name that was read before */
        if (name < p || name + 1 == end || name[1] != '-')
            continue;
        p = skip_name(name, end);
        if ((name > css && is_in_name(name[-1])) || value_behind(p, end) == NULL)
            continue;
        if (push(found, name - css) < 0 || push(found, p - css) < 0)
            return -1;
    }
    return 0;
}

const char index_values_doc[] =
    "index_values(css)\n--\n\n"
    "What `find_value` needs to know of style sheets of less than 4 GB.";

PyObject *index_values(PyObject *module, PyObject *css)
{
    (void)module;
    static uint64_t seed;
    char *given;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(css, &given, &size) < 0)
        return NULL;
    if ((uint64_t)size >= UINT32_MAX) {
        PyErr_SetString(PyExc_ValueError, "style sheets of 4 GB");
        return NULL;
    }
    if (seed == 0) {
        PyObject *text = PyUnicode_FromString("custom property");
        seed = text ? (uint64_t)PyObject_Hash(text) | 1 : 0;
        Py_XDECREF(text);
        if (seed == 0)
            return NULL;
    }
    values v = {(const unsigned char *)given, (const unsigned char *)given + size, seed, 15, NULL};
    column names = {0};
    PyObject *index = NULL;
    if (find_names(v.css, v.end, &names) == 0) {
        /* twice as many slots as names, of which each has two places */
        while (v.mask < names.count)
            v.mask = v.mask * 2 + 1;
        index = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)((HEAD + (size_t)v.mask + 1) * sizeof(number)));
    }
    if (index != NULL) {
        char *into = PyBytes_AsString(index);
        memcpy(into, &v.seed, sizeof v.seed);
        memcpy(into + sizeof v.seed, &v.mask, sizeof v.mask);
        v.slots = (number *)(void *)into + HEAD;
        memset(v.slots, 0, ((size_t)v.mask + 1) * sizeof *v.slots);
    }
    for (size_t i = 0; index != NULL && i < names.count; i += 2) {
        number *slot = slot_of(&v, v.css + names.at[i], (size_t)(names.at[i + 1] - names.at[i]));
        if (slot != NULL && *slot == 0)
            *slot = (number)names.at[i] + 1;
    }
    PyMem_Free(names.at);
    return index;
}

const char find_value_doc[] =
    "find_value(css, index, name)\n--\n\n"
    "Where the value begins that a custom property is set to first, as `css_scan.find_values` has it; -1 where it is not.\n"
    "`name` is in lower case, `index` is `index_values(css)`.";

PyObject *find_value(PyObject *module, PyObject *args)
{
    (void)module;
    const char *css, *index, *name;
    Py_ssize_t size, index_size, name_size;
    if (!PyArg_ParseTuple(args, "y#y#y#:find_value", &css, &size, &index, &index_size, &name, &name_size))
        return NULL;
    values v = {(const unsigned char *)css, (const unsigned char *)css + size, 0, 0, NULL};
    if (index_size >= HEAD * (Py_ssize_t)sizeof(number)) {
        memcpy(&v.seed, index, sizeof v.seed);
        memcpy(&v.mask, index + sizeof v.seed, sizeof v.mask);
    }
    if (v.mask == 0 || (v.mask & (v.mask + 1)) != 0 ||
        (uint64_t)index_size != (HEAD + (uint64_t)v.mask + 1) * sizeof(number)) {
        PyErr_SetString(PyExc_ValueError, "another index");
        return NULL;
    }
    /* not written to */
    v.slots = (number *)(uintptr_t)index + HEAD;
    const number *slot = slot_of(&v, (const unsigned char *)name, (size_t)name_size);
    if (slot == NULL || *slot == 0 || *slot > (size_t)size)
        return PyLong_FromLong(-1);
    const unsigned char *value = value_behind(skip_name(v.css + *slot - 1, v.end), v.end);
    return PyLong_FromSsize_t(value ? value - v.css : -1);
}

const char read_prelude_doc[] =
    "read_prelude(css, start, most)\n--\n\n"
    "What stands before the block that begins at `start`; of more than `most` bytes what is behind their first comma.";

PyObject *read_prelude(PyObject *module, PyObject *args)
{
    (void)module;
    const char *css;
    Py_ssize_t size, start, most;
    if (!PyArg_ParseTuple(args, "y#nn:read_prelude", &css, &size, &start, &most))
        return NULL;
    if (start < 0 || start > size || most < 0) {
        PyErr_SetString(PyExc_ValueError, "a place outside the sheets");
        return NULL;
    }
    const unsigned char *begin = (const unsigned char *)css, *end = begin + start, *p = end;
    const unsigned char *least = start > most ? end - most : begin;
    int is_ascii = 1;
    for (; p > least && p[-1] != '}' && p[-1] != '{' && p[-1] != ';'; p--)
        is_ascii &= p[-1] < 0x80;
    if (p == least && p > begin) {
        const unsigned char *comma = memchr(p, ',', (size_t)(end - p));
        p = comma ? comma + 1 : end;
    }
    if (!is_ascii) {
        PyObject *text = decode(p, (size_t)(end - p));
        PyObject *stripped = text ? PyObject_CallMethod(text, "strip", NULL) : NULL;
        Py_XDECREF(text);
        return stripped;
    }
    while (p < end && space_at(p, end))
        p++;
    while (p < end && space_at(end - 1, end))
        end--;
    return decode(p, (size_t)(end - p));
}
