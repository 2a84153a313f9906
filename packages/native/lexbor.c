/* Where Lexbor's functions are, and selectolax's nodes. */

#include "lexbor.h"

#include <dlfcn.h>

struct lexbor lexbor;

node *address_of(PyObject *wrapped, PyObject **parser)
{
    int is_node = lexbor.node_class != NULL && ((PyObject *)Py_TYPE(wrapped) == lexbor.node_class ||
                                                PyObject_IsInstance(wrapped, lexbor.node_class) == 1);
    if (!is_node) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "not a LexborNode, or `load` was not called");
        return NULL;
    }
    PyObject *mem_id = PyObject_GetAttr(wrapped, lexbor.mem_id);
    void *address = mem_id ? PyLong_AsVoidPtr(mem_id) : NULL;
    Py_XDECREF(mem_id);
    if (mem_id != NULL && address == NULL && !PyErr_Occurred())
        PyErr_SetString(PyExc_TypeError, "a LexborNode of no tree");
    *parser = address ? PyObject_GetAttr(wrapped, lexbor.parser) : NULL;
    /* the node, which the caller holds, holds it */
    Py_XDECREF(*parser);
    return *parser ? address : NULL;
}

/* The function of that name, at `into`. */
static int find(void *library, const char *name, void *into)
{
    void *found = dlsym(library, name);
    if (found == NULL) {
        PyErr_Format(PyExc_OSError, "selectolax's library exports no %s", name);
        return -1;
    }
    memcpy(into, &found, sizeof found);
    return 0;
}

const char load_doc[] =
    "load(path, node_class, text_node, text)\n--\n\n"
    "Find Lexbor's functions in selectolax's library at `path`, which is loaded already.\n\n"
    "`node_class` is its LexborNode; `text_node` is one whose text is known to be `text`, in UTF-8.\n"
    "Raises OSError if something is not where it is looked for.";

PyObject *load(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *path, *node_class, *sample, *parser;
    const char *known;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(args, "O&OOy#:load", PyUnicode_FSConverter, &path, &node_class, &sample, &known, &length))
        return NULL;
    Py_CLEAR(lexbor.node_class);
    if ((lexbor.mem_id == NULL && (lexbor.mem_id = PyUnicode_InternFromString("mem_id")) == NULL) ||
        (lexbor.parser == NULL && (lexbor.parser = PyUnicode_InternFromString("parser")) == NULL)) {
        Py_DECREF(path);
        return NULL;
    }
    void *library = dlopen(PyBytes_AsString(path), RTLD_NOW | RTLD_NOLOAD);
    Py_DECREF(path);
    if (library == NULL) {
        PyErr_SetString(PyExc_OSError, "selectolax's library is not loaded");
        return NULL;
    }
    /* it stays open: the functions must stay */
    if (find(library, "lxb_dom_node_tag_id_noi", &lexbor.tag_id) < 0 ||
        find(library, "lxb_dom_node_type_noi", &lexbor.type) < 0 ||
        find(library, "lxb_dom_node_next_noi", &lexbor.next) < 0 ||
        find(library, "lxb_dom_node_prev_noi", &lexbor.prev) < 0 ||
        find(library, "lxb_dom_node_first_child_noi", &lexbor.first_child) < 0 ||
        find(library, "lxb_dom_node_parent_noi", &lexbor.parent) < 0 ||
        find(library, "lxb_dom_element_first_attribute_noi", &lexbor.first_attribute) < 0 ||
        find(library, "lxb_dom_element_next_attribute_noi", &lexbor.next_attribute) < 0 ||
        find(library, "lxb_dom_element_class_attribute_noi", &lexbor.class_attribute) < 0 ||
        find(library, "lxb_dom_element_id_attribute_noi", &lexbor.id_attribute) < 0 ||
        find(library, "lxb_dom_element_qualified_name", &lexbor.tag_name) < 0 ||
        find(library, "lxb_dom_attr_qualified_name", &lexbor.attribute_name) < 0 ||
        find(library, "lxb_dom_attr_local_name_noi", &lexbor.attribute_local_name) < 0 ||
        find(library, "lxb_dom_attr_value_noi", &lexbor.attribute_value) < 0)
        return NULL;
    /* Cython's table of the class's C methods, in the order of selectolax's lexbor.pxd: `new` is the first */
    PyObject *capsule = PyObject_GetAttrString(node_class, "__pyx_vtable__");
    void **methods = capsule ? PyCapsule_GetPointer(capsule, NULL) : NULL;
    Py_XDECREF(capsule);
    if (methods == NULL)
        return NULL;
    memcpy(&lexbor.wrap, methods, sizeof lexbor.wrap);
    Py_INCREF(node_class);
    lexbor.node_class = node_class;

    const text_node *text = (const text_node *)address_of(sample, &parser);
    /* its length first: what is no address must not be followed */
    if (text == NULL || lexbor.type((node *)(uintptr_t)text) != TEXT || text->length != (size_t)length ||
        memcmp(text->data, known, text->length) != 0) {
        Py_CLEAR(lexbor.node_class);
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_OSError, "a text node's text is not where it is looked for");
        return NULL;
    }
    Py_RETURN_NONE;
}
