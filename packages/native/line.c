/* Whole lines of text as gateway/core/markdown writes them (`Line`, `join_certain`), where nothing in them needs a closer
   look: texts, links, an emphasis that can be read in one way only, inline code. For anything else the line's events come,
   from where it began. */

#include "descent.h"

#include "addresses.h"
#include "text.h"

/* a line that was read so far in vain is not tried again from a later place in it: that could be as long each time */
enum { FEW_NODES = 4 };

static int add_text(descent *d, node *each)
{
    line *l = &d->line;
    const text_node *text = (const text_node *)each;
    if (!d->at_start && !l->has_space) {
        int is_apart = space_at(text->data, text->data + text->length) ? 1 : is_text_apart(d, each);
        if (is_apart < 0)
            return ERROR;
        l->has_space = is_apart;
    }
    size_t before = l->text.count;
    if (before && (l->has_break || l->has_space) && put(&l->text, l->has_break ? "\n" : " ", 1) < 0)
        return ERROR;
    size_t start = l->text.count;
    int ends_in_space, has_sign, done = fold_text(&l->text, text->data, text->length, d->kinds, &ends_in_space, &has_sign);
    if (done != SURE)
        return done;
    if (l->is_marked || l->open || l->has_break) {
        done = add_marked(l, before, start, has_sign);
        if (done != SURE)
            return done;
    } else
        l->is_signed |= has_sign;
    l->breaks |= l->has_break;
    l->has_break = 0;
    l->has_space = ends_in_space;
    l->ends_in_bang = !l->in_code && l->text.at[l->text.count - 1] == '!';
    l->closed = NO_MARK;
    d->at_start = 0;
    pass(d, each);
    return SURE;
}

/* Break the line, or end it where it breaks already. */
static int add_break(descent *d, node *each)
{
    line *l = &d->line;
    if (l->in_code)
        return UNSURE;
    pass(d, each);
    if (l->text.count == 0 || (l->has_break && l->open > l->begun))
        return SURE;
    l->is_over = l->has_break;
    l->has_break = 1;
    l->has_space = 0;
    l->closed = NO_MARK;
    return l->is_over && l->open ? UNSURE : SURE;
}

/* The address that a link leads to: None for none, True for a place in the page, False where only Python knows what to do
   with it; NULL on an error. */
static PyObject *find_address(const line *l, bytes href)
{
    PyObject *plain = plain_address(href, l->origin);
    if (plain != NULL || PyErr_Occurred())
        return plain;
    PyObject *key = decode(href.at, href.count);
    PyObject *url = key ? PyDict_GetItemWithError(l->known, key) : NULL;
    if (url == NULL && key != NULL && !PyErr_Occurred()) {
        PyObject *found = PyObject_CallFunctionObjArgs(l->find, key, NULL);
        if (found != NULL && PyDict_SetItem(l->known, key, found) == 0)
            url = found;
        Py_XDECREF(found);
    }
    Py_XDECREF(key);
    return Py_XNewRef(url);
}

/* Whether a style may take back what the tag of an emphasis says. */
static int takes_back(int kind, bytes style)
{
    static const char *const properties[] = {[STRONG] = "font-weight", [EM] = "font-style", [DEL] = "text-decoration"};
    const char *property = properties[kind];
    size_t count = strlen(property);
    for (size_t at = 0; at + count <= style.count; at++) {
        size_t i = 0;
        while (i < count && (style.at[at + i] | 0x20) == (unsigned char)property[i])
            i++;
        if (i == count)
            return 1;
        if (style.at[at] >= 0x80)
            /* there are two that are lower case in ASCII only for Python */
            return 1;
    }
    return 0;
}

/* Whether code is neither a block nor a link as a whole. */
static int is_inline_code(const line *l, node *code)
{
    node *child = lexbor.first_child(code);
    if (child == NULL)
        return 0;
    uintptr_t tag = lexbor.tag_id(child);
    if (tag != TEXT_TAG)
        /* the line has begun */
        return (l->open || l->text.count) && (tag >= TAGS || l->marks_of[tag] != LINK);
    const text_node *text = (const text_node *)child;
    int is_alone = lexbor.next(child) == NULL && text->data && memchr(text->data, '\n', text->length) == NULL;
    return l->open || l->text.count || is_alone;
}

/* The address of an element's link, None where it is no link, False where it takes a closer look; NULL on an error. */
static PyObject *lead(const descent *d, node *each)
{
    bytes href = value_of(each, "href");
    PyObject *url = href.at && href.count ? find_address(&d->line, href) : Py_NewRef(Py_None);
    if (url != Py_True)
        return url;
    PyObject *wrapped = lexbor.wrap(each, d->parser), *is_text = NULL;
    if (wrapped != NULL)
        is_text = PyObject_CallFunctionObjArgs(d->line.is_text, wrapped, NULL);
    Py_XDECREF(wrapped);
    Py_DECREF(url);
    if (is_text == NULL)
        return NULL;
    url = Py_NewRef(is_text == Py_True ? Py_None : Py_False);
    Py_DECREF(is_text);
    return url;
}

/* Open a mark, or go through an element that is none. */
static int open_mark(descent *d, node *each, uintptr_t tag)
{
    line *l = &d->line;
    int kind = tag < TAGS ? d->line.marks_of[tag] : NO_MARK;
    if (kind == NO_MARK || kind >= PARAGRAPH || l->in_code || l->open == MOST_MARKS)
        return UNSURE;
    if (!d->at_start && !l->has_space) {
        int is_apart = is_element_apart(d, each);
        if (is_apart < 0)
            return ERROR;
        l->has_space = is_apart;
    }
    PyObject *url = NULL;
    if (kind == LINK) {
        url = lead(d, each);
        if (url == NULL)
            return ERROR;
        int is_address = PyUnicode_Check(url), is_none = url == Py_None;
        if (!is_address || l->is_linked)
            Py_CLEAR(url);
        if (is_none) {
            d->at_start = 0;
            return enter(d, each, PHRASE) < 0 ? ERROR : SURE;
        }
        if (url == NULL)
            return UNSURE;
    } else {
        bytes style = value_of(each, "style");
        if (kind == CODE ? style.at || !is_inline_code(l, each) : l->in_emphasis || (style.at && takes_back(kind, style)))
            return UNSURE;
    }
    if (kind == l->closed && !l->has_space) {
        /* the last one may go on */
        Py_XDECREF(url);
        return UNSURE;
    }
    l->marks[l->open++] = (mark){.kind = kind, .url = url};
    l->is_linked |= kind == LINK;
    l->in_emphasis |= is_emphasis(kind);
    l->in_code |= kind == CODE;
    l->had_marks = 1;
    d->at_start = 0;
    return enter(d, each, INLINE) < 0 ? ERROR : SURE;
}

/* Go through the line up to its end; whether all of it is sure. */
static int read_line(descent *d)
{
    line *l = &d->line;
    for (; !l->is_over; l->nodes++) {
        node *each = upcoming(d);
        int done = SURE, kind;
        if (each == NULL) {
            node *above = ended(d);
            kind = above ? d->open.at[d->open.count - 1] : BOX;
            if (kind & (BOX | BLOCK))
                break;
            if (kind & INLINE)
                done = close_mark(l);
            else if (!(kind & PHRASE))
                return UNSURE;
            leave(d, above);
            if (d->open.count < l->left)
                l->left = d->open.count;
        } else if (lexbor.tag_id(each) == TEXT_TAG) {
            int is_kept = is_text(d, each);
            if (is_kept > 0)
                done = add_text(d, each);
            else {
                done = is_kept < 0 ? ERROR : SURE;
                l->has_space |= !d->at_start;
                pass(d, each);
            }
        } else {
            uintptr_t tag = lexbor.tag_id(each);
            kind = kind_of(d, each, tag);
            if (kind == FAILED)
                return ERROR;
            if (kind == LEFT_OUT)
                pass(d, each);
            else if (kind & (BOX | BLOCK))
                break;
            else if (kind & PHRASE) {
                int is_apart = d->at_start || l->has_space ? 0 : is_element_apart(d, each);
                l->has_space |= is_apart;
                done = is_apart < 0 || enter(d, each, kind & ~OPEN_ITEM) < 0 ? ERROR : SURE;
            } else
                done = kind & INLINE                                ? open_mark(d, each, tag)
                       : tag < TAGS && l->marks_of[tag] == LINE_END ? add_break(d, each)
                                                                    : UNSURE;
        }
        if (done != SURE)
            return done;
    }
    /* a mark that is open goes on behind the end of the line, and Python escapes otherwise where there was an empty one,
       or a break at the end */
    int is_odd = l->open || (l->breaks && l->pairs > 1) || (l->had_marks && l->text.count == 0);
    is_odd |= l->is_signed && (l->had_marks || l->has_break) && !l->is_marked;
    return !is_odd && (l->is_certain || l->pairs < 2) ? SURE : UNSURE;
}

static void close_all(line *l)
{
    for (; l->open; l->open--)
        Py_CLEAR(l->marks[l->open - 1].url);
    l->begun = 0;
}

void take_back(descent *d)
{
    line *l = &d->line;
    /* what ended meanwhile were phrases */
    if (l->depth > l->left)
        memset(d->open.at + l->left, PHRASE, l->depth - l->left);
    d->open.count = l->depth;
    d->inlines = 0;
    d->at = l->at;
    d->way = l->way;
    d->at_start = 1;
    d->tried = l->nodes > FEW_NODES ? GIVEN_UP : TRIED;
    l->at = NULL;
    Py_CLEAR(l->links);
    close_all(l);
}

static PyObject *made_of(const line *l)
{
    PyObject *text = PyUnicode_DecodeUTF8((const char *)l->text.at, (Py_ssize_t)l->text.count, NULL);
    PyObject *markdown = text == NULL     ? NULL
                         : l->is_marked ? PyUnicode_DecodeUTF8((const char *)l->markdown.at,
                                                               (Py_ssize_t)l->markdown.count, NULL)
                                        : Py_NewRef(text);
    PyObject *made =
        markdown ? PyObject_CallFunctionObjArgs(l->make, l->kind, markdown, text, l->empty, markdown, NULL) : NULL;
    Py_XDECREF(text);
    Py_XDECREF(markdown);
    return made;
}

PyObject *write_line(descent *d)
{
    line *l = &d->line;
    l->text.count = l->markdown.count = 0;
    l->begun = 0;
    l->has_break = l->breaks = l->is_over = 0;
    l->is_marked = l->had_marks = l->is_signed = l->has_space = l->has_strong = l->is_linked = l->in_emphasis = l->in_code = 0;
    l->ends_in_bang = l->is_code_last = l->closed = l->end = l->pairs = 0;
    l->is_certain = 1;
    l->at = d->at;
    l->way = (int)d->way;
    l->depth = l->left = d->open.count;
    l->nodes = 0;
    int done = read_line(d);
    PyObject *made = NULL;
    if (done == SURE && l->text.count)
        made = made_of(l);
    if (done == UNSURE)
        take_back(d);
    if (made == NULL)
        l->at = NULL;
    d->at_start = 1;
    d->doubt = (l->is_signed ? SIGNED : 0) | (l->has_strong ? HAS_STRONG : 0) | (l->breaks || l->is_over ? HAS_BREAK : 0);
    return made;
}

int note_links(line *l)
{
    l->at = NULL;
    if (l->links == NULL)
        return 0;
    int failed = 0;
    for (Py_ssize_t i = 0; i < PyList_Size(l->links) && !failed; i++)
        failed = PyDict_SetItem(l->found, PyList_GetItem(l->links, i), Py_None) < 0;
    Py_CLEAR(l->links);
    return failed ? -1 : 0;
}

int read_line_rules(line *l, PyObject *rules)
{
    PyObject *marks;
    if (!PyArg_ParseTuple(rules, "OOOOO!O!UpSU:lines", &l->make, &l->find, &l->is_text, &l->escape, &PyDict_Type, &l->known, &PyDict_Type, &l->found,
                          &l->kind, &l->shows_links, &marks, &l->origin)) {
        l->make = l->find = l->is_text = l->escape = l->known = l->found = l->kind = l->origin = NULL;
        return -1;
    }
    PyObject *held[] = {l->make, l->find, l->is_text, l->escape, l->known, l->found, l->kind, l->origin};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_INCREF(held[i]);
    l->empty = PyUnicode_FromStringAndSize("", 0);
    if (l->empty == NULL || PyBytes_Size(marks) != TAGS) {
        if (l->empty)
            PyErr_SetString(PyExc_ValueError, "a table of another size is wanted");
        return -1;
    }
    memcpy(l->marks_of, PyBytes_AsString(marks), TAGS);
    return 0;
}

void forget_line(line *l)
{
    PyObject *held[] = {l->make, l->find, l->is_text, l->escape, l->known, l->found, l->kind, l->origin, l->empty, l->links};
    for (size_t i = 0; i < sizeof held / sizeof *held; i++)
        Py_XDECREF(held[i]);
    close_all(l);
    PyMem_Free(l->text.at);
    PyMem_Free(l->markdown.at);
}
