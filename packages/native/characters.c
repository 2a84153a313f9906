/* How much text a page has. */

#include "text.h"

const char count_text_doc[] =
    "count_text(root, body, code, enough)\n--\n\n"
    "The characters of text below `body` that are not in an element with a tag of `code` (a byte for each number), less\n"
    "those in such elements elsewhere below `root`; some number that is not below `enough` where there are so many in\n"
    "the body. None where text is not valid UTF-8.";

PyObject *count_text(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *within, *parser;
    const char *code;
    Py_ssize_t tags, enough, total = 0;
    if (!PyArg_ParseTuple(args, "OOy#n:count_text", &root, &within, &code, &tags, &enough))
        return NULL;
    node *top = address_of(root, &parser), *body = top ? address_of(within, &parser) : NULL;
    if (body == NULL)
        return NULL;
    if (tags != TAGS) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    int in_body = 0;
    /* the outermost element of code around */
    node *in_code = NULL;
    for (node *each = top;;) {
        /* text counts in the body, that of code is taken off elsewhere */
        if (in_body != (in_code != NULL) && lexbor.type(each) == TEXT) {
            const text_node *text = (const text_node *)each;
            Py_ssize_t count = text->data ? count_characters(text->data, text->data + text->length) : 0;
            if (count < 0)
                Py_RETURN_NONE;
            total += in_body ? count : -count;
            if (in_body && total >= enough)
                return PyLong_FromSsize_t(total);
        }
        node *next = lexbor.first_child(each);
        if (next != NULL) {
            uintptr_t number = lexbor.tag_id(each);
            in_body |= each == body;
            if (in_code == NULL && number < TAGS && code[number])
                in_code = each;
        }
        while (next == NULL && each != top) {
            next = lexbor.next(each);
            if (next == NULL && (each = lexbor.parent(each)) != NULL) {
                in_body &= each != body;
                in_code = each == in_code ? NULL : in_code;
            }
        }
        if (next == NULL)
            return PyLong_FromSsize_t(total);
        each = next;
    }
}
