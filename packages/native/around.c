/* What stands around an element: widgets.py asks it of every element that is hidden. */

#include "arrays.h"
#include "text.h"

/* of names: longer ones may be of an element that all others are in */
enum { MOST_BYTES = 500 };

/* Put the values of three attributes behind one another, as `widgets.names_of` does; 1 where they are too long. */
static int put_names(buffer *into, node *element)
{
    static const char *const asked[] = {"class", "id", "role"};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        if (i > 0 && put(into, " ", 1) < 0)
            return -1;
        for (attribute *each = lexbor.first_attribute(element); each != NULL; each = lexbor.next_attribute(each)) {
            bytes name = {0}, value = {0};
            name.at = lexbor.attribute_name(each, &name.count);
            if (name.at == NULL || !is(name, asked[i]))
                continue;
            value.at = lexbor.attribute_value(each, &value.count);
            if (value.at != NULL && into->count + value.count > MOST_BYTES)
                return 1;
            if (value.at != NULL && put(into, value.at, value.count) < 0)
                return -1;
            break;
        }
    }
    return put(into, "\n", 1);
}

const char names_above_doc[] =
    "names_above(element, most, tops)\n--\n\n"
    "The class, id and role of each of at most `most` elements that a LexborNode is in, a line for each; those with a tag\n"
    "of `tops` (a byte for each number) and what is around these are left out. None where they are long.";

PyObject *names_above(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *wrapped, *parser;
    const char *tops;
    Py_ssize_t most, tags;
    if (!PyArg_ParseTuple(args, "Ony#:names_above", &wrapped, &most, &tops, &tags))
        return NULL;
    node *each = address_of(wrapped, &parser);
    if (each == NULL)
        return NULL;
    if (tags != TAGS) {
        PyErr_SetString(PyExc_ValueError, "a table of another size");
        return NULL;
    }
    buffer names = {0};
    int failed = 0;
    while (!failed && most-- > 0 && (each = lexbor.parent(each)) != NULL) {
        uintptr_t number = lexbor.tag_id(each);
        if (lexbor.type(each) != ELEMENT || (number < TAGS && tops[number]))
            break;
        failed = put_names(&names, each);
    }
    PyObject *text = failed < 0 ? NULL : failed ? Py_NewRef(Py_None) : decode(names.at, names.count);
    PyMem_Free(names.at);
    return text;
}

const char element_beside_doc[] =
    "element_beside(element, is_behind)\n--\n\n"
    "The element right before a LexborNode, or right behind it, if no text stands between; else None.";

PyObject *element_beside(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *wrapped, *parser;
    int is_behind;
    if (!PyArg_ParseTuple(args, "Op:element_beside", &wrapped, &is_behind))
        return NULL;
    node *each = address_of(wrapped, &parser);
    if (each == NULL)
        return NULL;
    while ((each = is_behind ? lexbor.next(each) : lexbor.prev(each)) != NULL) {
        int type = lexbor.type(each);
        const text_node *text = (const text_node *)each;
        if (type == ELEMENT)
            return lexbor.wrap(each, parser);
        if (type != TEXT || (text->data != NULL && !is_blank(text->data, text->data + text->length)))
            break;
    }
    Py_RETURN_NONE;
}
