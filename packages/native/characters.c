/* How much code a page has outside its body. */

#include "text.h"
#include "walk.h"

const char count_code_doc[] =
    "count_code(root, body, code)\n--\n\n"
    "The characters of text below `root` that are in an element with a tag of `code` (a byte for each number) and not\n"
    "below `body`; None where they are not valid UTF-8.";

PyObject *count_code(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *within, *parser;
    around a = {0};
    Py_ssize_t tags, total = 0;
    if (!PyArg_ParseTuple(args, "OOy#:count_code", &root, &within, &a.is_code, &tags))
        return NULL;
    node *top = address_of(root, &parser);
    a.body = top ? address_of(within, &parser) : NULL;
    if (a.body == NULL)
        return NULL;
    if (tags != TAGS) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    for (node *each = top; each != NULL; each = step(&a, each, top)) {
        const text_node *text = (const text_node *)each;
        if (a.code == NULL || a.in_body || lexbor.type(each) != TEXT || text->data == NULL)
            continue;
        Py_ssize_t count = count_characters(text->data, text->data + text->length);
        if (count < 0)
            Py_RETURN_NONE;
        total += count;
    }
    return PyLong_FromSsize_t(total);
}
