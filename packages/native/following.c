/* `read_after` of gateway/core/metadata/lines.py: the texts that follow a heading, and where its lines end. */

#include "text.h"

/* what the table says of a tag: it ends a line unless it is INLINE; nobody reads what is right in an UNSEEN one */
enum { INLINE = 1, HEADING = 2, TOP = 4, UNSEEN = 8 };

/* bytes of a text that are read, and letters of it that count */
enum { READ = 4800, COUNTED = 1200, LINE = 300 };

typedef struct {
    const unsigned char *kinds;
    PyObject *parser, *found;
    /* nodes that may yet be looked at, and letters that there are at least */
    Py_ssize_t left, letters, enough;
    int is_begun;
} reading;

static int kind_of(const reading *r, node *each)
{
    uintptr_t number = lexbor.tag_id(each);
    return number < TAGS ? r->kinds[number] : 0;
}

/* Letters that a text has at least when its white space is folded, as far as they count. */
static Py_ssize_t count_letters(const unsigned char *p, size_t size)
{
    Py_ssize_t count = 0;
    for (const unsigned char *end = p + (size < COUNTED ? size : COUNTED); p < end; p++)
        /* white space begins with these */
        count += (*p > ' ' && *p < 0x80) || (*p > 0xc2 && *p != 0xe1 && *p != 0xe2 && *p != 0xe3);
    return count < LINE ? count : LINE;
}

static int read_text(reading *r, node *each)
{
    const text_node *text = (const text_node *)each;
    node *parent = lexbor.parent(each);
    if (lexbor.type(each) != TEXT || text->data == NULL || is_blank(text->data, text->data + text->length) ||
        (parent != NULL && kind_of(r, parent) & UNSEEN))
        return 0;
    r->is_begun = 1;
    r->letters += count_letters(text->data, text->length);
    return append(r->found, decode(text->data, text->length < READ ? text->length : READ));
}

/* 0, or -1 on an error. */
static int read_node(reading *r, node *each)
{
    if (lexbor.tag_id(each) == TEXT_TAG)
        return read_text(r, each);
    int kind = kind_of(r, each);
    if (kind & HEADING)
        return append(r->found, lexbor.wrap(each, r->parser));
    if (kind & INLINE || lexbor.type(each) != ELEMENT || !r->is_begun)
        return 0;
    size_t count;
    const unsigned char *name = lexbor.tag_name(each, &count);
    if (name != NULL && memchr(name, '-', count) != NULL)
        return 0;
    r->is_begun = 0;
    return PyList_Append(r->found, Py_None);
}

/* The node and all below it; 1 where enough was read. */
static int read_below(reading *r, node *top)
{
    node *each = top;
    while (each != NULL) {
        if (r->left-- <= 0 || r->letters > r->enough)
            return 1;
        if (read_node(r, each) < 0)
            return -1;
        node *next = lexbor.first_child(each);
        while (next == NULL && each != top) {
            next = lexbor.next(each);
            if (next == NULL)
                each = lexbor.parent(each);
        }
        each = next;
    }
    return 0;
}

const char read_after_doc[] =
    "read_after(heading, kinds, parents, nodes, letters)\n--\n\n"
    "What stands in the nodes after a LexborNode, and after those around it: texts that are not blank, headings, and None\n"
    "where a line ends that has a text. `kinds` says of each tag's number: 1 inline, 2 a heading, 4 a top that nothing is\n"
    "read after, 8 unseen texts. At most so many nodes around it are gone up, so many after it looked at, and it may end\n"
    "where more letters were read.";

PyObject *read_after(PyObject *module, PyObject *args)
{
    (void)module;
    reading r = {0};
    PyObject *heading;
    const char *kinds;
    Py_ssize_t size, parents;
    if (!PyArg_ParseTuple(args, "Oy#nnn:read_after", &heading, &kinds, &size, &parents, &r.left, &r.enough))
        return NULL;
    node *each = address_of(heading, &r.parser);
    if (each == NULL)
        return NULL;
    if (size != TAGS) {
        PyErr_SetString(PyExc_ValueError, "a table of another size");
        return NULL;
    }
    r.kinds = (const unsigned char *)kinds;
    if ((r.found = PyList_New(0)) == NULL)
        return NULL;
    int is_over = 0;
    for (; !is_over && each != NULL && parents > 0 && !(kind_of(&r, each) & TOP); parents--, each = lexbor.parent(each))
        for (node *next = lexbor.next(each); !is_over && next != NULL; next = lexbor.next(next))
            is_over = read_below(&r, next);
    if (is_over < 0)
        Py_CLEAR(r.found);
    return r.found;
}
