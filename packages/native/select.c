/* Elements with certain tags and attributes, as one query finds them. */

#include "text.h"

/* how a value is compared */
enum { IS, CONTAINS, BEGINS };

/* an attribute that is looked for: its value is `value`, has it and `letters` in it, or begins with it; an empty one is in
   any value */
typedef struct {
    bytes name, value, letters;
    int how;
    /* of the element; 0 for any */
    uintptr_t tag;
} sought;

/* Whether an element's attributes have one that is looked for; `sizes` has a bit for the size of each name. */
static int has_sought(node *element, uintptr_t tag, const sought *all, size_t count, uint64_t sizes)
{
    attribute *each = lexbor.first_attribute(element);
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0}, value = {0};
        name.at = lexbor.attribute_local_name(each, &name.count);
        if (name.count >= 64 || !(sizes >> name.count & 1))
            continue;
        for (size_t i = 0; i < count; i++) {
            const sought *one = &all[i];
            if (one->name.count != name.count || (one->tag && one->tag != tag) ||
                memcmp(one->name.at, name.at, name.count) != 0)
                continue;
            if (one->value.count == 0)
                return 1;
            if (value.at == NULL && (value.at = lexbor.attribute_value(each, &value.count)) == NULL)
                continue;
            bytes compared = value;
            if (one->how == BEGINS && compared.count > one->value.count)
                compared.count = one->value.count;
            if (one->how == CONTAINS ? holds(value, one->value) && holds(value, one->letters)
                                     : compared.count == one->value.count && holds(compared, one->value))
                return 1;
        }
    }
    return 0;
}

PyObject *read_attributes(node *element)
{
    PyObject *all = PyDict_New();
    attribute *each = all ? lexbor.first_attribute(element) : NULL;
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0}, value = {0};
        name.at = lexbor.attribute_name(each, &name.count);
        value.at = lexbor.attribute_value(each, &value.count);
        PyObject *key = decode(name.at, name.count);
        PyObject *text = value.at ? decode(value.at, value.count) : Py_NewRef(Py_None);
        int failed = key == NULL || text == NULL || PyDict_SetItem(all, key, text) < 0;
        Py_XDECREF(key);
        Py_XDECREF(text);
        if (failed) {
            Py_DECREF(all);
            return NULL;
        }
    }
    return all;
}

const char select_doc[] =
    "select(root, tags, attributes)\n--\n\n"
    "The elements from a LexborNode on down, in document order, each with its `attributes`, that have\n"
    "one of the tags (a byte for each number) or of the attributes: (name, value, letters, how, number of the\n"
    "tag or 0), an empty value for any; `how` is 0 for that value, 1 for one that has it and the letters in it,\n"
    "2 for one that begins with it.";

PyObject *select_marked(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *attributes, *parser, *found = NULL;
    const char *tags;
    Py_ssize_t tag_count;
    if (!PyArg_ParseTuple(args, "Oy#O!:select", &root, &tags, &tag_count, &PyTuple_Type, &attributes))
        return NULL;
    node *top = address_of(root, &parser);
    if (top == NULL)
        return NULL;
    sought all[32];
    Py_ssize_t count = PyTuple_Size(attributes);
    uint64_t sizes = 0;
    if (tag_count != TAGS || count > (Py_ssize_t)(sizeof all / sizeof *all)) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < count; i++) {
        const char *name, *value, *letters;
        Py_ssize_t name_size, value_size, letters_size;
        unsigned long tag;
        if (!PyArg_ParseTuple(PyTuple_GetItem(attributes, i), "y#y#y#ik", &name, &name_size, &value, &value_size,
                              &letters, &letters_size, &all[i].how, &tag))
            return NULL;
        if (name_size >= 64) {
            PyErr_SetString(PyExc_ValueError, "a name of more than 63 bytes");
            return NULL;
        }
        all[i].name = (bytes){(const unsigned char *)name, (size_t)name_size};
        all[i].value = (bytes){(const unsigned char *)value, (size_t)value_size};
        all[i].letters = (bytes){(const unsigned char *)letters, (size_t)letters_size};
        all[i].tag = tag;
        sizes |= (uint64_t)1 << name_size;
    }
    if ((found = PyList_New(0)) == NULL)
        return NULL;
    for (node *each = top;;) {
        uintptr_t number = lexbor.tag_id(each);
        if (lexbor.type(each) == ELEMENT &&
            ((number < TAGS && tags[number]) || has_sought(each, number, all, (size_t)count, sizes))) {
            PyObject *wrapped = lexbor.wrap(each, parser);
            PyObject *read = wrapped ? read_attributes(each) : NULL;
            if (read == NULL)
                Py_XDECREF(wrapped);
            if (read == NULL || append(found, Py_BuildValue("(NN)", wrapped, read)) < 0) {
                Py_DECREF(found);
                return NULL;
            }
        }
        node *next = lexbor.first_child(each);
        while (next == NULL && each != top) {
            next = lexbor.next(each);
            if (next == NULL)
                each = lexbor.parent(each);
        }
        if (next == NULL)
            return found;
        each = next;
    }
}
