/* What stands around an element: widgets.py asks it of every element that is hidden. */

#include "arrays.h"
#include "text.h"

/* of names: longer ones may be of an element that all others are in */
enum { MOST_BYTES = 500 };

static attribute *find_attribute(node *element, const char *wanted)
{
    attribute *each = lexbor.first_attribute(element);
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0};
        name.at = lexbor.attribute_name(each, &name.count);
        if (name.at != NULL && is(name, wanted))
            break;
    }
    return each;
}

/* Put the values of three attributes behind one another, as `widgets.names_of` does; 1 where they are too long. */
static int put_names(buffer *into, node *element)
{
    attribute *asked[] = {lexbor.class_attribute(element), lexbor.id_attribute(element), find_attribute(element, "role")};
    for (size_t i = 0; i < sizeof asked / sizeof *asked; i++) {
        bytes value = {0};
        if (i > 0 && put(into, " ", 1) < 0)
            return -1;
        if (asked[i] == NULL || (value.at = lexbor.attribute_value(asked[i], &value.count)) == NULL)
            continue;
        if (into->count + value.count > MOST_BYTES)
            return 1;
        if (put(into, value.at, value.count) < 0)
            return -1;
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

/* The element right before another, or right behind it, if no text stands between; else NULL. */
static node *find_beside(node *each, int is_behind)
{
    while ((each = is_behind ? lexbor.next(each) : lexbor.prev(each)) != NULL) {
        int type = lexbor.type(each);
        const text_node *text = (const text_node *)each;
        if (type == ELEMENT)
            return each;
        if (type != TEXT || (text->data != NULL && !is_blank(text->data, text->data + text->length)))
            break;
    }
    return NULL;
}

const char class_before_doc[] =
    "class_before(element)\n--\n\n"
    "The class attribute of the element right before a LexborNode; None where there is none, or text stands between.";

PyObject *class_before(PyObject *module, PyObject *element)
{
    (void)module;
    PyObject *parser;
    node *each = address_of(element, &parser);
    if (each == NULL)
        return NULL;
    node *before = find_beside(each, 0);
    attribute *classes = before ? lexbor.class_attribute(before) : NULL;
    bytes value = {0};
    if (classes == NULL || (value.at = lexbor.attribute_value(classes, &value.count)) == NULL)
        Py_RETURN_NONE;
    return decode(value.at, value.count);
}

const char control_before_doc[] =
    "control_before(element, tags)\n--\n\n"
    "The element right before a LexborNode, if no text stands between and it has a tag of `tags` (a byte for each number),\n"
    "a `role` or `aria-expanded`; else None.";

PyObject *control_before(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *wrapped, *parser;
    const char *tags;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "Oy#:control_before", &wrapped, &tags, &size))
        return NULL;
    node *each = address_of(wrapped, &parser);
    if (each == NULL)
        return NULL;
    if (size != TAGS) {
        PyErr_SetString(PyExc_ValueError, "a table of another size");
        return NULL;
    }
    node *before = find_beside(each, 0);
    if (before == NULL)
        Py_RETURN_NONE;
    uintptr_t number = lexbor.tag_id(before);
    if ((number < TAGS && tags[number]) || find_attribute(before, "role") || find_attribute(before, "aria-expanded"))
        return lexbor.wrap(before, parser);
    Py_RETURN_NONE;
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
    node *beside = find_beside(each, is_behind);
    if (beside == NULL)
        Py_RETURN_NONE;
    return lexbor.wrap(beside, parser);
}
