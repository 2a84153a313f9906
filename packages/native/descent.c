/* The nodes of `Descent` of gateway/core/dom/descent.py: what is rendered of a tree, without an object for each. */

#include "text.h"

/* what a table says of a tag: left out where the element is not kept, and where everything is kept */
enum { PRUNED = 1, WHOLE = 2 };

typedef struct {
    PyObject_HEAD
    PyObject *root, *parser;
    /* mem_ids; NULL where everything is kept */
    PyObject *texts, *elements;
    node *top;
    /* the node of the last event, and whether what is below it comes next */
    node *at;
    int goes_below;
    unsigned char table[TAGS];
} descent;

static PyObject *descent_type;

/* Whether a set has a node; -1 on an error. */
static int has(PyObject *set, node *each)
{
    PyObject *mem_id = PyLong_FromVoidPtr(each);
    int is_there = mem_id ? PySet_Contains(set, mem_id) : -1;
    Py_XDECREF(mem_id);
    return is_there;
}

/* 1 for a text that is kept and not all white space, 0 for another, -1 on an error. */
static int is_text(const descent *d, node *each)
{
    const text_node *text = (const text_node *)each;
    if (lexbor.type(each) != TEXT || text->data == NULL || is_blank(text->data, text->data + text->length))
        return 0;
    return d->texts ? has(d->texts, each) : 1;
}

/* 1 for an element that is left out with all below it, 0 for another, -1 on an error. */
static int is_out(const descent *d, node *each, uintptr_t tag)
{
    int says = tag < TAGS ? d->table[tag] : 0;
    if (d->elements == NULL)
        return (says & WHOLE) != 0;
    int is_kept = says & PRUNED ? has(d->elements, each) : 1;
    return is_kept < 0 ? -1 : !is_kept;
}

static PyObject *event_of(descent *d)
{
    int has_gap = 0;
    for (;;) {
        node *next = d->goes_below ? lexbor.first_child(d->at) : lexbor.next(d->at);
        if (next == NULL) {
            if (has_gap)
                return Py_NewRef(Py_True);
            node *above = d->goes_below ? d->at : lexbor.parent(d->at);
            d->goes_below = 0;
            if (above == d->top || above == NULL)
                return NULL;
            d->at = above;
            return Py_NewRef(Py_None);
        }
        uintptr_t tag = lexbor.tag_id(next);
        int stays = tag == TEXT_TAG ? is_text(d, next) : is_out(d, next, tag);
        if (stays < 0)
            return NULL;
        if (tag != TEXT_TAG)
            stays = !stays;
        if (stays && has_gap)
            /* which comes before it */
            return Py_NewRef(Py_True);
        d->at = next;
        d->goes_below = stays && tag != TEXT_TAG;
        if (!stays) {
            has_gap |= tag == TEXT_TAG;
            continue;
        }
        if (tag == TEXT_TAG) {
            const text_node *text = (const text_node *)next;
            return decode(text->data, text->length);
        }
        return Py_BuildValue("(KN)", (unsigned long long)tag, PyLong_FromVoidPtr(next));
    }
}

static PyObject *next_event(PyObject *self)
{
    descent *d = (descent *)self;
    /* NULL: it has come to an end */
    PyObject *event = d->at ? event_of(d) : NULL;
    if (event == NULL)
        d->at = NULL;
    return event;
}

static PyObject *skip(PyObject *self, PyObject *unused)
{
    (void)unused;
    ((descent *)self)->goes_below = 0;
    return Py_NewRef(Py_None);
}

static PyObject *node_at(PyObject *self, void *unused)
{
    (void)unused;
    descent *d = (descent *)self;
    if (d->at == NULL || d->at == d->top) {
        PyErr_SetString(PyExc_ValueError, "there is no node");
        return NULL;
    }
    return lexbor.wrap(d->at, d->parser);
}

static void forget(PyObject *self)
{
    descent *d = (descent *)self;
    PyTypeObject *type = Py_TYPE(self);
    Py_XDECREF(d->root);
    Py_XDECREF(d->texts);
    Py_XDECREF(d->elements);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"skip", skip, METH_NOARGS, "skip()\n--\n\nLeave out what is below the element that came last."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"node", node_at, NULL, "The node that came last.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_dealloc, forget},       {Py_tp_iter, PyObject_SelfIter}, {Py_tp_iternext, next_event},
    {Py_tp_methods, methods},      {Py_tp_getset, attributes},      {0, NULL},
};

static PyType_Spec spec = {
    "winnow_native.Descent", sizeof(descent), 0, Py_TPFLAGS_DEFAULT | Py_TPFLAGS_DISALLOW_INSTANTIATION, slots,
};

const char descend_doc[] =
    "descend(root, texts, elements, table)\n--\n\n"
    "What is below a LexborNode as `Descent` gives it; the tree must stay as it is meanwhile. `texts` and\n"
    "`elements` are sets of mem_ids, or None; `table` has a byte for each tag.";

PyObject *descend(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *texts, *elements, *parser;
    const char *table;
    Py_ssize_t size;
    if (!PyArg_ParseTuple(args, "OOOy#:descend", &root, &texts, &elements, &table, &size))
        return NULL;
    node *top = address_of(root, &parser);
    if (top == NULL)
        return NULL;
    if (size != TAGS || (texts != Py_None && !PySet_Check(texts)) || (elements != Py_None && !PySet_Check(elements))) {
        PyErr_SetString(PyExc_ValueError, "sets are wanted, and a table of another size");
        return NULL;
    }
    if (descent_type == NULL && (descent_type = PyType_FromSpec(&spec)) == NULL)
        return NULL;
    allocfunc make = (allocfunc)PyType_GetSlot((PyTypeObject *)descent_type, Py_tp_alloc);
    descent *d = (descent *)make((PyTypeObject *)descent_type, 0);
    if (d == NULL)
        return NULL;
    d->root = Py_NewRef(root);
    d->parser = parser;
    d->texts = texts == Py_None ? NULL : Py_NewRef(texts);
    d->elements = elements == Py_None ? NULL : Py_NewRef(elements);
    d->top = d->at = top;
    d->goes_below = 1;
    memcpy(d->table, table, TAGS);
    return (PyObject *)d;
}
