/* The events of `Descent` of gateway/core/dom/descent.py: what a tree shows, without an object for each node. */

#include "arrays.h"
#include "folding.h"
#include "text.h"

/* what a table says of a tag, as in Python */
enum { PRUNED = 1, WHOLE = 2, PHRASE = 4, INLINE = 8, BOX = 16, BLOCK = 32, DRAWING = 64, SOURCE = 128 };

typedef struct {
    PyObject_HEAD
    PyObject *root, *parser, *is_apart;
    /* mem_ids; the first two are NULL where everything is kept */
    PyObject *texts, *elements, *hidden, *marked;
    Py_ssize_t max_depth;
    unsigned char table[TAGS];
    node *top;
    /* the node that was looked at last, and which comes next: what is behind it, what is below it, or its end */
    node *at;
    enum { BEHIND, BELOW, END } way;
    /* what the open elements are */
    buffer open;
    /* the element that came last, NULL for anything else; what it is, and whether the caller skips it */
    node *element;
    int kind, is_skipped;
    /* nothing is in the line so far; white space that nothing has followed yet, of which the caller may know */
    int at_start;
    enum { NONE, SOME, TOLD } gap;
    /* texts that were gathered, NULL for none; where one is folded */
    PyObject *pieces;
    int is_signed;
    buffer text;
    /* whether a byte is a sign */
    unsigned char signs[256];
    int truncated;
} descent;

static PyObject *descent_type;

/* Whether a set has a node; -1 on an error. */
static int has(PyObject *set, node *each)
{
    Py_ssize_t count = PySet_Size(set);
    if (count <= 0)
        return (int)count;
    PyObject *mem_id = PyLong_FromVoidPtr(each);
    int is_there = mem_id ? PySet_Contains(set, mem_id) : -1;
    Py_XDECREF(mem_id);
    return is_there;
}

/* The value of an attribute, its `at` NULL where there is none. */
static bytes value_of(node *element, const char *sought)
{
    attribute *each = lexbor.first_attribute(element);
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0}, value = {0};
        name.at = lexbor.attribute_name(each, &name.count);
        if (is(name, sought)) {
            value.at = lexbor.attribute_value(each, &value.count);
            return value;
        }
    }
    return (bytes){0};
}

/* Whether Python says that a gap is shown before a node; -1 on an error. */
static int ask(const descent *d, node *each)
{
    PyObject *wrapped = lexbor.wrap(each, d->parser);
    PyObject *said = wrapped ? PyObject_CallFunctionObjArgs(d->is_apart, wrapped, NULL) : NULL;
    int is_apart = said ? PyObject_IsTrue(said) : -1;
    Py_XDECREF(wrapped);
    Py_XDECREF(said);
    return is_apart;
}

/* Whether a gap is shown before a text; -1 on an error. */
static int is_text_apart(const descent *d, node *each)
{
    node *before = lexbor.prev(each);
    uintptr_t tag = before ? lexbor.tag_id(before) : TAGS;
    return tag < TAGS && d->table[tag] & PHRASE && value_of(before, "style").at ? ask(d, each) : 0;
}

/* Whether a gap is shown before an element of a line; -1 on an error. Only Python knows that of two elements. */
static int is_element_apart(const descent *d, node *each)
{
    node *before = lexbor.prev(each);
    while (before != NULL && lexbor.tag_id(before) == COMMENT_TAG)
        before = lexbor.prev(before);
    if (before == NULL || (lexbor.tag_id(before) == TEXT_TAG && value_of(each, "style").at == NULL))
        return 0;
    return ask(d, each);
}

/* 1 for a text that is kept and not all white space, 0 for another, -1 on an error. */
static int is_text(const descent *d, node *each)
{
    const text_node *text = (const text_node *)each;
    if (lexbor.type(each) != TEXT || text->data == NULL || is_blank(text->data, text->data + text->length))
        return 0;
    return d->texts ? has(d->texts, each) : 1;
}

/* Whether a script may be the source of a formula, or show a gist. */
static int says_something(node *script)
{
    static const bytes gist = {(const unsigned char *)"gist.github.com", 15};
    bytes type = value_of(script, "type"), src = value_of(script, "src");
    return (type.at && type.count >= 8 && memcmp(type.at, "math/tex", 8) == 0) || (src.at && holds(src, gist));
}

enum { LEFT_OUT = -1, FAILED = -2 };

/* What the table says of an element, or one of these. */
static int kind_of(const descent *d, node *each, uintptr_t tag)
{
    int kind = tag < TAGS ? d->table[tag] : 0, found;
    if (kind & (d->elements ? PRUNED : WHOLE)) {
        found = d->elements ? has(d->elements, each) : 0;
        if (found <= 0)
            return found < 0 ? FAILED : LEFT_OUT;
    }
    if ((found = has(d->hidden, each)) != 0)
        return found < 0 ? FAILED : kind & DRAWING ? 0 : LEFT_OUT;
    if (kind & SOURCE && !says_something(each))
        return LEFT_OUT;
    if (kind & BOX && (found = has(d->marked, each)) != 0)
        return found < 0 ? FAILED : BLOCK;
    return kind;
}

/* Go on below an element, or with its end where that is too deep. */
static int enter(descent *d, node *element, int kind)
{
    unsigned char what = (unsigned char)kind;
    int is_deepest = (Py_ssize_t)d->open.count >= d->max_depth;
    d->truncated |= is_deepest;
    d->at = element;
    d->way = is_deepest ? END : BELOW;
    return put(&d->open, &what, 1);
}

/* Go on behind a node. */
static void pass(descent *d, node *each)
{
    d->at = each;
    d->way = BEHIND;
}

/* What comes before an event: the texts that were gathered, white space; NULL where it is the event's turn, or on an
   error, which `event_of` looks for. */
static PyObject *first(descent *d, int kind)
{
    int ends_line = (kind & (BOX | BLOCK)) != 0;
    if (d->pieces != NULL) {
        PyObject *pieces = d->pieces;
        d->pieces = NULL;
        if (d->is_signed) {
            PyObject *with_signs = PyList_AsTuple(pieces);
            Py_DECREF(pieces);
            pieces = with_signs;
        }
        d->is_signed = 0;
        return pieces;
    }
    if (d->gap == SOME && !ends_line) {
        d->gap = TOLD;
        return Py_NewRef(Py_True);
    }
    d->gap = NONE;
    d->at_start = ends_line;
    return NULL;
}

/* Gather the text that is folded; -1 on an error. */
static int gather(descent *d)
{
    if (d->pieces == NULL && (d->pieces = PyList_New(0)) == NULL)
        return -1;
    if (d->gap == SOME && append(d->pieces, PyUnicode_FromStringAndSize(" ", 1)) < 0)
        return -1;
    return append(d->pieces, PyUnicode_DecodeUTF8((const char *)d->text.at, (Py_ssize_t)d->text.count, NULL));
}

/* The event of a text; NULL where it is gathered, or on an error. */
static PyObject *text_event(descent *d, node *each)
{
    const text_node *text = (const text_node *)each;
    PyObject *before;
    int ends_in_space, has_sign;
    if (!d->at_start && d->gap == NONE) {
        int is_apart = space_at(text->data, text->data + text->length) ? 1 : is_text_apart(d, each);
        if (is_apart < 0)
            return NULL;
        d->gap = is_apart ? SOME : NONE;
    }
    if (d->gap == SOME && d->pieces == NULL)
        return first(d, 0);
    int is_plain = fold_text(&d->text, text->data, text->length, d->signs, &ends_in_space, &has_sign);
    if (is_plain < 0)
        return NULL;
    if (!is_plain && (before = first(d, 0)) != NULL)
        return before;
    pass(d, each);
    if (!is_plain)
        return decode(text->data, text->length);
    if (gather(d) < 0)
        return NULL;
    d->is_signed |= has_sign;
    d->at_start = 0;
    d->gap = ends_in_space ? SOME : NONE;
    return NULL;
}

/* The event of an element's end; NULL where there is none. */
static PyObject *end_event(descent *d, node *element)
{
    int kind = d->open.at[d->open.count - 1];
    int is_silent = kind & PHRASE || (kind & BOX && d->at_start);
    PyObject *before = is_silent ? NULL : first(d, kind);
    if (before != NULL)
        return before;
    d->open.count--;
    pass(d, element);
    return is_silent ? NULL : Py_NewRef(kind & BOX ? Py_False : Py_None);
}

/* The event of an element; NULL where there is none, or on an error. */
static PyObject *element_event(descent *d, node *each)
{
    uintptr_t tag = lexbor.tag_id(each);
    int kind = kind_of(d, each, tag);
    if (kind == FAILED)
        return NULL;
    if (kind == LEFT_OUT) {
        pass(d, each);
        return NULL;
    }
    if (d->pieces != NULL && !(kind & PHRASE))
        return first(d, kind);
    if (kind & (PHRASE | INLINE) && !d->at_start && d->gap == NONE) {
        int is_apart = is_element_apart(d, each);
        if (is_apart < 0)
            return NULL;
        d->gap = is_apart ? SOME : NONE;
    }
    int is_silent = kind & PHRASE || (kind & BOX && d->at_start);
    PyObject *before = is_silent ? NULL : first(d, kind);
    if (before != NULL)
        return before;
    if (!(kind & (PHRASE | BOX))) {
        d->element = each;
        d->kind = kind;
        d->is_skipped = 0;
        return PyLong_FromUnsignedLongLong(tag);
    }
    if (enter(d, each, kind) < 0)
        return NULL;
    return is_silent ? NULL : Py_NewRef(Py_False);
}

/* Go on from the element that came last, which the caller has seen; -1 on an error. */
static int resume(descent *d)
{
    node *element = d->element;
    d->element = NULL;
    if (!d->is_skipped)
        return enter(d, element, d->kind);
    /* what is written instead may be part of a line */
    d->at_start = 0;
    pass(d, element);
    return 0;
}

/* NULL where it has come to its end, or on an error. */
static PyObject *event_of(descent *d)
{
    if (d->element != NULL && resume(d) < 0)
        return NULL;
    PyObject *event = NULL;
    while (event == NULL && !PyErr_Occurred()) {
        node *each = d->way == BELOW ? lexbor.first_child(d->at) : d->way == BEHIND ? lexbor.next(d->at) : NULL;
        if (each == NULL) {
            node *above = d->way == BEHIND ? lexbor.parent(d->at) : d->at;
            if (above == d->top || above == NULL || d->open.count == 0)
                return d->pieces ? first(d, 0) : NULL;
            event = end_event(d, above);
        } else if (lexbor.tag_id(each) != TEXT_TAG)
            event = element_event(d, each);
        else {
            int is_kept = is_text(d, each);
            if (is_kept > 0)
                event = text_event(d, each);
            else if (is_kept == 0) {
                if (!d->at_start && d->gap == NONE)
                    d->gap = SOME;
                pass(d, each);
            }
        }
    }
    if (PyErr_Occurred())
        Py_CLEAR(event);
    return event;
}

static PyObject *next_event(PyObject *self)
{
    descent *d = (descent *)self;
    PyObject *event = d->at ? event_of(d) : NULL;
    if (event == NULL)
        d->at = d->element = NULL;
    return event;
}

static PyObject *skip(PyObject *self, PyObject *unused)
{
    (void)unused;
    ((descent *)self)->is_skipped = 1;
    return Py_NewRef(Py_None);
}

static PyObject *node_at(PyObject *self, void *unused)
{
    (void)unused;
    descent *d = (descent *)self;
    if (d->element == NULL) {
        PyErr_SetString(PyExc_ValueError, "what came last is no element");
        return NULL;
    }
    return lexbor.wrap(d->element, d->parser);
}

static PyObject *is_truncated(PyObject *self, void *unused)
{
    (void)unused;
    return PyBool_FromLong(((descent *)self)->truncated);
}

static void forget(PyObject *self)
{
    descent *d = (descent *)self;
    PyTypeObject *type = Py_TYPE(self);
    PyObject *held[] = {d->root, d->is_apart, d->texts, d->elements, d->hidden, d->marked, d->pieces};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_XDECREF(held[i]);
    PyMem_Free(d->open.at);
    PyMem_Free(d->text.at);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"skip", skip, METH_NOARGS, "skip()\n--\n\nLeave out what is below the element that came last."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"node", node_at, NULL, "The element that came last.", NULL},
    {"truncated", is_truncated, NULL, "Whether max_depth left something out.", NULL},
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
    "descend(root, bounds, table, signs, is_apart)\n--\n\n"
    "What is below a LexborNode as `Descent` gives it; the tree must stay as it is meanwhile. `bounds` are\n"
    "`Bounds` with sets in them; `table` has a byte for each tag; `signs` are ASCII.";

/* A set; with `all`, NULL for None. */
static int is_set(PyObject **set, int all)
{
    if (all && *set == Py_None)
        *set = NULL;
    return *set == NULL || PySet_Check(*set);
}

PyObject *descend(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *texts, *elements, *hidden, *marked, *is_apart, *parser;
    const char *table, *signs;
    Py_ssize_t size, sign_count, max_depth;
    if (!PyArg_ParseTuple(args, "O(OOOOn)y#s#O:descend", &root, &texts, &elements, &hidden, &marked, &max_depth, &table,
                          &size, &signs, &sign_count, &is_apart))
        return NULL;
    node *top = address_of(root, &parser);
    if (top == NULL)
        return NULL;
    if (size != TAGS || !is_set(&texts, 1) || !is_set(&elements, 1) || !is_set(&hidden, 0) || !is_set(&marked, 0)) {
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
    d->is_apart = Py_NewRef(is_apart);
    d->texts = Py_XNewRef(texts);
    d->elements = Py_XNewRef(elements);
    d->hidden = Py_NewRef(hidden);
    d->marked = Py_NewRef(marked);
    d->max_depth = max_depth;
    d->top = d->at = top;
    d->way = BELOW;
    d->at_start = 1;
    memcpy(d->table, table, TAGS);
    for (Py_ssize_t i = 0; i < sign_count; i++)
        d->signs[(unsigned char)signs[i]] = 1;
    return (PyObject *)d;
}
