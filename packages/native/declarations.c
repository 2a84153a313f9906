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

const char split_declarations_doc[] =
    "split_declarations(style)\n--\n\n"
    "The properties and values of a style, text or bytes, in lower case; None where it has other characters than ASCII,\n"
    "escapes or comments.";

PyObject *split_declarations(PyObject *module, PyObject *style)
{
    (void)module;
    bytes given;
    if (PyBytes_Check(style))
        given = (bytes){(const unsigned char *)PyBytes_AsString(style), (size_t)PyBytes_Size(style)};
    else if (utf8_of(style, &given) < 0) {
        /* half a character */
        if (!PyErr_ExceptionMatches(PyExc_UnicodeEncodeError))
            return NULL;
        PyErr_Clear();
        Py_RETURN_NONE;
    }
    unsigned char *low = PyMem_Malloc(given.count + 1);
    if (low == NULL)
        return PyErr_NoMemory();
    int is_plain = 1;
    for (size_t i = 0; i < given.count; i++) {
        unsigned char c = given.at[i];
        is_plain &= c < 0x80 && c != '\\' && !(c == '*' && i > 0 && given.at[i - 1] == '/');
        low[i] = lower(c);
    }
    PyObject *found = is_plain ? PyList_New(0) : Py_NewRef(Py_None);
    for (const unsigned char *p = low, *end = low + given.count; found != NULL && is_plain && p < end;) {
        const unsigned char *behind = memchr(p, ';', (size_t)(end - p));
        behind = behind ? behind : end;
        if (add_declaration(found, p, behind) < 0)
            Py_CLEAR(found);
        p = behind + 1;
    }
    PyMem_Free(low);
    return found;
}
