/* The events of `Descent` of gateway/core/dom/descent.py: what a tree shows, without an object for each node. */

#include "descent.h"

#include "text.h"

static PyObject *descent_type;

int enter(descent *d, node *element, int kind)
{
    unsigned char what = (unsigned char)kind;
    int is_deepest = (Py_ssize_t)d->open.count >= d->max_depth;
    if (put(&d->open, &what, 1) < 0)
        return -1;
    d->truncated |= is_deepest;
    d->inlines += (kind & INLINE) != 0;
    d->items += (kind & OPEN_ITEM) != 0;
    d->at = element;
    d->way = is_deepest ? END : BELOW;
    return 0;
}

/* See to it that what follows an event begins a line, or goes on with one. */
static void end_line(descent *d, int kind)
{
    d->gap = NONE;
    d->at_start = (kind & (BOX | BLOCK)) != 0;
    if (d->at_start)
        d->tried = NOT_TRIED;
}

/* What comes before an event: the texts that were gathered, white space; NULL where it is the event's turn, or on an
   error, which `event_of` looks for. */
static PyObject *first(descent *d, int kind)
{
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
    if (d->gap == SOME && !(kind & (BOX | BLOCK))) {
        d->gap = TOLD;
        return Py_NewRef(Py_True);
    }
    end_line(d, kind);
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
    d->text.count = 0;
    int is_plain = fold_text(&d->text, text->data, text->length, d->kinds, &ends_in_space, &has_sign);
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
    if (kind & BOX)
        end_line(d, kind);
    leave(d, element);
    return is_silent ? NULL : Py_NewRef(kind & BOX ? Py_False : Py_None);
}

/* The event of an element; NULL where there is none, or on an error. */
static PyObject *element_event(descent *d, node *each)
{
    uintptr_t tag = lexbor.tag_id(each);
    int means = tag < TAGS ? d->line.marks_of[tag] : NO_MARK;
    if (means && means < PARAGRAPH && d->table[tag] & INLINE && may_write(d))
        return write_line(d);
    int kind = kind_of(d, each, tag);
    if (kind == FAILED)
        return NULL;
    if (kind == LEFT_OUT) {
        pass(d, each);
        return NULL;
    }
    kind &= ~OPEN_ITEM;
    if (means == ITEM)
        kind |= OPEN_ITEM;
    if (means == PARAGRAPH && d->items == 0 && kind & BLOCK)
        /* it says something of an item that it stands in */
        kind ^= BLOCK | BOX;
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
    if (kind & BOX)
        end_line(d, kind);
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
    d->at_start = d->is_line_empty;
    if (d->at_start && d->tried == TRIED)
        d->tried = NOT_TRIED;
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
        node *each = upcoming(d);
        if (each == NULL) {
            node *above = ended(d);
            if (above == NULL)
                return d->pieces ? first(d, 0) : NULL;
            event = end_event(d, above);
        } else if (lexbor.tag_id(each) != TEXT_TAG)
            event = element_event(d, each);
        else {
            int is_kept = is_text(d, each);
            if (is_kept > 0)
                event = may_write(d) ? write_line(d) : text_event(d, each);
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
    PyObject *event = d->at && note_links(&d->line) == 0 ? event_of(d) : NULL;
    if (event == NULL)
        d->at = d->element = NULL;
    return event;
}

static PyObject *skip(PyObject *self, PyObject *is_line_empty)
{
    descent *d = (descent *)self;
    d->is_skipped = 1;
    d->is_line_empty = is_line_empty == Py_True;
    return Py_NewRef(Py_None);
}

static PyObject *reject(PyObject *self, PyObject *unused)
{
    (void)unused;
    descent *d = (descent *)self;
    if (d->line.at == NULL) {
        PyErr_SetString(PyExc_ValueError, "what came last is no line");
        return NULL;
    }
    take_back(d);
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

static PyObject *doubt(PyObject *self, void *unused)
{
    (void)unused;
    return PyLong_FromLong(((descent *)self)->doubt);
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
    forget_line(&d->line);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

static PyMethodDef methods[] = {
    {"skip", skip, METH_O,
     "skip(is_line_empty)\n--\n\nLeave out what is below the element that came last; whether nothing is in the line then."},
    {"reject", reject, METH_NOARGS, "reject()\n--\n\nHave the events of the line that came last."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef attributes[] = {
    {"node", node_at, NULL, "The element that came last.", NULL},
    {"doubt", doubt, NULL, "What of the line that came last takes a closer look.", NULL},
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
    "descend(root, bounds, table, signs, is_apart, lines)\n--\n\n"
    "What is below a LexborNode as `Descent` gives it; the tree must stay as it is meanwhile. `bounds` are\n"
    "`Bounds` with sets in them; `table` has a byte for each tag; `signs` are ASCII. `lines` is None or `Lines`, by which\n"
    "whole lines are written.";

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
    PyObject *root, *texts, *elements, *hidden, *marked, *is_apart, *lines, *parser;
    const char *table, *signs;
    Py_ssize_t size, sign_count, max_depth;
    if (!PyArg_ParseTuple(args, "O(OOOOn)y#s#OO:descend", &root, &texts, &elements, &hidden, &marked, &max_depth, &table,
                          &size, &signs, &sign_count, &is_apart, &lines))
        return NULL;
    node *top = address_of(root, &parser);
    if (top == NULL)
        return NULL;
    if (size != TAGS || !is_set(&texts, 1) || !is_set(&elements, 1) || !is_set(&hidden, 0) || !is_set(&marked, 0) ||
        (lines != Py_None && !PyTuple_Check(lines))) {
        PyErr_SetString(PyExc_ValueError, "sets are wanted, a tuple of rules for lines, and a table of another size");
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
    if (lines != Py_None && read_line_rules(&d->line, lines) < 0) {
        Py_DECREF(d);
        return NULL;
    }
    memcpy(d->table, table, TAGS);
    read_signs(d->kinds, signs, sign_count);
    return (PyObject *)d;
}
