/* `_find_open` of gateway/core/dom/nesting.py: which tag a place in the markup is in. */

#include "css.h"
#include "text.h"

static const char *const raw_text[] = {"script", "style", "textarea", "title", "xmp", "iframe", "noembed", "noframes"};
enum { RAW_TEXTS = sizeof raw_text / sizeof *raw_text };

static int is_letter(unsigned char c)
{
    return lower(c) >= 'a' && lower(c) <= 'z';
}

/* Whether a name stands here, in any case, and ends here. */
static int is_name(const unsigned char *p, const unsigned char *end, const char *name)
{
    for (; *name; name++, p++)
        if (p == end || lower(*p) != (unsigned char)*name)
            return 0;
    return p == end || !(is_letter(*p) || is_digit(*p) || *p == '_');
}

static const char *raw_name(const unsigned char *p, const unsigned char *end)
{
    for (int i = 0; i < RAW_TEXTS; i++)
        if (is_name(p, end, raw_text[i]))
            return raw_text[i];
    return NULL;
}

/* Behind the `>` that ends a tag, quoted values passed over; NULL where none does. */
static const unsigned char *end_of_tag(const unsigned char *p, const unsigned char *end)
{
    while (p < end && *p != '>') {
        if (*p == '"' || *p == '\'') {
            p = memchr(p + 1, *p, (size_t)(end - p - 1));
            if (p == NULL)
                return NULL;
        }
        p++;
    }
    return p < end ? p + 1 : NULL;
}

/* Behind tags that are whole, and the text between them: where one stands that is not, or that begins raw text. */
static const unsigned char *pass_tags(const unsigned char *p, const unsigned char *end)
{
    while ((p = memchr(p, '<', (size_t)(end - p))) != NULL) {
        const unsigned char *name = p + 1 + (end - p > 1 && p[1] == '/');
        if (end - p > 3 && memcmp(p + 1, "!--", 3) == 0)
            return p;
        if (name < end && is_letter(*name)) {
            const unsigned char *behind = raw_name(p + 1, end) ? NULL : end_of_tag(name + 1, end);
            if (behind == NULL)
                return p;
            p = behind;
        } else
            p++;
    }
    return end;
}

/* Behind the comment or the raw text that begins here; NULL where none does. */
static const unsigned char *pass_raw(const unsigned char *p, const unsigned char *end)
{
    if (end - p > 3 && memcmp(p, "<!--", 4) == 0) {
        for (p += 4; (p = memchr(p, '-', (size_t)(end - p))) != NULL; p++)
            if (end - p > 2 && memcmp(p, "-->", 3) == 0)
                return p + 3;
        return end;
    }
    const char *name = raw_name(p + 1, end);
    p = name ? end_of_tag(p + 1 + strlen(name), end) : NULL;
    if (p == NULL)
        return NULL;
    for (; (p = memchr(p, '<', (size_t)(end - p))) != NULL; p++)
        if (end - p > 1 && p[1] == '/' && is_name(p + 2, end, name))
            return p + 2 + strlen(name);
    return end;
}

const char find_open_doc[] =
    "find_open(markup, start, position)\n--\n\n"
    "Where the tag begins that a position is in, read from `start`; what comes after it if it is in none.";

PyObject *find_open(PyObject *module, PyObject *args)
{
    (void)module;
    const char *markup;
    Py_ssize_t size, start, position;
    if (!PyArg_ParseTuple(args, "y#nn:find_open", &markup, &size, &start, &position))
        return NULL;
    if (start < 0 || position < 0 || start > size || position > size) {
        PyErr_SetString(PyExc_ValueError, "a place outside the markup");
        return NULL;
    }
    const unsigned char *text = (const unsigned char *)markup, *end = text + size, *stop = text + position;
    const unsigned char *p = text + start, *raw;
    while (p < stop && (p = pass_tags(p, stop)) < stop && (raw = pass_raw(p, end)) != NULL)
        p = raw;
    return PyLong_FromSsize_t(p - text);
}
