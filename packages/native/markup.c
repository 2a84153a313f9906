/* What a page's bytes say before anything reads its tree: how many tags open and close, and which letters may combine. */

#include "arrays.h"
#include "text.h"

/* pieces kept to tell what was met before, and the bytes of the longest of them */
enum { RECENT = 1024, SHORT = 8 };

const char count_tags_doc[] =
    "count_tags(markup, window)\n--\n\n"
    "By window of so many bytes: how many `<` it has, and how many of them stand before a `/`; then how many of all\n"
    "stand before an `o`, capital or not.";

PyObject *count_tags(PyObject *module, PyObject *args)
{
    (void)module;
    const char *text;
    Py_ssize_t size, window, named = 0;
    column tags = {0}, closing = {0};
    if (!PyArg_ParseTuple(args, "y#n:count_tags", &text, &size, &window))
        return NULL;
    if (window < 1) {
        PyErr_SetString(PyExc_ValueError, "a window of no bytes");
        return NULL;
    }
    PyObject *result = NULL;
    for (Py_ssize_t at = 0; at < size;) {
        Py_ssize_t end = size - at < window ? size : at + window, opened = 0, closed = 0;
        while (at < end) {
            /* as many as a byte counts, so that the compiler looks at sixteen bytes at once; behind the last is a NUL */
            Py_ssize_t stop = end - at < 255 ? end : at + 255;
            unsigned char is_tag, is_closing, is_named, found = 0, ends = 0, names = 0;
            for (; at < stop; at++) {
                is_tag = text[at] == '<';
                is_closing = text[at + 1] == '/';
                is_named = (text[at + 1] | 0x20) == 'o';
                found += is_tag;
                ends += is_tag & is_closing;
                names += is_tag & is_named;
            }
            opened += found;
            closed += ends;
            named += names;
        }
        if (push(&tags, opened) < 0 || push(&closing, closed) < 0)
            goto done;
    }
    result = Py_BuildValue("(NNn)", list_of(&tags), list_of(&closing), named);
done:
    PyMem_Free(tags.at);
    PyMem_Free(closing.at);
    return result;
}

/* Characters, from the first to the last of each pair, that normal form C neither changes nor joins with what is before
   them. Some that are so are not among them; those below U+0300 all are. What is assigned stays so in later versions of
   Unicode (UAX #15, 3). */
static const uint32_t stable[][2] = {
    {0x0370, 0x0373},   {0x0375, 0x037d},   {0x0388, 0x0482},   {0x048a, 0x0590},   {0x05be, 0x05be},
    {0x05d0, 0x05f4},   {0x0606, 0x060f},   {0x061b, 0x064a},   {0x0660, 0x066f},   {0x0671, 0x06d5},
    {0x06ee, 0x0710},   {0x0e01, 0x0e37},   {0x0e3f, 0x0e47},   {0x0e4c, 0x0e5b},   {0x10a0, 0x10ff},
    {0x1e00, 0x1eff},   {0x2002, 0x20cf},   {0x2100, 0x2125},   {0x2127, 0x2129},   {0x212c, 0x2328},
    {0x232b, 0x2adb},   {0x2add, 0x2bff},   {0x2e00, 0x2fff},   {0x3000, 0x3029},   {0x3030, 0x3098},
    {0x309b, 0x9fff},   {0xac00, 0xd7a3},   {0xe000, 0xf8ff},   {0xfe00, 0xfe1f},   {0xfe30, 0xfe6f},
    {0xfeff, 0xfffd},   {0x1f000, 0x1faff}, {0x20000, 0x2a6df}, {0x2a700, 0x2ebe0},
};

static int is_stable(uint32_t code)
{
    size_t first = 0, count = sizeof stable / sizeof *stable;
    while (count > 1) {
        size_t half = count / 2;
        if (code >= stable[first + half][0])
            first += half;
        count -= half;
    }
    return code < 0x300 || (code >= stable[first][0] && code <= stable[first][1]);
}

/* The character of more than one byte that valid UTF-8 has at `p`. */
static uint32_t code_at(const unsigned char *p, size_t size)
{
    uint32_t code = *p & (size == 2 ? 0x1f : size == 3 ? 0x0f : 0x07);
    for (size_t i = 1; i < size; i++)
        code = code << 6 | (p[i] & 0x3f);
    return code;
}

const char find_combining_doc[] =
    "find_combining(markup)\n--\n\n"
    "Each run of characters that may combine, or be another in normal form C, with the character before it: the markup is\n"
    "in that form where this text is. One behind the other, most of those that repeat once.";

PyObject *find_combining(PyObject *module, PyObject *given)
{
    (void)module;
    char *markup;
    Py_ssize_t size;
    buffer found = {0};
    /* by a number made of the bytes: to look no further keeps this linear, whatever they are */
    uint64_t recent[RECENT] = {0};
    if (PyBytes_AsStringAndSize(given, &markup, &size) < 0)
        return NULL;
    const unsigned char *p = (const unsigned char *)markup, *end = p + size;
    /* the last character before a run, NULL where there is none */
    const unsigned char *before = NULL;
    while (p < end) {
        uint64_t eight, more[4];
        if (end - p >= 32 && (memcpy(more, p, 32), ((more[0] | more[1] | more[2] | more[3]) & 0x8080808080808080) == 0)) {
            p += 32;
            before = p - 1;
            continue;
        }
        size_t count = *p < 0x80 ? 1 : size_at(p, end);
        if (count < 2 || is_stable(code_at(p, count))) {
            before = count ? p : NULL;
            p += count ? count : 1;
            continue;
        }
        const unsigned char *start = p;
        for (; p < end && (count = size_at(p, end)) > 1 && !is_stable(code_at(p, count)); p += count)
            ;
        if (before != NULL)
            start = before;
        before = NULL;
        if (p - start <= SHORT) {
            eight = 0;
            memcpy(&eight, start, (size_t)(p - start));
            uint64_t *place = &recent[(eight * 0x9e3779b97f4a7c15) >> 54];
            if (*place == eight)
                continue;
            *place = eight;
        }
        /* a line's end keeps apart what has none before it */
        if (put(&found, "\n", 1) < 0 || put(&found, start, (size_t)(p - start)) < 0) {
            PyMem_Free(found.at);
            return NULL;
        }
    }
    PyObject *result = bytes_of(found.at, found.count);
    PyMem_Free(found.at);
    return result;
}
