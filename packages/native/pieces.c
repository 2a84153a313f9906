/* The pieces of a line with marks in it: markdown that can be read in one way only, as `join_certain` of
   gateway/core/markdown/certain.py writes it. */

#include "line.h"

#include "text.h"

/* what a character is to the delimiter of an emphasis: nothing, or not known here; the edge of a line is a space */
enum { NOTHING, SPACE, PUNCTUATION, WORD, OTHER };

static const char *const delimiters[] = {[STRONG] = "**", [EM] = "*", [DEL] = "~~"};

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

int add_marked(line *l, size_t before, size_t start, int has_sign)
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

int close_mark(line *l)
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
