/* `read_blocks` of gateway/core/dom/blocks.py, statement by statement; tables and what is rare are asked of Python. */

#include "arrays.h"
#include "names.h"
#include "nodes.h"
#include "text.h"

/* what happens at a tag: the numbers of blocks.py */
enum { BLOCK, CELL, INLINE, LINK, BOLD, SKIPPED, BREAK, IMAGE };

/* what the tables say beside that, in the other bits */
enum { ACTION = 15, UNKNOWN = 16, EMBED = 32, SCRIPT = 64 };

/* what `judge` says of an element that is in no table */
enum { AS_BLOCK, AS_INLINE, AS_FORMULA, AS_PICTURE, AS_EMBED };

/* an open element: what follows it, and what it is */
typedef struct {
    node *after;
    int action;
} opened;

/* an element that holds no block yet, and the links around it */
typedef struct {
    node *element;
    Py_ssize_t links;
} waiting;

typedef struct {
    /* the caller's */
    PyObject *parser, *judge, *source, *tags_of;
    node_set left_out, formulas;
    const unsigned char *actions;
    const Py_ssize_t *bits_of;
    names_tables names_of;
    Py_ssize_t max_depth, max_blocks;
    /* by element */
    PyObject *tags, *names;
    column parents, depths, flags, mem_ids, firsts, lasts;
    /* by block */
    PyObject *texts;
    column owners, chars, link_chars, bold_chars, links, images, node_ends;
    /* text nodes; images and embeds with the blocks before them */
    column nodes;
    PyObject *pictures, *embeds;
    /* the innermost registered element, and those to register with the next block */
    Py_ssize_t current;
    opened *stack;
    size_t open, stack_room;
    waiting *waiting;
    size_t waits, waiting_room;
    /* the block that is gathered */
    buffer text;
    Py_ssize_t size, linked, bold, links_in, images_in, breaks;
} walk;

static PyObject *wrap(walk *w, node *element)
{
    return lexbor.wrap(element, w->parser);
}

/* An element's tag; what no table has is asked of selectolax. */
static PyObject *name_tag(walk *w, node *element, uintptr_t number)
{
    PyObject *tag = number < TAGS ? PyTuple_GetItem(w->tags_of, (Py_ssize_t)number) : Py_None;
    if (tag != Py_None)
        return Py_XNewRef(tag);
    PyObject *wrapped = wrap(w, element);
    tag = wrapped ? PyObject_GetAttrString(wrapped, "tag") : NULL;
    Py_XDECREF(wrapped);
    if (tag == Py_None) {
        Py_DECREF(tag);
        return PyUnicode_FromStringAndSize("", 0);
    }
    return tag;
}

/* `Blocks.register`: the elements that the block is about to be in, the outermost first. */
static int register_waiting(walk *w)
{
    Py_ssize_t parent = w->current;
    Py_ssize_t bits = w->flags.at[parent], depth = w->depths.at[parent];
    Py_ssize_t first = (Py_ssize_t)w->owners.count;
    for (size_t i = 0; i < w->waits; i++) {
        node *element = w->waiting[i].element;
        uintptr_t number = lexbor.tag_id(element);
        if (number < TAGS)
            bits |= w->bits_of[number];
        if (append(w->names, read_names(&w->names_of, element, &bits)) < 0 ||
            append(w->tags, name_tag(w, element, number)) < 0)
            return -1;
        if (w->waiting[i].links)
            bits |= w->names_of.own[LINKED];
        depth++;
        if (push(&w->parents, parent) < 0 || push(&w->depths, depth) < 0 || push(&w->flags, bits) < 0 ||
            push(&w->mem_ids, (Py_ssize_t)(uintptr_t)element) < 0 || push(&w->firsts, first) < 0)
            return -1;
        parent = (Py_ssize_t)w->lasts.count;
        if (push(&w->lasts, 0) < 0)
            return -1;
    }
    w->waits = 0;
    w->current = parent;
    return 0;
}

/* End the block: its text with white space folded, and what was counted. */
static int flush(walk *w)
{
    if (w->waits && register_waiting(w) < 0)
        return -1;
    size_t left = fold(w->text.at, w->text.count);
    if (append(w->texts, PyUnicode_DecodeUTF8((const char *)w->text.at, (Py_ssize_t)left, NULL)) < 0)
        return -1;
    w->text.count = 0;
    if (push(&w->owners, w->current) < 0 || push(&w->chars, w->size) < 0 || push(&w->link_chars, w->linked) < 0 ||
        push(&w->bold_chars, w->bold) < 0 || push(&w->links, w->links_in) < 0 ||
        push(&w->images, w->images_in) < 0 || push(&w->node_ends, (Py_ssize_t)w->nodes.count) < 0)
        return -1;
    w->size = w->linked = w->bold = w->images_in = w->breaks = 0;
    return 0;
}

/* Gather a text that Python has; its length, -1 on an error. */
static Py_ssize_t put_string(walk *w, PyObject *text)
{
    Py_ssize_t count, length = text ? PyUnicode_GetLength(text) : -1;
    const char *utf8 = length >= 0 ? PyUnicode_AsUTF8AndSize(text, &count) : NULL;
    if (utf8 == NULL || put(&w->text, utf8, (size_t)count) < 0)
        length = -1;
    Py_XDECREF(text);
    return length;
}

/* Gather a text node. */
static int read_text(walk *w, node *each, Py_ssize_t link_depth, Py_ssize_t bold_depth)
{
    const text_node *text = (const text_node *)each;
    Py_ssize_t size = 0;
    /* text of another type, of which selectolax gives none, counts as there and empty */
    if (lexbor.type(each) == TEXT) {
        const unsigned char *data = text->data, *end = data + (data ? text->length : 0);
        if (data == NULL || is_blank(data, end))
            return w->size ? put(&w->text, " ", 1) : 0;
        size = count_characters(data, end);
        if (size < 0)
            size = put_string(w, decode(data, text->length));
        else if (put(&w->text, data, text->length) < 0)
            return -1;
        if (size < 0)
            return -1;
    }
    if (push(&w->nodes, (Py_ssize_t)(uintptr_t)each) < 0)
        return -1;
    w->size += size;
    w->breaks = 0;
    if (link_depth)
        w->linked += size;
    if (bold_depth)
        w->bold += size;
    return 0;
}

/* Gather the source of a formula. */
static int read_formula(walk *w, node *each)
{
    PyObject *wrapped = wrap(w, each);
    PyObject *text = wrapped ? PyObject_CallFunctionObjArgs(w->source, wrapped, NULL) : NULL;
    Py_XDECREF(wrapped);
    Py_ssize_t size = put_string(w, text);
    if (size < 0)
        return -1;
    w->size += size;
    return push(&w->nodes, (Py_ssize_t)(uintptr_t)each);
}

/* Note a picture or an embed, and the blocks before it. */
static int note(walk *w, PyObject *list, node *each)
{
    PyObject *wrapped = wrap(w, each);
    Py_ssize_t before = (Py_ssize_t)w->owners.count + (w->size > 0);
    return wrapped ? append(list, Py_BuildValue("(nN)", before, wrapped)) : -1;
}

static long judge(walk *w, node *each)
{
    PyObject *wrapped = wrap(w, each);
    PyObject *said = wrapped ? PyObject_CallFunctionObjArgs(w->judge, wrapped, NULL) : NULL;
    Py_XDECREF(wrapped);
    long kind = said ? PyLong_AsLong(said) : -1;
    Py_XDECREF(said);
    return kind;
}

/* 1 where the walk ended at `max_blocks` or left out what is too deep, 0 where it did not, -1 on an error. */
static int run(walk *w, node *root)
{
    Py_ssize_t link_depth = 0, bold_depth = 0;
    int truncated = 0;
    node *each = lexbor.first_child(root);
    for (;;) {
        if (each == NULL) {
            if (w->open == 0)
                break;
            opened *top = &w->stack[--w->open];
            each = top->after;
            if (top->action <= CELL) {
                if (top->action == BLOCK) {
                    if (w->size && flush(w) < 0)
                        return -1;
                    w->links_in = 0;
                } else if (w->size && put(&w->text, "\t", 1) < 0)
                    return -1;
                if (w->waits)
                    w->waits--;
                else {
                    w->lasts.at[w->current] = (Py_ssize_t)w->owners.count;
                    w->current = w->parents.at[w->current];
                }
            } else if (top->action == LINK)
                link_depth--;
            else if (top->action == BOLD)
                bold_depth--;
            continue;
        }
        uintptr_t number = lexbor.tag_id(each);
        if (number == TEXT_TAG) {
            if (read_text(w, each, link_depth, bold_depth) < 0)
                return -1;
            each = lexbor.next(each);
            continue;
        }
        int entry = number < TAGS ? w->actions[number] : BLOCK | UNKNOWN;
        int action = entry & ACTION;
        if (entry & UNKNOWN) {
            long kind = judge(w, each);
            if (kind < 0)
                return -1;
            if (kind == AS_FORMULA || kind == AS_PICTURE) {
                if ((kind == AS_FORMULA ? read_formula(w, each) : note(w, w->pictures, each)) < 0)
                    return -1;
                each = lexbor.next(each);
                continue;
            }
            if (kind == AS_EMBED && note(w, w->embeds, each) < 0)
                return -1;
            if (kind == AS_INLINE)
                action = INLINE;
        }
        int is_out = action == SKIPPED ? 1 : has_node(&w->left_out, each);
        if (is_out < 0)
            return -1;
        if (is_out) {
            if (entry & EMBED && note(w, w->embeds, each) < 0)
                return -1;
            int is_formula = entry & SCRIPT ? has_node(&w->formulas, each) : 0;
            if (is_formula < 0 || (is_formula && read_formula(w, each) < 0))
                return -1;
            each = lexbor.next(each);
            continue;
        }
        if (action > SKIPPED) {
            if (action == IMAGE) {
                w->images_in++;
                if (note(w, w->pictures, each) < 0)
                    return -1;
            } else if (w->size) {
                w->breaks++;
                if (w->breaks == 2) {
                    if (flush(w) < 0)
                        return -1;
                    w->links_in = 0;
                } else if (put(&w->text, "\n", 1) < 0)
                    return -1;
            }
            each = lexbor.next(each);
            continue;
        }
        if (action == BLOCK) {
            if (w->size && flush(w) < 0)
                return -1;
            w->links_in = 0;
            if ((Py_ssize_t)w->owners.count >= w->max_blocks) {
                truncated = 1;
                break;
            }
        }
        node *below = lexbor.first_child(each);
        if (below == NULL) {
            each = lexbor.next(each);
            continue;
        }
        if ((Py_ssize_t)w->open >= w->max_depth) {
            truncated = 1;
            each = lexbor.next(each);
            continue;
        }
        opened *stack = grow(w->stack, w->open, &w->stack_room, 1, sizeof *stack);
        if (stack == NULL)
            return -1;
        w->stack = stack;
        stack[w->open++] = (opened){lexbor.next(each), action};
        if (action <= CELL) {
            waiting *waits = grow(w->waiting, w->waits, &w->waiting_room, 1, sizeof *waits);
            if (waits == NULL)
                return -1;
            w->waiting = waits;
            waits[w->waits++] = (waiting){each, link_depth};
        } else if (action == LINK) {
            link_depth++;
            w->links_in++;
        } else if (action == BOLD)
            bold_depth++;
        each = below;
    }
    if (w->size && flush(w) < 0)
        return -1;
    for (; w->current >= 0; w->current = w->parents.at[w->current])
        w->lasts.at[w->current] = (Py_ssize_t)w->owners.count;
    return truncated;
}

const char read_blocks_doc[] =
    "read_blocks(root, tables, tag, name, flags, left_out, formulas, max_depth, max_blocks)\n--\n\n"
    "The columns of `Blocks` below a LexborNode; the tree must stay as it is meanwhile.\n\n"
    "`tables` is (actions, bits, tags, bits of attributes, bits of roles, judge, source); tag, name and flags\n"
    "are the root's own. Columns of numbers are bytes, eight for each; those of `packed` come behind one another too.";

PyObject *read_blocks(PyObject *module, PyObject *args)
{
    (void)module;
    walk w = {0};
    PyObject *root, *tag, *name, *left_out, *formulas, *result = NULL;
    const char *actions, *bits_of, *bits;
    Py_ssize_t flags, action_count, bits_of_count, bits_count;
    if (!PyArg_ParseTuple(args, "O(y#y#O!y#O!OO)O!O!nOOnn:read_blocks", &root, &actions, &action_count, &bits_of,
                          &bits_of_count, &PyTuple_Type, &w.tags_of, &bits, &bits_count, &PyDict_Type, &w.names_of.roles,
                          &w.judge, &w.source, &PyUnicode_Type, &tag, &PyUnicode_Type, &name, &flags, &left_out,
                          &formulas, &w.max_depth, &w.max_blocks))
        return NULL;
    node *top = address_of(root, &w.parser);
    if (top == NULL)
        return NULL;
    Py_ssize_t table[TAGS];
    if (action_count != TAGS || PyTuple_Size(w.tags_of) != TAGS || bits_of_count != sizeof table ||
        bits_count != sizeof w.names_of.own) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    /* copied: bytes need not be aligned */
    memcpy(table, bits_of, sizeof table);
    memcpy(w.names_of.own, bits, sizeof w.names_of.own);
    w.actions = (const unsigned char *)actions;
    w.bits_of = table;
    PyObject **lists[] = {&w.tags, &w.names, &w.texts, &w.embeds, &w.pictures};
    enum { LISTS = sizeof lists / sizeof *lists };
    /* the first eleven are packed too */
    column *columns[] = {&w.parents,    &w.depths,     &w.flags, &w.firsts, &w.lasts,   &w.owners,    &w.chars,
                         &w.link_chars, &w.bold_chars, &w.links, &w.images, &w.mem_ids, &w.node_ends, &w.nodes};
    enum { COLUMNS = sizeof columns / sizeof *columns, PACKED = 11, ALL = LISTS + COLUMNS + 2 };
    for (int i = 0; i < LISTS; i++)
        if ((*lists[i] = PyList_New(0)) == NULL)
            goto done;
    if (read_nodes(&w.left_out, left_out) < 0 || read_nodes(&w.formulas, formulas) < 0 ||
        PyList_Append(w.tags, tag) < 0 || PyList_Append(w.names, name) < 0 || push(&w.parents, -1) < 0 ||
        push(&w.depths, 0) < 0 || push(&w.flags, flags) < 0 || push(&w.mem_ids, (Py_ssize_t)(uintptr_t)top) < 0 ||
        push(&w.firsts, 0) < 0 || push(&w.lasts, 0) < 0)
        goto done;
    int truncated = run(&w, top);
    if (truncated < 0 || (result = PyTuple_New(ALL)) == NULL)
        goto done;
    for (int i = 0; i < ALL; i++) {
        PyObject *each = i < LISTS             ? Py_NewRef(*lists[i])
                         : i < LISTS + COLUMNS ? packed_of(&columns[i - LISTS], 1)
                         : i < ALL - 1         ? packed_of(columns, PACKED)
                                               : PyBool_FromLong(truncated);
        if (each == NULL) {
            Py_CLEAR(result);
            goto done;
        }
        PyTuple_SetItem(result, i, each);
    }
done:
    for (int i = 0; i < LISTS; i++)
        Py_XDECREF(*lists[i]);
    for (int i = 0; i < COLUMNS; i++)
        PyMem_Free(columns[i]->at);
    free_nodes(&w.left_out);
    free_nodes(&w.formulas);
    PyMem_Free(w.stack);
    PyMem_Free(w.waiting);
    PyMem_Free(w.text.at);
    return result;
}
