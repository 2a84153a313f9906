/* Lexbor's tree read without a Python object for each node: the walk of gateway/core/dom/blocks.py, and what the one
   query of gateway/core/dom/landmarks.py finds.

   selectolax's shared library exports Lexbor's functions; `load` finds them there, so that no header and no layout of a
   structure is needed but one: where the text of a text node stands. gateway/core/dom/native.py checks that, and
   everything else, on a tree of its own before this is used.

   `read_blocks` is that of blocks.py, statement by statement: what is decided by tables, by rare elements or by
   Python's own idea of text is asked of Python. The tree is only read. Nothing here recurses. */

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <dlfcn.h>
#include <stdint.h>
#include <string.h>

_Static_assert(sizeof(Py_ssize_t) >= 8, "flags and addresses are kept in a Py_ssize_t");

/* Lexbor's, never looked into */
typedef struct node node;
typedef struct attribute attribute;

/* a text node: what every node has, and its text (lxb_dom_character_data) */
#ifndef NODE_SIZE
#define NODE_SIZE 96
#endif
typedef struct {
    unsigned char node[NODE_SIZE];
    const unsigned char *data;
    size_t length;
} text_node;

static struct {
    uintptr_t (*tag_id)(node *);
    int (*type)(node *);
    node *(*next)(node *);
    node *(*first_child)(node *);
    node *(*parent)(node *);
    attribute *(*first_attribute)(node *);
    attribute *(*next_attribute)(attribute *);
    const unsigned char *(*attribute_name)(attribute *, size_t *);
    const unsigned char *(*attribute_local_name)(attribute *, size_t *);
    const unsigned char *(*attribute_value)(attribute *, size_t *);
    /* selectolax's LexborNode of a node and its parser, and the class */
    PyObject *(*wrap)(node *, PyObject *);
    PyObject *node_class;
} lexbor;

/* of lxb_dom_node_type_t, and of tags */
enum { ELEMENT = 1, TEXT = 3, TEXT_TAG = 2 };

/* Tags with a row in the tables; Lexbor numbers what it does not know by address. */
enum { TAGS = 256 };

/* what happens at a tag: the numbers of blocks.py */
enum { BLOCK, CELL, INLINE, LINK, BOLD, SKIPPED, BREAK, IMAGE };

/* what the tables say beside that, in the other bits */
enum { ACTION = 15, UNKNOWN = 16, EMBED = 32, SCRIPT = 64 };

/* what `judge` says of an element that is in no table */
enum { AS_BLOCK, AS_INLINE, AS_FORMULA, AS_PICTURE, AS_EMBED };

/* ---- arrays that grow ---- */

typedef struct {
    Py_ssize_t *at;
    size_t count, room;
} column;

typedef struct {
    unsigned char *at;
    size_t count, room;
} buffer;

/* Room for `more` items of `size` bytes behind the `count` that there are; NULL and an exception if there is none. */
static void *grow(void *at, size_t count, size_t *room, size_t more, size_t size)
{
    if (*room - count >= more)
        return at;
    size_t wanted = count + more > 2 * count ? count + more : 2 * count;
    if (wanted < 64)
        wanted = 64;
    if (more > SIZE_MAX / 4 || wanted > SIZE_MAX / 4 / size) {
        PyErr_NoMemory();
        return NULL;
    }
    void *grown = PyMem_Realloc(at, wanted * size);
    if (grown == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    *room = wanted;
    return grown;
}

static int push(column *into, Py_ssize_t value)
{
    Py_ssize_t *at = grow(into->at, into->count, &into->room, 1, sizeof *at);
    if (at == NULL)
        return -1;
    into->at = at;
    at[into->count++] = value;
    return 0;
}

static int put(buffer *into, const void *bytes, size_t count)
{
    if (count == 0)
        return 0;
    unsigned char *at = grow(into->at, into->count, &into->room, count, 1);
    if (at == NULL)
        return -1;
    into->at = at;
    memcpy(at + into->count, bytes, count);
    into->count += count;
    return 0;
}

static PyObject *list_of(const column *values)
{
    PyObject *list = PyList_New((Py_ssize_t)values->count);
    for (size_t i = 0; list != NULL && i < values->count; i++) {
        PyObject *value = PyLong_FromSsize_t(values->at[i]);
        if (value == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, (Py_ssize_t)i, value);
    }
    return list;
}

/* Append, and give up the reference; an error if there is none. */
static int append(PyObject *list, PyObject *item)
{
    int failed = item == NULL || PyList_Append(list, item) < 0;
    Py_XDECREF(item);
    return failed ? -1 : 0;
}

/* ---- text ---- */

/* How many bytes of white space begin here, as `str.split` has it; 0 for anything else. */
static size_t space_at(const unsigned char *p, const unsigned char *end)
{
    unsigned char c = *p;
    if (c < 0x80)
        return c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
    if (c == 0xc2)
        return end - p > 1 && (p[1] == 0x85 || p[1] == 0xa0) ? 2 : 0;
    if (c < 0xe1 || c > 0xe3 || end - p < 3)
        return 0;
    int is_space = c == 0xe1   ? p[1] == 0x9a && p[2] == 0x80
                   : c == 0xe3 ? p[1] == 0x80 && p[2] == 0x80
                   : p[1] == 0x80
                       ? (p[2] >= 0x80 && p[2] <= 0x8a) || p[2] == 0xa8 || p[2] == 0xa9 || p[2] == 0xaf
                       : p[1] == 0x81 && p[2] == 0x9f;
    return is_space ? 3 : 0;
}

static int is_blank(const unsigned char *p, const unsigned char *end)
{
    while (p < end) {
        size_t space = space_at(p, end);
        if (space == 0)
            return 0;
        p += space;
    }
    return 1;
}

/* How many characters UTF-8 has; -1 where it is not valid (Unicode 16, table 3-7). */
static Py_ssize_t count_characters(const unsigned char *p, const unsigned char *end)
{
    Py_ssize_t count = 0;
    while (p < end) {
        uint64_t eight;
        if (end - p >= 8 && (memcpy(&eight, p, 8), (eight & 0x8080808080808080) == 0)) {
            count += 8;
            p += 8;
            continue;
        }
        unsigned char c = *p;
        count++;
        if (c < 0x80) {
            p++;
            continue;
        }
        size_t size = c < 0xc2 ? 0 : c < 0xe0 ? 2 : c < 0xf0 ? 3 : c < 0xf5 ? 4 : 0;
        if (size == 0 || (size_t)(end - p) < size)
            return -1;
        unsigned char low = c == 0xe0 ? 0xa0 : c == 0xf0 ? 0x90 : 0x80;
        unsigned char high = c == 0xed ? 0x9f : c == 0xf4 ? 0x8f : 0xbf;
        if (p[1] < low || p[1] > high)
            return -1;
        for (size_t i = 2; i < size; i++)
            if ((p[i] & 0xc0) != 0x80)
                return -1;
        p += size;
    }
    return count;
}

/* selectolax's: what cannot be decoded is U+FFFD */
static PyObject *decode(const unsigned char *bytes, size_t count)
{
    return PyUnicode_DecodeUTF8((const char *)bytes, (Py_ssize_t)count, "replace");
}

/* ---- the walk ---- */

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
    PyObject *parser, *judge, *source, *tags_of, *roles, *left_out, *formulas;
    const unsigned char *actions;
    const Py_ssize_t *bits_of, *bits;
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

/* flags in the order of `bits`: what attributes say, and that an element is inside a link */
enum { HIDDEN, ARIA_HIDDEN, ITEMSCOPE, UNDISPLAYED, LINKED, OWN_BITS };

typedef struct {
    const unsigned char *at;
    size_t count;
} bytes;

static int is(bytes text, const char *other)
{
    return text.count == strlen(other) && memcmp(text.at, other, text.count) == 0;
}

/* Whether a text has another in it. */
static int holds(bytes text, bytes part)
{
    if (part.count == 0)
        return 1;
    for (size_t at = 0; part.count <= text.count && at <= text.count - part.count; at++)
        if (text.at[at] == *part.at && memcmp(text.at + at, part.at, part.count) == 0)
            return 1;
    return 0;
}

/* Whether a style has "none" in it and, without its spaces, "display:none". */
static int is_undisplayed(bytes style)
{
    static const bytes none = {(const unsigned char *)"none", 4};
    static const char sought[] = "display:none";
    if (!holds(style, none))
        return 0;
    for (size_t start = 0; start < style.count; start++) {
        const char *left = sought;
        for (size_t at = start; *left && at < style.count; at++) {
            if (style.at[at] == (unsigned char)*left)
                left++;
            else if (style.at[at] != ' ' || left == sought)
                break;
        }
        if (*left == '\0')
            return 1;
    }
    return 0;
}

/* `_read_attributes` of blocks.py; adds to `bits`. */
static PyObject *read_names(walk *w, node *element, Py_ssize_t *bits)
{
    bytes class = {0}, id = {0}, testid = {0}, itemprop = {0}, role = {0}, style = {0};
    int aria_hidden = 0;
    if (lexbor.type(element) == ELEMENT) {
        attribute *each = lexbor.first_attribute(element);
        for (; each != NULL; each = lexbor.next_attribute(each)) {
            bytes name = {0}, value = {0};
            name.at = lexbor.attribute_name(each, &name.count);
            value.at = lexbor.attribute_value(each, &value.count);
            if (value.at == NULL)
                value.count = 0;
            if (is(name, "class"))
                class = value;
            else if (is(name, "id"))
                id = value;
            else if (is(name, "style"))
                style = value;
            else if (is(name, "role"))
                role = value;
            else if (is(name, "itemprop"))
                itemprop = value;
            else if (is(name, "data-testid"))
                testid = value;
            else if (is(name, "aria-hidden"))
                aria_hidden = is(value, "true");
            else if (is(name, "hidden"))
                *bits |= w->bits[HIDDEN];
            else if (is(name, "itemscope"))
                *bits |= w->bits[ITEMSCOPE];
        }
    }
    if (aria_hidden)
        *bits |= w->bits[ARIA_HIDDEN];
    if (is_undisplayed(style))
        *bits |= w->bits[UNDISPLAYED];
    if (!(id.count || testid.count || itemprop.count || role.count))
        return decode(class.at, class.count);

    buffer name = {0};
    PyObject *names = NULL;
    const struct {
        const char *before;
        bytes value;
    } parts[] = {{" ", id}, {" ", testid}, {" itemprop ", itemprop}, {" role ", role}};
    if (put(&name, class.at, class.count) < 0)
        goto done;
    for (size_t i = 0; i < sizeof parts / sizeof *parts; i++)
        if (parts[i].value.count &&
            (put(&name, parts[i].before, strlen(parts[i].before)) < 0 ||
             put(&name, parts[i].value.at, parts[i].value.count) < 0))
            goto done;
    if (role.count) {
        PyObject *key = decode(role.at, role.count);
        PyObject *bit = key ? PyDict_GetItemWithError(w->roles, key) : NULL;
        Py_XDECREF(key);
        if (bit != NULL)
            *bits |= PyLong_AsSsize_t(bit);
        if (PyErr_Occurred())
            goto done;
    }
    names = decode(name.at, name.count);
done:
    PyMem_Free(name.at);
    return names;
}

static PyObject *wrap(walk *w, node *element)
{
    return lexbor.wrap(element, w->parser);
}

/* An element's tag; what no table has is asked of selectolax. */
static PyObject *name_tag(walk *w, node *element, uintptr_t number)
{
    PyObject *tag = number < TAGS ? PyTuple_GetItem(w->tags_of, (Py_ssize_t)number) : Py_None;
    if (tag != Py_None) {
        Py_XINCREF(tag);
        return tag;
    }
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
        if (append(w->names, read_names(w, element, &bits)) < 0 ||
            append(w->tags, name_tag(w, element, number)) < 0)
            return -1;
        if (w->waiting[i].links)
            bits |= w->bits[LINKED];
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
    const unsigned char *p = w->text.at, *end = p + w->text.count;
    /* in place: what is written is never longer than what was read */
    unsigned char *start = w->text.at, *out = start;
    int gap = 0;
    while (p < end) {
        size_t space = space_at(p, end);
        if (space) {
            gap = 1;
            p += space;
            continue;
        }
        if (gap && out > start)
            *out++ = ' ';
        gap = 0;
        do
            *out++ = *p++;
        while (p < end && ((*p > ' ' && *p < 0xc2) || *p > 0xe3));
    }
    if (append(w->texts, PyUnicode_DecodeUTF8((const char *)start, out - start, NULL)) < 0)
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

/* Whether a collection has a node; -1 on an error. */
static int contains(PyObject *collection, node *each)
{
    PyObject *mem_id = PyLong_FromVoidPtr(each);
    int is_there = mem_id ? PySequence_Contains(collection, mem_id) : -1;
    Py_XDECREF(mem_id);
    return is_there;
}

/* 1 where the walk ended at `max_blocks` or left out what is too deep, 0 where it did not, -1 on an error. */
static int run(walk *w, node *root)
{
    Py_ssize_t link_depth = 0, bold_depth = 0;
    int truncated = 0, leaves_out = PyObject_IsTrue(w->left_out);
    if (leaves_out < 0)
        return -1;
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
        int is_out = action == SKIPPED ? 1 : leaves_out ? contains(w->left_out, each) : 0;
        if (is_out < 0)
            return -1;
        if (is_out) {
            if (entry & EMBED && note(w, w->embeds, each) < 0)
                return -1;
            int is_formula = entry & SCRIPT ? contains(w->formulas, each) : 0;
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

PyDoc_STRVAR(read_blocks_doc,
             "read_blocks(root, tables, tag, name, flags, left_out, formulas, max_depth, max_blocks)\n--\n\n"
             "The columns of `Blocks` below a LexborNode; the tree must stay as it is meanwhile.\n\n"
             "`tables` is (actions, bits, tags, bits of attributes, bits of roles, judge, source); tag, name and flags\n"
             "are the root's own.");

/* The address of a LexborNode, NULL and an exception where it is none, and its parser, borrowed from it. */
static node *address_of(PyObject *wrapped, PyObject **parser)
{
    if (lexbor.node_class == NULL || PyObject_IsInstance(wrapped, lexbor.node_class) != 1) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_TypeError, "not a LexborNode, or `load` was not called");
        return NULL;
    }
    PyObject *mem_id = PyObject_GetAttrString(wrapped, "mem_id");
    void *address = mem_id ? PyLong_AsVoidPtr(mem_id) : NULL;
    Py_XDECREF(mem_id);
    *parser = address ? PyObject_GetAttrString(wrapped, "parser") : NULL;
    /* the node, which the caller holds, holds it */
    Py_XDECREF(*parser);
    return *parser ? address : NULL;
}

static PyObject *read_blocks(PyObject *module, PyObject *args)
{
    (void)module;
    walk w = {0};
    PyObject *root, *tag, *name, *result = NULL;
    const char *actions, *bits_of, *bits;
    Py_ssize_t flags, action_count, bits_of_count, bits_count;
    if (!PyArg_ParseTuple(args, "O(y#y#O!y#O!OO)O!O!nOOnn:read_blocks", &root, &actions, &action_count, &bits_of,
                          &bits_of_count, &PyTuple_Type, &w.tags_of, &bits, &bits_count, &PyDict_Type, &w.roles,
                          &w.judge, &w.source, &PyUnicode_Type, &tag, &PyUnicode_Type, &name, &flags, &w.left_out,
                          &w.formulas, &w.max_depth, &w.max_blocks))
        return NULL;
    node *top = address_of(root, &w.parser);
    if (top == NULL)
        return NULL;
    Py_ssize_t table[TAGS], own[OWN_BITS];
    if (action_count != TAGS || PyTuple_Size(w.tags_of) != TAGS || bits_of_count != sizeof table ||
        bits_count != sizeof own) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    /* copied: bytes need not be aligned */
    memcpy(table, bits_of, sizeof table);
    memcpy(own, bits, sizeof own);
    w.actions = (const unsigned char *)actions;
    w.bits_of = table;
    w.bits = own;

    column *columns[] = {&w.parents, &w.depths,     &w.flags,      &w.mem_ids, &w.firsts, &w.lasts,     &w.owners,
                         &w.chars,   &w.link_chars, &w.bold_chars, &w.links,   &w.images, &w.node_ends, &w.nodes};
    enum { COLUMNS = sizeof columns / sizeof *columns };
    PyObject **lists[] = {&w.tags, &w.names, &w.texts, &w.embeds, &w.pictures};
    enum { LISTS = sizeof lists / sizeof *lists };
    for (int i = 0; i < LISTS; i++)
        if ((*lists[i] = PyList_New(0)) == NULL)
            goto done;
    if (PyList_Append(w.tags, tag) < 0 || PyList_Append(w.names, name) < 0 || push(&w.parents, -1) < 0 ||
        push(&w.depths, 0) < 0 || push(&w.flags, flags) < 0 || push(&w.mem_ids, (Py_ssize_t)(uintptr_t)top) < 0 ||
        push(&w.firsts, 0) < 0 || push(&w.lasts, 0) < 0)
        goto done;
    int truncated = run(&w, top);
    if (truncated < 0 || (result = PyTuple_New(LISTS + COLUMNS + 1)) == NULL)
        goto done;
    for (int i = 0; i < LISTS + COLUMNS + 1; i++) {
        PyObject *each = i < LISTS             ? Py_NewRef(*lists[i])
                         : i < LISTS + COLUMNS ? list_of(columns[i - LISTS])
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
    PyMem_Free(w.stack);
    PyMem_Free(w.waiting);
    PyMem_Free(w.text.at);
    return result;
}

/* ---- elements with certain tags and attributes ---- */

/* an attribute that is looked for: its value is `value`, or has it and `letters` in it; an empty one is in any value */
typedef struct {
    bytes name, value, letters;
    int contains;
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
            if (one->contains ? holds(value, one->value) && holds(value, one->letters)
                              : value.count == one->value.count && holds(value, one->value))
                return 1;
        }
    }
    return 0;
}

/* LexborNode.attributes */
static PyObject *read_attributes(node *element)
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

PyDoc_STRVAR(select_doc, "select(root, tags, attributes)\n--\n\n"
                         "The elements from a LexborNode on down, in document order, each with its `attributes`, that have\n"
                         "one of the tags (a byte for each number) or of the attributes: (name, value, letters, whether the\n"
                         "value need only have these two in it, number of the tag or 0), an empty value for any.");

static PyObject *select_marked(PyObject *module, PyObject *args)
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
        if (!PyArg_ParseTuple(PyTuple_GetItem(attributes, i), "y#y#y#pk", &name, &name_size, &value, &value_size,
                              &letters, &letters_size, &all[i].contains, &tag))
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

/* ---- loading ---- */

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

PyDoc_STRVAR(load_doc, "load(path, node_class, text_node, text)\n--\n\n"
                       "Find Lexbor's functions in selectolax's library at `path`, which is loaded already.\n\n"
                       "`node_class` is its LexborNode; `text_node` is one whose text is known to be `text`, in UTF-8.\n"
                       "Raises OSError if something is not where it is looked for.");

static PyObject *load(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *path, *node_class, *sample, *parser;
    const char *known;
    Py_ssize_t length;
    if (!PyArg_ParseTuple(args, "O&OOy#:load", PyUnicode_FSConverter, &path, &node_class, &sample, &known, &length))
        return NULL;
    Py_CLEAR(lexbor.node_class);
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
        find(library, "lxb_dom_node_first_child_noi", &lexbor.first_child) < 0 ||
        find(library, "lxb_dom_node_parent_noi", &lexbor.parent) < 0 ||
        find(library, "lxb_dom_element_first_attribute_noi", &lexbor.first_attribute) < 0 ||
        find(library, "lxb_dom_element_next_attribute_noi", &lexbor.next_attribute) < 0 ||
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

static PyMethodDef methods[] = {
    {"load", load, METH_VARARGS, load_doc},
    {"read_blocks", read_blocks, METH_VARARGS, read_blocks_doc},
    {"select", select_marked, METH_VARARGS, select_doc},
    {NULL, NULL, 0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "winnow_native", "Lexbor's tree read by C.", 0, methods, NULL, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_winnow_native(void)
{
    return PyModuleDef_Init(&definition);
}
