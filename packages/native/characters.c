/* How much text a page has. */

#include "text.h"

/* The outermost elements that text is in, as a walk comes and goes. */
typedef struct {
    node *body, *code;
    const char *is_code;
    int in_body;
} around;

static void enter(around *a, node *element)
{
    uintptr_t number = lexbor.tag_id(element);
    a->in_body |= element == a->body;
    if (a->code == NULL && number < TAGS && a->is_code[number])
        a->code = element;
}

static void leave(around *a, node *element)
{
    a->in_body &= element != a->body;
    if (element == a->code)
        a->code = NULL;
}

/* The next node of a walk from `top`, NULL at its end. */
static node *step(around *a, node *each, node *top)
{
    node *next = lexbor.first_child(each);
    if (next != NULL)
        enter(a, each);
    while (next == NULL && each != top) {
        next = lexbor.next(each);
        if (next == NULL)
            leave(a, each = lexbor.parent(each));
    }
    return next;
}

const char count_text_doc[] =
    "count_text(root, body, code, enough)\n--\n\n"
    "The characters of text below `body` that are not in an element with a tag of `code` (a byte for each number), less\n"
    "those in such elements elsewhere below `root`, 0 if these are more; some number from `enough` on where there are so\n"
    "many. None where text is not valid UTF-8.";

PyObject *count_text(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *within, *parser;
    const char *code;
    Py_ssize_t tags, enough, shown = 0, off = 0, off_bytes = 0;
    if (!PyArg_ParseTuple(args, "OOy#n:count_text", &root, &within, &code, &tags, &enough))
        return NULL;
    node *top = address_of(root, &parser), *body = top ? address_of(within, &parser) : NULL;
    if (body == NULL)
        return NULL;
    if (tags != TAGS) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    /* code is long: that its bytes are no fewer than its characters, nor four times as many, mostly tells enough */
    for (int counts_code = 0; counts_code < 2; counts_code++) {
        around a = {.body = body, .is_code = code};
        for (node *each = top; each != NULL; each = step(&a, each, top)) {
            const text_node *text = (const text_node *)each;
            if (a.in_body == (a.code != NULL) || lexbor.type(each) != TEXT || text->data == NULL ||
                (counts_code && a.in_body))
                continue;
            Py_ssize_t count = a.in_body || counts_code ? count_characters(text->data, text->data + text->length) : 0;
            if (count < 0)
                Py_RETURN_NONE;
            if (a.in_body)
                shown += count;
            else if (counts_code)
                off += count;
            else
                off_bytes += (Py_ssize_t)text->length;
            if (!counts_code && shown - off_bytes >= enough)
                return PyLong_FromSsize_t(shown - off_bytes);
        }
        if (off_bytes == 0 || off_bytes / 4 >= shown)
            break;
    }
    off = off_bytes / 4 >= shown ? shown : off;
    return PyLong_FromSsize_t(shown > off ? shown - off : 0);
}
