/* Style sheets read once: what gateway/core/visibility/css_scan.py and signs.py look for, without a search for each. */

#include "arrays.h"
#include "css.h"
#include "marks.h"

const char strip_css_doc[] =
    "strip_css(css)\n--\n\n"
    "As `css_scan.strip`: without comments, and with nothing in strings that have a brace.";

/* What begins with a quote and ends with it, at the end of its line or at a last `\`; whether it has a brace. */
static const unsigned char *skip_string(const unsigned char *p, const unsigned char *end, int *has_brace)
{
    unsigned char quote = *p++;
    *has_brace = 0;
    for (; p < end; p++) {
        if (*p == quote)
            return p + 1;
        if (*p == '\n')
            return p;
        if (*p == '\\') {
            if (p + 1 == end)
                return p;
            p++;
        }
        if (*p == '{' || *p == '}')
            *has_brace = 1;
    }
    return end;
}

static const unsigned char *skip_comment(const unsigned char *p, const unsigned char *end)
{
    for (p += 2; (p = memchr(p, '*', (size_t)(end - p))) != NULL; p++)
        if (p + 1 < end && p[1] == '/')
            return p + 2;
    return end;
}

/* of a string, a comment or an escape */
#define BEGINNINGS "\"'/\\", 4

PyObject *strip_css(PyObject *module, PyObject *css)
{
    (void)module;
    char *given;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(css, &given, &size) < 0)
        return NULL;
    const unsigned char *p = (const unsigned char *)given, *end = p + size, *kept = p, *begin;
    /* never longer: a comment becomes a space, a string two quotes */
    unsigned char *left = PyMem_Malloc((size_t)size + 1), *out = left;
    if (left == NULL)
        return PyErr_NoMemory();
    marks found = begin_marks(p, end, BEGINNINGS);
    while ((begin = next_mark(&found, BEGINNINGS)) != NULL) {
        /* in what was taken before */
        if (begin < p)
            continue;
        p = begin;
        unsigned char c = *p;
        const char *instead = NULL;
        if (c == '\\')
            p += end - p > 1 ? 2 : 1;
        else if (c != '/') {
            int has_brace;
            p = skip_string(p, end, &has_brace);
            instead = has_brace ? "\"\"" : NULL;
        } else if (end - p > 1 && p[1] == '*') {
            p = skip_comment(p, end);
            /* within a selector it parts nothing */
            instead = p < end && (*p == '.' || *p == '#' || *p == '[' || *p == ':') ? "" : " ";
        } else
            p++;
        if (instead != NULL) {
            memcpy(out, kept, (size_t)(begin - kept));
            out += begin - kept;
            memcpy(out, instead, strlen(instead));
            out += strlen(instead);
            kept = p;
        }
    }
    memcpy(out, kept, (size_t)(end - kept));
    out += end - kept;
    PyObject *stripped =
        kept == (const unsigned char *)given ? Py_NewRef(css) : PyBytes_FromStringAndSize((char *)left, out - left);
    PyMem_Free(left);
    return stripped;
}

/* the blocks that have a sign and those that may, as they are found, and how blocks are in one another */
typedef struct {
    column signs, possible, places, braces;
    /* the braces that are open and hold a block */
    column opened;
    /* the block that is read: NOTHING, POSSIBLE or SIGN, and what its colours begin with */
    int sign, may_be_clear;
    unsigned text_colors, backgrounds;
} scan;

/* A brace ends what colours stand beside. Before byte `first` it counts that one stands beside a background, behind it
   only that both begin alike. */
static void end_colors(scan *s, Py_ssize_t start, Py_ssize_t first)
{
    if (start < first ? s->text_colors && s->backgrounds : (s->text_colors & s->backgrounds & ~(unsigned)ANY_COLOR) != 0)
        s->sign = SIGN;
    s->text_colors = s->backgrounds = 0;
}

/* The block that began at `start` ends: note it. */
static int end_block(scan *s, Py_ssize_t start, Py_ssize_t first)
{
    end_colors(s, start, first);
    if (s->may_be_clear && start < first && s->sign == NOTHING)
        s->sign = POSSIBLE;
    int failed = start >= 0 && s->sign != NOTHING && push(s->sign == SIGN ? &s->signs : &s->possible, start) < 0;
    s->sign = NOTHING;
    s->may_be_clear = 0;
    return failed ? -1 : 0;
}

static void add_sign(scan *s, int sign)
{
    if (sign > s->sign)
        s->sign = sign;
}

static int open_block(scan *s, Py_ssize_t at)
{
    return push(&s->opened, at) < 0 || push(&s->places, at + 1) < 0 || push(&s->braces, at) < 0 ? -1 : 0;
}

/* What is around what follows changes at a brace that ends a block which holds others; one that ends nothing counts for
   nothing. */
static int close_block(scan *s, Py_ssize_t at)
{
    if (s->opened.count == 0)
        return 0;
    s->opened.count--;
    Py_ssize_t around = s->opened.count ? s->opened.at[s->opened.count - 1] : -1;
    return push(&s->places, at) < 0 || push(&s->braces, around) < 0 ? -1 : 0;
}

/* what blocks, declarations and functions begin and end with, and escapes */
#define STRUCTURE "{}:(\\", 5

/* A sheet ends: so do all blocks in it that are open. */
static int close_all(scan *s, Py_ssize_t at)
{
    if (s->opened.count == 0)
        return 0;
    s->opened.count = 0;
    return push(&s->places, at) < 0 || push(&s->braces, -1) < 0 ? -1 : 0;
}

static int read_sheets(scan *s, const unsigned char *css, Py_ssize_t size, Py_ssize_t first)
{
    const unsigned char *end = css + size, *next = memchr(css, 0, (size_t)size);
    /* the last brace that begins declarations, and whether it opens and nothing closed since */
    Py_ssize_t start = -1;
    int is_open = 0;
    marks found = begin_marks(css, end, STRUCTURE);
    for (const unsigned char *p; (p = next_mark(&found, STRUCTURE)) != NULL;) {
        for (; next != NULL && next < p; next = memchr(next + 1, 0, (size_t)(end - next - 1))) {
            is_open = 0;
            if (close_all(s, next - css) < 0)
                return -1;
        }
        Py_ssize_t at = p - css;
        switch (*p) {
        case '{':
            if (end_block(s, start, first) < 0 || (is_open && open_block(s, start) < 0))
                return -1;
            start = at;
            is_open = 1;
            break;
        case '}':
            /* most blocks hold none, and change nothing */
            if (end_block(s, start, first) < 0 || (!is_open && close_block(s, at) < 0))
                return -1;
            is_open = 0;
            /* what follows in a block that is still open */
            start = s->opened.count ? at : -1;
            break;
        case '\\':
            s->may_be_clear = 1;
            add_sign(s, is_veiled_name(p, end) ? POSSIBLE : NOTHING);
            break;
        case '(':
            add_sign(s, read_function(css, p, end));
            break;
        default: {
            unsigned colors = 0;
            int kind = read_declaration(css, p, end, &colors);
            if (kind <= SIGN)
                add_sign(s, kind);
            else if (kind == BACKGROUND)
                s->backgrounds |= colors & ~(unsigned)MAY_BE_CLEAR;
            else {
                s->text_colors |= colors & ~(unsigned)MAY_BE_CLEAR;
                s->may_be_clear |= (colors & MAY_BE_CLEAR) != 0;
            }
        }
        }
    }
    for (; next != NULL; next = memchr(next + 1, 0, (size_t)(end - next - 1))) {
        is_open = 0;
        if (close_all(s, next - css) < 0)
            return -1;
    }
    /* the end of the sheets ends a block */
    return (!is_open && close_block(s, size) < 0) || end_block(s, start, first) < 0 ? -1 : 0;
}

const char scan_css_doc[] =
    "scan_css(css, first)\n--\n\n"
    "Where the blocks begin that have a sign of `signs.py`, and those of which its patterns must say so; signs of\n"
    "colours are others from byte `first` on. Then `css_scan.find_nesting`.";

PyObject *scan_css(PyObject *module, PyObject *args)
{
    (void)module;
    const char *css;
    Py_ssize_t size, first;
    if (!PyArg_ParseTuple(args, "y#n:scan_css", &css, &size, &first))
        return NULL;
    scan s = {0};
    PyObject *found = NULL;
    if (read_sheets(&s, (const unsigned char *)css, size, first) == 0)
        found = Py_BuildValue("(NNNN)", list_of(&s.signs), list_of(&s.possible), list_of(&s.places), list_of(&s.braces));
    PyMem_Free(s.signs.at);
    PyMem_Free(s.possible.at);
    PyMem_Free(s.places.at);
    PyMem_Free(s.braces.at);
    PyMem_Free(s.opened.at);
    return found;
}
