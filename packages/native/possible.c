/* Which blocks of a style sheet a page may have elements for: most name a class or an id that stands nowhere on it. */

#include "arrays.h"
#include "page_names.h"

/* rules in rules that are read: `_MAX_NESTED` of sheet_text.py, and the one that is in none */
enum { MOST_NESTED = 17 };

/* what selectors are held against */
typedef struct {
    const unsigned char *bits;
    /* words, none of which is in a selector for elements as they are; a bit for each by its first letter */
    bytes states[32];
    uint32_t begins[256];
    size_t state_count;
} page;

static int is_in_name(unsigned char c)
{
    return is_digit(c) || c == '_' || c == '-' || c >= 0x80 || (lower(c) >= 'a' && lower(c) <= 'z');
}

/* Read the class or id whose sign is at `*p`, and go behind it; 0 where the page has none of that name. */
static int is_there(const page *of, const unsigned char **p, const unsigned char *end)
{
    /* longer ones are taken to be there */
    unsigned char name[256], sign = *(*p)++;
    size_t count = 0;
    int is_known = 1;
    for (; *p < end && (is_in_name(**p) || **p == '\\'); (*p)++) {
        if (**p == '\\') {
            /* a letter by its number */
            if (*p + 1 == end || is_hex((*p)[1]) || (*p)[1] == '\n')
                is_known = 0;
            if (*p + 1 == end)
                continue;
            (*p)++;
        }
        if (count == sizeof name)
            is_known = 0;
        else
            name[count++] = **p;
    }
    /* what no name begins with is part of something else */
    if (!is_known || count == 0 || is_digit(name[0]) || (name[0] == '-' && (count == 1 || is_digit(name[1]))))
        return 1;
    size_t bit = name_bit(sign, name, count);
    return of->bits[bit / 8] >> bit % 8 & 1;
}

static int is_state(const page *of, const unsigned char *p, const unsigned char *end)
{
    uint32_t possible = of->begins[*p];
    for (size_t i = 0; i < of->state_count && possible >> i; i++)
        if (possible >> i & 1 && (size_t)(end - p) >= of->states[i].count &&
            memcmp(p, of->states[i].at, of->states[i].count) == 0)
            return 1;
    return 0;
}

/* Whether one of the selectors of a list may be for an element; how many there are is added to `count`. */
static int is_possible(const page *of, const unsigned char *p, const unsigned char *end, Py_ssize_t *count)
{
    int found = 0, fits = 1, depth = 0;
    ++*count;
    while (p < end) {
        unsigned char c = *p;
        /* what a string has in it may be anything */
        if (c == '"' || c == '\'')
            found = 1;
        fits &= !is_state(of, p, end);
        if (c == ',' && depth == 0) {
            found |= fits;
            fits = 1;
            ++*count;
        } else if (c == '(' || c == '[')
            depth++;
        else if ((c == ')' || c == ']') && depth > 0)
            depth--;
        else if (c == '\\' && p + 1 < end)
            /* of a name that begins elsewhere */
            found = 1;
        else if ((c == '.' || c == '#') && depth == 0) {
            const unsigned char *name = p;
            fits &= is_there(of, &p, end);
            for (; name < p; name++)
                fits &= !is_state(of, name, end);
            continue;
        }
        p++;
    }
    return found | fits;
}

/* a sheet, and how its blocks are in one another, as `scan_css` has it */
typedef struct {
    const unsigned char *css;
    Py_ssize_t css_size, size;
    column places, braces;
} sheet;

/* Where what stands before a block begins; `is_long` where it does not within `size` bytes. */
static const unsigned char *find_prelude(const sheet *s, Py_ssize_t at, int *is_long)
{
    const unsigned char *end = s->css + at, *p = end, *least = at > s->size ? end - s->size : s->css;
    while (p > least && p[-1] != '}' && p[-1] != '{' && p[-1] != ';')
        p--;
    *is_long = p == least && p > s->css;
    while (p < end && is_space(*p))
        p++;
    return p;
}

/* The brace of the block around a place, -1 without one. */
static Py_ssize_t find_outer(const sheet *s, Py_ssize_t at)
{
    size_t low = 0, high = s->places.count;
    while (low < high) {
        size_t middle = low + (high - low) / 2;
        if (s->places.at[middle] <= at)
            low = middle + 1;
        else
            high = middle;
    }
    Py_ssize_t outer = low ? s->braces.at[low - 1] : -1;
    return outer < at ? outer : -1;
}

/* How many selectors the blocks around a place make of each of its own, at most; `most` where there are more. */
static Py_ssize_t count_around(const sheet *s, Py_ssize_t at, Py_ssize_t most)
{
    Py_ssize_t total = 1;
    for (int level = 0; level < MOST_NESTED && total < most && (at = find_outer(s, at)) >= 0; level++) {
        int is_long;
        const unsigned char *p = find_prelude(s, at, &is_long), *end = s->css + at;
        Py_ssize_t count = 1;
        for (int is_rule = p < end && *p != '@'; is_rule && p < end; p++)
            count += *p == ',';
        total *= count;
    }
    return total < most ? total : most;
}

static int read_places(PyObject *list, column *into, Py_ssize_t least, Py_ssize_t size)
{
    for (Py_ssize_t i = 0; i < PyList_Size(list); i++) {
        Py_ssize_t at = PyLong_AsSsize_t(PyList_GetItem(list, i));
        if (PyErr_Occurred())
            return -1;
        if (at < least || at > size) {
            PyErr_SetString(PyExc_ValueError, "a place outside the sheets");
            return -1;
        }
        if (push(into, at) < 0)
            return -1;
    }
    return 0;
}

const char keep_possible_doc[] =
    "keep_possible(css, blocks, places, braces, names, states, size, most)\n--\n\n"
    "Of the places where `blocks` begin those for which the page may have elements: their selectors name classes and ids\n"
    "that are among `names`, and have none of the texts `states`. Selectors of more than `size` bytes are taken to be\n"
    "possible, and what an at-rule is before; all are where there are more than `most` selectors. `places` and `braces`\n"
    "are `css_scan.find_nesting`.";

PyObject *keep_possible(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *blocks, *places, *braces, *states, *kept = NULL;
    PyObject *names;
    Py_ssize_t most, count = 0;
    sheet s = {0};
    column starts = {0};
    if (!PyArg_ParseTuple(args, "y#O!O!O!OO!nn:keep_possible", &s.css, &s.css_size, &PyList_Type, &blocks, &PyList_Type,
                          &places, &PyList_Type, &braces, &names, &PyTuple_Type, &states, &s.size, &most))
        return NULL;
    const page_names *named = page_in(names);
    if (named == NULL)
        return NULL;
    page of = {.bits = named->bits, .state_count = (size_t)PyTuple_Size(states)};
    if (of.state_count > sizeof of.states / sizeof *of.states ||
        PyList_Size(places) != PyList_Size(braces)) {
        PyErr_SetString(PyExc_ValueError, "states or places of another size");
        return NULL;
    }
    for (size_t i = 0; i < of.state_count; i++) {
        char *text;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(states, (Py_ssize_t)i), &text, &size) < 0)
            return NULL;
        of.states[i] = (bytes){(const unsigned char *)text, (size_t)size};
        if (size)
            of.begins[(unsigned char)*text] |= (uint32_t)1 << i;
    }
    if (read_places(blocks, &starts, 0, s.css_size - 1) == 0 && read_places(places, &s.places, 0, s.css_size) == 0 &&
        read_places(braces, &s.braces, -1, s.css_size - 1) == 0)
        kept = PyList_New(0);
    for (size_t i = 0; kept != NULL && i < starts.count && count <= most; i++) {
        int is_long;
        Py_ssize_t own = 0;
        Py_ssize_t at = starts.at[i], outer = s.css[at] == '}' ? find_outer(&s, at) : -1;
        /* behind a block stands what the one around it declares */
        at = outer >= 0 ? outer : at;
        const unsigned char *end = s.css + at, *p = find_prelude(&s, at, &is_long);
        int is_kept = is_possible(&of, p, end, &own) || is_long || (p < end && *p == '@');
        count += own * count_around(&s, at, most + 1);
        if (is_kept && PyList_Append(kept, PyList_GetItem(blocks, (Py_ssize_t)i)) < 0)
            Py_CLEAR(kept);
    }
    PyMem_Free(starts.at);
    PyMem_Free(s.places.at);
    PyMem_Free(s.braces.at);
    if (kept == NULL || count <= most)
        return kept;
    Py_DECREF(kept);
    return Py_NewRef(blocks);
}
