/* Whole lines of text as gateway/core/markdown writes them (`Line`, `join_certain`), where nothing in them needs a closer
   look: texts, links, an emphasis that can be read in one way only, inline code. For anything else the line's events come,
   from where it began. */

#include "descent.h"

#include "addresses.h"
#include "text.h"

/* what comes of a step: the line takes a closer look */
enum { ERROR = -1, UNSURE = 0, SURE = 1 };
/* what a character is to the delimiter of an emphasis: nothing, or not known here; the edge of a line is a space */
enum { NOTHING, SPACE, PUNCTUATION, WORD, OTHER };

static const char *const delimiters[] = {[STRONG] = "**", [EM] = "*", [DEL] = "~~"};

static inline int is_emphasis(int kind)
{
    return kind == STRONG || kind == EM || kind == DEL;
}

/* The class of a character beyond ASCII; OTHER where only Python knows. */
static int class_of(const unsigned char *p, size_t size)
{
    uint32_t c = size == 2   ? (p[0] & 0x1fu) << 6 | (p[1] & 0x3fu)
                 : size == 3 ? (p[0] & 0xfu) << 12 | (p[1] & 0x3fu) << 6 | (p[2] & 0x3fu)
                             : 0;
    if ((c >= 0xc0 && c < 0x250 && c != 0xd7 && c != 0xf7) || (c >= 0x386 && c < 0x3f6 && c != 0x387 && c != 0x38b &&
                                                               c != 0x38d && c != 0x3a2) ||
        (c >= 0x400 && c < 0x482) || (c >= 0x48a && c < 0x530) || (c >= 0x5d0 && c < 0x5eb) || (c >= 0x620 && c < 0x64b) ||
        (c >= 0x3041 && c < 0x3097) || (c >= 0x30a1 && c < 0x30fb) || (c >= 0x4e00 && c < 0x9ffd) ||
        (c >= 0xac00 && c < 0xd7a4))
        return WORD;
    if ((c >= 0x2010 && c < 0x2028) || (c >= 0x3001 && c < 0x3004) || (c >= 0x3008 && c < 0x3012) || c == 0xa1 ||
        c == 0xa7 || c == 0xab || c == 0xb6 || c == 0xb7 || c == 0xbb || c == 0xbf)
        return PUNCTUATION;
    return OTHER;
}

static int class_of_ascii(unsigned char c)
{
    if (c == ' ' || c == '\n')
        return SPACE;
    if ((c >= '0' && c <= '9') || (c >= 'A' && c <= 'Z') || (c >= 'a' && c <= 'z'))
        return WORD;
    return c > ' ' && c < 0x7f ? PUNCTUATION : OTHER;
}

/* Of the first, and of the last character of valid UTF-8. */
static int first_class(const unsigned char *p, const unsigned char *end)
{
    return *p < 0x80 ? class_of_ascii(*p) : class_of(p, size_at(p, end));
}

static int last_class(const buffer *text)
{
    const unsigned char *end = text->at + text->count, *p = end;
    if (text->count == 0)
        return SPACE;
    do
        p--;
    while (p > text->at && (*p & 0xc0) == 0x80);
    return first_class(p, end);
}

/* `flanks` of emphasis.py; where it is not known, 0. */
static int flanks(int outside, int inside)
{
    return inside == WORD || (inside != SPACE && (outside == SPACE || outside == PUNCTUATION));
}

/* See whether an emphasis ended where this piece follows it. */
static int follow(line *l, const unsigned char *piece, size_t count)
{
    if (l->end == NOTHING)
        return SURE;
    int outside = first_class(piece, piece + count);
    if (!flanks(outside, l->end))
        return UNSURE;
    l->is_certain &= outside == SPACE || (l->end == WORD && *piece < 0x80 && strchr(".,;:!?)", *piece) != NULL);
    l->end = NOTHING;
    return SURE;
}

/* Add a piece of markdown that is no delimiter. */
static int add_piece(line *l, const void *piece, size_t count)
{
    int done = follow(l, piece, count);
    if (done != SURE)
        return done;
    l->is_code_last = 0;
    return put(&l->markdown, piece, count) < 0 ? ERROR : SURE;
}

/* Write the marks that have a text now, which begins at `start`. */
static int begin_marks(line *l, size_t start)
{
    for (; l->begun < l->open; l->begun++) {
        mark *m = &l->marks[l->begun];
        m->text = start;
        if (m->kind == CODE)
            /* when its text is there */
            break;
        if (m->kind == LINK) {
            if (l->ends_in_bang)
                return UNSURE;
            int done = l->shows_links ? add_piece(l, "[", 1) : SURE;
            if (done != SURE)
                return done;
            continue;
        }
        m->left = last_class(&l->markdown);
        if (put(&l->markdown, delimiters[m->kind], strlen(delimiters[m->kind])) < 0)
            return ERROR;
        m->first = l->markdown.count;
        l->is_code_last = 0;
        l->has_strong |= m->kind == STRONG;
    }
    return SURE;
}

/* Write the text that was folded as code. */
static int add_code(line *l, const unsigned char *text, size_t count)
{
    mark *m = &l->marks[l->open - 1];
    if (memchr(text, '`', count))
        return UNSURE;
    if (l->begun == l->open) {
        if (l->has_space && put(&l->markdown, " ", 1) < 0)
            return ERROR;
    } else {
        int done = l->is_code_last ? UNSURE : add_piece(l, "`", 1);
        if (done != SURE)
            return done;
        m->first = l->markdown.count;
        l->begun++;
    }
    return put(&l->markdown, text, count) < 0 ? ERROR : SURE;
}

/* Write the text that was folded with its signs escaped. */
static int add_escaped(line *l, const unsigned char *text, size_t count)
{
    PyObject *plain = PyUnicode_DecodeUTF8((const char *)text, (Py_ssize_t)count, NULL);
    PyObject *escaped =
        plain ? PyObject_CallFunctionObjArgs(l->escape, plain, l->is_linked ? Py_True : Py_False, NULL) : NULL;
    Py_ssize_t length = 0;
    const char *piece = escaped ? PyUnicode_AsUTF8AndSize(escaped, &length) : NULL;
    int done = piece == NULL ? ERROR : length == 0 ? UNSURE : add_piece(l, piece, (size_t)length);
    Py_XDECREF(plain);
    Py_XDECREF(escaped);
    return done;
}

/* Write the text that was folded last, which begins at `start`, behind what the line was before. */
static int add_marked(line *l, size_t before, size_t start, int has_sign)
{
    if (l->is_signed)
        /* what stands before the first mark would have to be escaped text by text */
        return UNSURE;
    if (!l->is_marked) {
        l->is_marked = 1;
        if (put(&l->markdown, l->text.at, before) < 0)
            return ERROR;
    }
    int goes_on = l->in_code && l->begun == l->open, done = SURE;
    /* white space stands before the marks that were just opened */
    if (start > before && !goes_on) {
        l->ends_in_bang = 0;
        done = l->has_break ? add_piece(l, "  \n", 3) : add_piece(l, " ", 1);
    }
    if (done == SURE)
        done = begin_marks(l, start);
    if (done != SURE)
        return done;
    const unsigned char *piece = l->text.at + start;
    size_t count = l->text.count - start;
    return l->in_code ? add_code(l, piece, count) : has_sign ? add_escaped(l, piece, count) : add_piece(l, piece, count);
}

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

static int end_link(line *l, const mark *m)
{
    Py_ssize_t length;
    const char *url = PyUnicode_AsUTF8AndSize(m->url, &length);
    if (url == NULL || (l->links == NULL && (l->links = PyList_New(0)) == NULL))
        return ERROR;
    const char *text = (const char *)l->text.at + m->text;
    size_t count = l->text.count - m->text;
    if (count == (size_t)length && memcmp(text, url, count) == 0)
        return UNSURE;
    PyObject *said = PyUnicode_DecodeUTF8(text, (Py_ssize_t)count, NULL);
    PyObject *link = said ? PyTuple_Pack(2, m->url, said) : NULL;
    Py_XDECREF(said);
    if (append(l->links, link) < 0)
        return ERROR;
    l->ends_in_bang = 0;
    l->closed = LINK;
    if (!l->shows_links)
        return SURE;
    l->is_certain &= l->end == NOTHING || l->end == WORD;
    l->is_code_last = 0;
    int failed =
        put(&l->markdown, "](", 2) < 0 || put(&l->markdown, url, (size_t)length) < 0 || put(&l->markdown, ")", 1) < 0;
    return failed ? ERROR : SURE;
}

static int end_emphasis(line *l, const mark *m)
{
    int first = first_class(l->markdown.at + m->first, l->markdown.at + l->markdown.count);
    int last = last_class(&l->markdown);
    if (!flanks(m->left, first))
        return UNSURE;
    l->pairs++;
    /* opens nothing where it ends, and ends nothing where it opens */
    l->is_certain &= m->left == SPACE;
    l->end = last;
    l->closed = m->kind;
    l->is_code_last = 0;
    return put(&l->markdown, delimiters[m->kind], strlen(delimiters[m->kind])) < 0 ? ERROR : SURE;
}

static int end_code(line *l)
{
    l->is_code_last = 1;
    return put(&l->markdown, "`", 1) < 0 ? ERROR : SURE;
}

/* Close the innermost mark. */
static int close_mark(line *l)
{
    mark *m = &l->marks[--l->open];
    int has_text = l->begun > l->open, done = SURE;
    l->is_linked &= m->kind != LINK;
    l->in_emphasis &= !is_emphasis(m->kind);
    l->in_code &= m->kind != CODE;
    if (has_text) {
        l->begun = l->open;
        done = m->kind == LINK ? end_link(l, m) : m->kind == CODE ? end_code(l) : end_emphasis(l, m);
    }
    Py_CLEAR(m->url);
    return done;
}

/* Go through the line up to its end; whether all of it is sure. */
static int read_line(descent *d)
{
    line *l = &d->line;
    while (!l->is_over) {
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
    d->at_start = d->is_unsure = 1;
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
