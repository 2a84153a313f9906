/* What of a tree comes in a `Descent`, and where a gap is shown. */

#include "descent.h"

#include "text.h"

/* Whether a set has a node; -1 on an error. */
static int has(PyObject *set, node *each)
{
    Py_ssize_t count = PySet_Size(set);
    if (count <= 0)
        return (int)count;
    PyObject *mem_id = PyLong_FromVoidPtr(each);
    int is_there = mem_id ? PySet_Contains(set, mem_id) : -1;
    Py_XDECREF(mem_id);
    return is_there;
}

bytes value_of(node *element, const char *sought)
{
    attribute *each = lexbor.first_attribute(element);
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0}, value = {0};
        name.at = lexbor.attribute_name(each, &name.count);
        if (is(name, sought)) {
            value.at = lexbor.attribute_value(each, &value.count);
            return value;
        }
    }
    return (bytes){0};
}

/* Whether Python says that a gap is shown before a node; -1 on an error. */
static int ask(const descent *d, node *each)
{
    PyObject *wrapped = lexbor.wrap(each, d->parser);
    PyObject *said = wrapped ? PyObject_CallFunctionObjArgs(d->is_apart, wrapped, NULL) : NULL;
    int is_apart = said ? PyObject_IsTrue(said) : -1;
    Py_XDECREF(wrapped);
    Py_XDECREF(said);
    return is_apart;
}

int is_text_apart(const descent *d, node *each)
{
    node *before = lexbor.prev(each);
    uintptr_t tag = before ? lexbor.tag_id(before) : TAGS;
    return tag < TAGS && d->table[tag] & PHRASE && value_of(before, "style").at ? ask(d, each) : 0;
}

int is_element_apart(const descent *d, node *each)
{
    node *before = lexbor.prev(each);
    while (before != NULL && lexbor.tag_id(before) == COMMENT_TAG)
        before = lexbor.prev(before);
    if (before == NULL || (lexbor.tag_id(before) == TEXT_TAG && value_of(each, "style").at == NULL))
        return 0;
    return ask(d, each);
}

int is_text(const descent *d, node *each)
{
    const text_node *text = (const text_node *)each;
    if (lexbor.type(each) != TEXT || text->data == NULL || is_blank(text->data, text->data + text->length))
        return 0;
    return d->texts ? has(d->texts, each) : 1;
}

/* Whether a script may be the source of a formula, or show a gist. */
static int says_something(node *script)
{
    static const bytes gist = {(const unsigned char *)"gist.github.com", 15};
    bytes type = value_of(script, "type"), src = value_of(script, "src");
    return (type.at && type.count >= 8 && memcmp(type.at, "math/tex", 8) == 0) || (src.at && holds(src, gist));
}

int kind_of(const descent *d, node *each, uintptr_t tag)
{
    int kind = tag < TAGS ? d->table[tag] : 0, found;
    if (kind & (d->elements ? PRUNED : WHOLE)) {
        found = d->elements ? has(d->elements, each) : 0;
        if (found <= 0)
            return found < 0 ? FAILED : LEFT_OUT;
    }
    if ((found = has(d->hidden, each)) != 0)
        return found < 0 ? FAILED : kind & DRAWING ? 0 : LEFT_OUT;
    if (kind & SOURCE && !says_something(each))
        return LEFT_OUT;
    if (kind & BOX && (found = has(d->marked, each)) != 0)
        return found < 0 ? FAILED : BLOCK;
    return kind;
}
