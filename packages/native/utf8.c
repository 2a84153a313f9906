/* The UTF-8 of long texts, several times as fast as Python writes it. Most pages have a few characters that take two bytes
   each in Python's memory, and so all of theirs do.

   Where the characters of a str stand is looked up: behind what every str has, which is what `str.__sizeof__` says more
   than they take. A str is read only where its size leaves no other way to hold them. */

#include "lexbor.h"

/* Of a shorter one it is not worth it, and its size may say several things. */
enum { LEAST = 1000 };

/* two bytes each that are looked at at once */
enum { RUN = 16 };

static Py_ssize_t size_of(PyObject *text)
{
    PyObject *size = PyObject_CallMethod(text, "__sizeof__", NULL);
    Py_ssize_t bytes = size ? PyLong_AsSsize_t(size) : -1;
    Py_XDECREF(size);
    return bytes;
}

/* The bytes before the characters of a str whose characters take two each; -1 on an error. */
static Py_ssize_t find_header(void)
{
    static Py_ssize_t header;
    if (header)
        return header;
    PyObject *one = PyUnicode_FromString("\xc4\x80");
    Py_ssize_t size = one ? size_of(one) : -1;
    Py_XDECREF(one);
    if (size >= 0)
        header = size - 2 * (Py_ssize_t)sizeof(uint16_t);
    return size < 0 ? -1 : header;
}

/* The next RUN units, and whether all are ASCII. */
static inline int read_run(const uint16_t *units, uint16_t run[RUN])
{
    uint64_t four[RUN / 4];
    memcpy(run, units, sizeof four);
    memcpy(four, run, sizeof four);
    return ((four[0] | four[1] | four[2] | four[3]) & 0xff80ff80ff80ff80) == 0;
}

/* How many bytes of UTF-8 they take; -1 where there is half of a pair. */
static Py_ssize_t count_utf8(const uint16_t *units, Py_ssize_t count)
{
    const uint16_t *end = units + count;
    Py_ssize_t size = count;
    uint16_t run[RUN];
    while (units < end) {
        for (; end - units >= RUN && read_run(units, run); units += RUN)
            ;
        for (const uint16_t *stop = end - units < RUN ? end : units + RUN; units < stop; units++) {
            if ((*units & 0xf800) == 0xd800)
                return -1;
            size += (*units > 0x7f) + (*units > 0x7ff);
        }
    }
    return size;
}

static void write_utf8(unsigned char *out, const uint16_t *units, Py_ssize_t count)
{
    const uint16_t *end = units + count;
    uint16_t run[RUN];
    unsigned char narrow[RUN];
    while (units < end) {
        for (; end - units >= RUN && read_run(units, run); units += RUN, out += RUN) {
            for (int i = 0; i < RUN; i++)
                narrow[i] = (unsigned char)run[i];
            memcpy(out, narrow, RUN);
        }
        for (const uint16_t *stop = end - units < RUN ? end : units + RUN; units < stop; units++) {
            uint16_t unit = *units;
            if (unit < 0x80) {
                *out++ = (unsigned char)unit;
                continue;
            }
            if (unit < 0x800)
                *out++ = (unsigned char)(0xc0 | unit >> 6);
            else {
                *out++ = (unsigned char)(0xe0 | unit >> 12);
                *out++ = (unsigned char)(0x80 | (unit >> 6 & 0x3f));
            }
            *out++ = (unsigned char)(0x80 | (unit & 0x3f));
        }
    }
}

const char encode_doc[] =
    "encode(text)\n--\n\n"
    "`text.encode()`; None where it would not be faster, or the text has a NUL or half of a surrogate pair.";

PyObject *encode(PyObject *module, PyObject *text)
{
    (void)module;
    if (!PyUnicode_CheckExact(text)) {
        PyErr_SetString(PyExc_TypeError, "not a str");
        return NULL;
    }
    Py_ssize_t count = PyUnicode_GetLength(text), header = find_header();
    Py_ssize_t size = count < 0 || header < 0 ? -1 : size_of(text);
    if (size < 0)
        return NULL;
    /* Not so large is one of one byte for each; with more bytes for each, or with its UTF-8 kept beside, it is larger.
       The last character is a NUL. */
    if (count < LEAST || size != header + 2 * (count + 1))
        Py_RETURN_NONE;
    const uint16_t *units = (const uint16_t *)((const char *)text + header);
    if ((uintptr_t)units % sizeof *units || units[count] != 0)
        Py_RETURN_NONE;
    Py_ssize_t bytes = count_utf8(units, count);
    if (bytes < 0)
        Py_RETURN_NONE;
    PyObject *encoded = PyBytes_FromStringAndSize(NULL, bytes);
    if (encoded == NULL)
        return NULL;
    unsigned char *out = (unsigned char *)PyBytes_AsString(encoded);
    write_utf8(out, units, count);
    if (memchr(out, 0, (size_t)bytes) == NULL)
        return encoded;
    Py_DECREF(encoded);
    Py_RETURN_NONE;
}
