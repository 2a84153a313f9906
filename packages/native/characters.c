/* What text elements have, how much of it, and how much code a page has outside its body. */

#include "arrays.h"
#include "text.h"
#include "walk.h"

/* of tags: all text counts */
static const char no_code[TAGS] = {0};

const char count_code_doc[] =
    "count_code(elements, body, code)\n--\n\n"
    "The characters of text in a list of elements, which are all that have a tag of `code` (a byte for each number): those\n"
    "that are neither below `body` nor in one another; None where they are not valid UTF-8.";

PyObject *count_code(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *elements, *within, *parser;
    const char *code;
    Py_ssize_t tags, total = 0;
    if (!PyArg_ParseTuple(args, "O!Oy#:count_code", &PyList_Type, &elements, &within, &code, &tags))
        return NULL;
    node *body = address_of(within, &parser);
    if (body == NULL)
        return NULL;
    if (tags != TAGS) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    for (Py_ssize_t i = 0; i < PyList_Size(elements); i++) {
        node *top = address_of(PyList_GetItem(elements, i), &parser), *above = top;
        if (top == NULL)
            return NULL;
        while ((above = lexbor.parent(above)) != NULL && above != body) {
            uintptr_t number = lexbor.tag_id(above);
            if (number < TAGS && code[number])
                break;
        }
        if (above != NULL || top == body)
            continue;
        around a = {.is_code = no_code};
        for (node *each = top; each != NULL; each = step(&a, each, top)) {
            const text_node *text = (const text_node *)each;
            if (lexbor.type(each) != TEXT || text->data == NULL)
                continue;
            Py_ssize_t count = count_characters(text->data, text->data + text->length);
            if (count < 0)
                Py_RETURN_NONE;
            total += count;
        }
    }
    return PyLong_FromSsize_t(total);
}

/* How many characters of white space are at the beginning of valid UTF-8. */
static Py_ssize_t count_leading(const unsigned char *p, const unsigned char *end)
{
    Py_ssize_t count = 0;
    for (size_t space; p < end && (space = space_at(p, end)) != 0; p += space)
        count++;
    return count;
}

/* And at its end. */
static Py_ssize_t count_trailing(const unsigned char *begin, const unsigned char *end)
{
    Py_ssize_t count = 0;
    while (begin < end) {
        const unsigned char *last = end - 1;
        while (last > begin && (*last & 0xc0) == 0x80)
            last--;
        if (space_at(last, end) != (size_t)(end - last))
            break;
        end = last;
        count++;
    }
    return count;
}

/* As `count_stripped` of texts.py, of what is not valid UTF-8. */
static PyObject *count_in_python(PyObject *element)
{
    PyObject *text = PyObject_CallMethod(element, "text_lexbor", NULL);
    PyObject *stripped = text ? PyObject_CallMethod(text, "strip", NULL) : NULL;
    Py_ssize_t count = stripped ? PyObject_Size(stripped) : -1;
    Py_XDECREF(text);
    Py_XDECREF(stripped);
    return count < 0 ? NULL : PyLong_FromSsize_t(count);
}

const char count_stripped_doc[] =
    "count_stripped(element)\n--\n\n"
    "The characters of text in a LexborNode, without white space at both ends.";

PyObject *count_stripped(PyObject *module, PyObject *element)
{
    (void)module;
    PyObject *parser;
    node *top = address_of(element, &parser);
    if (top == NULL)
        return NULL;
    around a = {.is_code = no_code};
    Py_ssize_t total = 0, trailing = 0;
    for (node *each = top; each != NULL; each = step(&a, each, top)) {
        const text_node *text = (const text_node *)each;
        if (lexbor.type(each) != TEXT || text->data == NULL)
            continue;
        const unsigned char *begin = text->data, *end = begin + text->length;
        Py_ssize_t count = count_characters(begin, end);
        if (count < 0)
            return count_in_python(element);
        Py_ssize_t behind = count_trailing(begin, end);
        if (total == 0)
            count -= count_leading(begin, end);
        if (total == 0 && count == 0)
            continue;
        total += count;
        trailing = behind >= count ? trailing + count : behind;
    }
    return PyLong_FromSsize_t(total - trailing);
}

const char join_texts_doc[] =
    "join_texts(elements)\n--\n\n"
    "The texts in a list of LexborNodes in UTF-8, a line break between them; None where they are not valid.";

PyObject *join_texts(PyObject *module, PyObject *elements)
{
    (void)module;
    if (!PyList_Check(elements)) {
        PyErr_SetString(PyExc_TypeError, "not a list");
        return NULL;
    }
    buffer texts = {0};
    PyObject *joined = NULL;
    for (Py_ssize_t i = 0; i < PyList_Size(elements); i++) {
        PyObject *parser;
        node *top = address_of(PyList_GetItem(elements, i), &parser);
        if (top == NULL || (i > 0 && put(&texts, "\n", 1) < 0))
            goto done;
        around a = {.is_code = no_code};
        for (node *each = top; each != NULL; each = step(&a, each, top)) {
            const text_node *text = (const text_node *)each;
            if (lexbor.type(each) == TEXT && text->data != NULL && put(&texts, text->data, text->length) < 0)
                goto done;
        }
    }
    joined = count_characters(texts.at, texts.at + texts.count) < 0 ? Py_NewRef(Py_None) : bytes_of(texts.at, texts.count);
done:
    PyMem_Free(texts.at);
    return joined;
}
