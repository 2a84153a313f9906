/* `find_named` of gateway/core/dom/named.py: which names have one of a few parts in them. */

#include "arrays.h"
#include "words.h"

/* a bit for each, and one for what is not ASCII */
enum { MOST_PARTS = 31, KNOWN = 128 };
#define NOT_ASCII ((uint32_t)1 << MOST_PARTS)

typedef struct {
    bytes parts[MOST_PARTS];
    /* by byte, the bits of parts that have it in the first, the second and the third place */
    uint32_t first[256], second[256], third[256];
} sought_parts;

static inline unsigned char lowered(unsigned char c)
{
    return c >= 'A' && c <= 'Z' ? c + ('a' - 'A') : c;
}

static int begins_here(bytes part, const unsigned char *p, const unsigned char *end)
{
    if ((size_t)(end - p) < part.count)
        return 0;
    for (size_t i = 1; i < part.count; i++)
        if (lowered(p[i]) != part.at[i])
            return 0;
    return 1;
}

/* Whether a name, which has NUL behind it, has one of the parts or what is not ASCII. */
static int is_named(const sought_parts *sought, bytes name)
{
    const unsigned char *end = name.at + name.count;
    for (const unsigned char *p = name.at; p < end; p++) {
        uint32_t left = sought->first[p[0]] & sought->second[p[1]];
        if (left == 0)
            continue;
        if (left & NOT_ASCII)
            return 1;
        /* what is behind the NUL is not the name's */
        if (p[1] != '\0')
            left &= sought->third[p[2]];
        for (; left != 0; left &= left - 1)
            if (begins_here(sought->parts[__builtin_ctz(left)], p, end))
                return 1;
    }
    return 0;
}

static void note(uint32_t *bits, unsigned char c, uint32_t bit)
{
    bits[c] |= bit;
    if (c >= 'a' && c <= 'z')
        bits[c - ('a' - 'A')] |= bit;
}

/* The bits of a part. */
static void note_part(sought_parts *sought, int number)
{
    bytes part = sought->parts[number];
    uint32_t bit = (uint32_t)1 << number;
    note(sought->first, part.at[0], bit);
    if (part.count > 1)
        note(sought->second, part.at[1], bit);
    if (part.count > 2)
        note(sought->third, part.at[2], bit);
    for (int c = 0; part.count < 3 && c < 256; c++) {
        sought->second[c] |= part.count == 1 ? bit : 0;
        sought->third[c] |= bit;
    }
}

const char find_named_doc[] =
    "find_named(names, parts)\n--\n\n"
    "The numbers of the names that have one of the parts in them, in either case, or a character that is not\n"
    "ASCII. The parts, at most 31, are of lower case and ASCII.";

PyObject *find_named(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *names, *parts;
    sought_parts sought = {0};
    column found = {0};
    if (!PyArg_ParseTuple(args, "O!O!:find_named", &PyList_Type, &names, &PyTuple_Type, &parts))
        return NULL;
    if (PyTuple_Size(parts) > MOST_PARTS) {
        PyErr_SetString(PyExc_ValueError, "too many parts");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyTuple_Size(parts); i++) {
        bytes *part = &sought.parts[i];
        if (utf8_of(PyTuple_GetItem(parts, i), part) < 0)
            return NULL;
        if (part->count == 0) {
            PyErr_SetString(PyExc_ValueError, "an empty part");
            return NULL;
        }
        note_part(&sought, (int)i);
    }
    for (int c = 0; c < 256; c++) {
        sought.first[c] |= c >= 0x80 ? NOT_ASCII : 0;
        sought.second[c] |= NOT_ASCII;
    }
    PyObject *result = NULL;
    /* by address: most names are those of other elements too, and then mostly the same object */
    struct {
        PyObject *name;
        int is_found;
    } known[KNOWN] = {{0}};
    for (Py_ssize_t i = 0; i < PyList_Size(names); i++) {
        PyObject *each = PyList_GetItem(names, i);
        bytes name;
        size_t place = ((uintptr_t)each * 0x9e3779b97f4a7c15) >> 57;
        if (known[place].name != each) {
            if (utf8_of(each, &name) < 0)
                goto done;
            known[place].name = each;
            known[place].is_found = is_named(&sought, name);
        }
        if (known[place].is_found && push(&found, i) < 0)
            goto done;
    }
    result = list_of(&found);
done:
    PyMem_Free(found.at);
    return result;
}
