/* What a page's bytes say before anything reads its tree: how many tags open and close, and which letters may combine. */

#include "arrays.h"

/* windows kept to tell what was met before */
enum { RECENT = 1024, HALF = 4 };

const char count_tags_doc[] =
    "count_tags(markup, window)\n--\n\n"
    "By window of so many bytes: how many `<` it has, and how many of them stand before a `/`; then how many of all\n"
    "stand before an `o`, capital or not.";

PyObject *count_tags(PyObject *module, PyObject *args)
{
    (void)module;
    const char *text;
    Py_ssize_t size, window, named = 0;
    column tags = {0}, closing = {0};
    if (!PyArg_ParseTuple(args, "y#n:count_tags", &text, &size, &window))
        return NULL;
    if (window < 1) {
        PyErr_SetString(PyExc_ValueError, "a window of no bytes");
        return NULL;
    }
    PyObject *result = NULL;
    for (Py_ssize_t at = 0; at < size;) {
        Py_ssize_t end = size - at < window ? size : at + window, opened = 0, closed = 0;
        while (at < end) {
            /* as many as a byte counts, so that the compiler looks at sixteen bytes at once; behind the last is a NUL */
            Py_ssize_t stop = end - at < 255 ? end : at + 255;
            unsigned char is_tag, is_closing, is_named, found = 0, ends = 0, names = 0;
            for (; at < stop; at++) {
                is_tag = text[at] == '<';
                is_closing = text[at + 1] == '/';
                is_named = (text[at + 1] | 0x20) == 'o';
                found += is_tag;
                ends += is_tag & is_closing;
                names += is_tag & is_named;
            }
            opened += found;
            closed += ends;
            named += names;
        }
        if (push(&tags, opened) < 0 || push(&closing, closed) < 0)
            goto done;
    }
    result = Py_BuildValue("(NNn)", list_of(&tags), list_of(&closing), named);
done:
    PyMem_Free(tags.at);
    PyMem_Free(closing.at);
    return result;
}

const char find_around_doc[] =
    "find_around(markup, first, most)\n--\n\n"
    "The bytes around each that is `first` or more, four before it and four from it on, one behind the other; NUL where\n"
    "the markup has none. What repeats is mostly given once. None where there are more than `most`.";

PyObject *find_around(PyObject *module, PyObject *args)
{
    (void)module;
    const char *markup;
    Py_ssize_t size, most, count = 0;
    int first;
    buffer found = {0};
    /* by a number made of the bytes: to look no further keeps this linear, whatever the bytes */
    uint64_t recent[RECENT] = {0};
    if (!PyArg_ParseTuple(args, "y#in:find_around", &markup, &size, &first, &most))
        return NULL;
    const unsigned char *text = (const unsigned char *)markup;
    for (Py_ssize_t at = 0; at < size; at++) {
        uint64_t eight;
        if (size - at >= 8 && (memcpy(&eight, text + at, 8), (eight & 0x8080808080808080) == 0)) {
            at += 7;
            continue;
        }
        if (text[at] < first)
            continue;
        if (++count > most) {
            PyMem_Free(found.at);
            Py_RETURN_NONE;
        }
        unsigned char around[2 * HALF] = {0};
        Py_ssize_t before = at < HALF ? at : HALF, after = size - at < HALF ? size - at : HALF;
        memcpy(around + HALF - before, text + at - before, (size_t)(before + after));
        memcpy(&eight, around, sizeof eight);
        uint64_t *place = &recent[(eight * 0x9e3779b97f4a7c15) >> 54];
        if (*place == eight)
            continue;
        *place = eight;
        if (put(&found, around, sizeof around) < 0) {
            PyMem_Free(found.at);
            return NULL;
        }
    }
    PyObject *result = bytes_of(found.at, found.count);
    PyMem_Free(found.at);
    return result;
}
