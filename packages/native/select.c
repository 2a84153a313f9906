/* Elements with certain tags and attributes, as one query finds them. */

#include "css.h"
#include "text.h"
#include "walk.h"

/* how a value is compared: it is another, has it in it, begins with it, or has it as a word; with capital letters too */
enum { IS = 0, CONTAINS = 1, BEGINS = 2, WORD = 3, ANY_CASE = 4 };

/* an attribute that is looked for: its value is as `value` says, and has `letters` in it; an empty one is in any value */
typedef struct {
    bytes name, value, letters;
    /* `letters_of` both */
    uint32_t needed;
    int how;
    /* of the element; 0 for any */
    uintptr_t tag;
} sought;

/* what is looked for; `sizes` has a bit for the size of each name */
typedef struct {
    sought all[32];
    size_t count;
    uint64_t sizes;
    /* of words in a `style`: by first letter, a bit for each */
    bytes words[32];
    uint32_t begins[256];
    size_t word_count;
} query;

/* A bit for each letter, the same for capital ones; other characters share these bits. */
static uint32_t letters_of(bytes text)
{
    uint32_t found = 0;
    for (size_t i = 0; i < text.count; i++)
        found |= (uint32_t)1 << (text.at[i] & 31);
    return found;
}

/* Whether a text begins with another; of any case where that is wanted, then the other is in lower case. */
static int starts(const unsigned char *text, bytes part, int any_case)
{
    for (size_t i = 0; i < part.count; i++)
        if ((any_case ? lower(text[i]) : text[i]) != part.at[i])
            return 0;
    return 1;
}

static int has_value(bytes text, const sought *one)
{
    bytes part = one->value;
    int how = one->how & ~ANY_CASE, any_case = one->how & ANY_CASE;
    if (part.count > text.count)
        return 0;
    if (how == IS || how == BEGINS)
        return (how == BEGINS || text.count == part.count) && starts(text.at, part, any_case);
    for (size_t at = 0; at <= text.count - part.count; at++) {
        size_t end = at + part.count;
        if (starts(text.at + at, part, any_case) &&
            (how == CONTAINS || ((at == 0 || is_space(text.at[at - 1])) && (end == text.count || is_space(text.at[end])))))
            return 1;
    }
    return 0;
}

/* Whether a style has one of the words, or something that only Python can say. */
static int has_word(const query *q, bytes style)
{
    for (size_t at = 0; at < style.count; at++) {
        if (style.at[at] >= 0x80)
            return 1;
        uint32_t possible = q->begins[lower(style.at[at])];
        for (size_t i = 0; i < q->word_count && possible >> i; i++)
            if (possible >> i & 1 && style.count - at >= q->words[i].count) {
                size_t same = 1;
                while (same < q->words[i].count && lower(style.at[at + same]) == q->words[i].at[same])
                    same++;
                if (same == q->words[i].count)
                    return 1;
            }
    }
    return 0;
}

/* Whether a name is written in other letters than small ones: selectors do not find it, Python's patterns may. */
static int has_capitals(bytes text)
{
    for (size_t at = 0; at < text.count; at++)
        if (text.at[at] >= 0x80 || lower(text.at[at]) != text.at[at])
            return 1;
    return 0;
}

/* Whether an element's attributes have one that is looked for. */
static int has_sought(node *element, uintptr_t tag, const query *q)
{
    int is_styled = 0, is_odd = 0;
    attribute *each = lexbor.first_attribute(element);
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0}, value = {0};
        uint32_t letters = 0;
        name.at = lexbor.attribute_local_name(each, &name.count);
        if (q->word_count && is(name, "class") && (value.at = lexbor.attribute_value(each, &value.count)) != NULL)
            is_odd = has_capitals(value);
        if (name.count >= 64 || !(q->sizes >> name.count & 1))
            continue;
        for (size_t i = 0; i < q->count; i++) {
            const sought *one = &q->all[i];
            if (one->name.count != name.count || (one->tag && one->tag != tag) ||
                memcmp(one->name.at, name.at, name.count) != 0)
                continue;
            if (one->value.count == 0 && !(q->word_count && is(name, "style")))
                return 1;
            if (value.at == NULL && (value.at = lexbor.attribute_value(each, &value.count)) == NULL)
                continue;
            if (one->value.count == 0) {
                is_styled = 1;
                if (has_word(q, value) && lexbor.first_child(element) != NULL)
                    return 1;
                continue;
            }
            if (letters == 0)
                letters = letters_of(value);
            /* most values lack a letter of what is looked for */
            if ((letters & one->needed) == one->needed && has_value(value, one) && holds(value, one->letters))
                return 1;
        }
    }
    return is_styled && is_odd;
}

PyObject *read_attributes(node *element)
{
    PyObject *all = PyDict_New();
    attribute *each = all ? lexbor.first_attribute(element) : NULL;
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0}, value = {0};
        name.at = lexbor.attribute_name(each, &name.count);
        value.at = lexbor.attribute_value(each, &value.count);
        PyObject *key = decode(name.at, name.count);
        PyObject *text = value.at ? decode(value.at, value.count) : Py_NewRef(Py_None);
        int failed = key == NULL || text == NULL || PyDict_SetItem(all, key, text) < 0;
        Py_XDECREF(key);
        Py_XDECREF(text);
        if (failed) {
            Py_DECREF(all);
            return NULL;
        }
    }
    return all;
}

const char select_doc[] =
    "select(root, tags, attributes, words, body, code)\n--\n\n"
    "The elements from a LexborNode on down, in document order, each with its `attributes`, that have\n"
    "one of the tags (a byte for each number) or of the attributes: (name, value, letters, how, number of the\n"
    "tag or 0). An empty value stands for any; how: 0 equal, 1 has the value in it, 2 begins with it, 3 has it as a word,\n"
    "4 more for capital letters too. It has the letters in it as well. Where there are words, in small letters, an element\n"
    "is not found for a `style` that has none of them, or with nothing in the element.\n\n"
    "Then the characters of text below `body` that are not in an element with a tag of `code` (a byte for each number),\n"
    "-1 where they are not valid UTF-8 or `body` is not met, and the bytes in such elements elsewhere; 0 and 0 where `body` is None.";

PyObject *select_marked(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *attributes, *words, *within, *parser, *found = NULL;
    const char *tags;
    Py_ssize_t tag_count, code_count, shown = 0, code = 0;
    around a = {0};
    if (!PyArg_ParseTuple(args, "Oy#O!O!Oy#:select", &root, &tags, &tag_count, &PyTuple_Type, &attributes,
                          &PyTuple_Type, &words, &within, &a.is_code, &code_count))
        return NULL;
    if (within != Py_None && (a.body = address_of(within, &parser)) == NULL)
        return NULL;
    node *top = address_of(root, &parser);
    if (top == NULL)
        return NULL;
    query q = {0};
    q.count = (size_t)PyTuple_Size(attributes);
    q.word_count = (size_t)PyTuple_Size(words);
    if (tag_count != TAGS || code_count != TAGS || q.count > sizeof q.all / sizeof *q.all || q.word_count > sizeof q.words / sizeof *q.words) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    for (size_t i = 0; i < q.count; i++) {
        const char *name, *value, *letters;
        Py_ssize_t name_size, value_size, letters_size;
        unsigned long tag;
        sought *each = &q.all[i];
        if (!PyArg_ParseTuple(PyTuple_GetItem(attributes, (Py_ssize_t)i), "y#y#y#ik", &name, &name_size, &value,
                              &value_size, &letters, &letters_size, &each->how, &tag))
            return NULL;
        if (name_size >= 64) {
            PyErr_SetString(PyExc_ValueError, "a name of more than 63 bytes");
            return NULL;
        }
        each->name = (bytes){(const unsigned char *)name, (size_t)name_size};
        each->value = (bytes){(const unsigned char *)value, (size_t)value_size};
        each->letters = (bytes){(const unsigned char *)letters, (size_t)letters_size};
        each->needed = letters_of(each->value) | letters_of(each->letters);
        each->tag = tag;
        q.sizes |= (uint64_t)1 << name_size;
    }
    for (size_t i = 0; i < q.word_count; i++) {
        char *word;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(words, (Py_ssize_t)i), &word, &size) < 0)
            return NULL;
        q.words[i] = (bytes){(const unsigned char *)word, (size_t)size};
        if (size)
            q.begins[(unsigned char)*word] |= (uint32_t)1 << i;
    }
    if ((found = PyList_New(0)) == NULL)
        return NULL;
    int has_met_body = 0;
    for (node *each = top; each != NULL; each = step(&a, each, top)) {
        int type = lexbor.type(each);
        has_met_body |= each == a.body;
        const text_node *text = (const text_node *)each;
        if (type == TEXT && a.body != NULL && text->data != NULL && a.in_body != (a.code != NULL)) {
            Py_ssize_t count = !a.in_body || shown < 0 ? 0 : count_characters(text->data, text->data + text->length);
            shown = count < 0 ? -1 : shown + count;
            code += a.in_body ? 0 : (Py_ssize_t)text->length;
        }
        uintptr_t number = type == ELEMENT ? lexbor.tag_id(each) : 0;
        if (type == ELEMENT && ((number < TAGS && tags[number]) || has_sought(each, number, &q))) {
            PyObject *wrapped = lexbor.wrap(each, parser);
            PyObject *read = wrapped ? read_attributes(each) : NULL;
            if (read == NULL)
                Py_XDECREF(wrapped);
            if (read == NULL || append(found, Py_BuildValue("(NN)", wrapped, read)) < 0) {
                Py_DECREF(found);
                return NULL;
            }
        }
    }
    /* a frameset may have taken its place in the tree */
    if (a.body != NULL && !has_met_body)
        shown = -1;
    return Py_BuildValue("(Nnn)", found, shown, code);
}
