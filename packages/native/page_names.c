/* What the elements of a page are called, read once for all that look for names. */

#include "arrays.h"
#include "page_names.h"

static const char capsule_name[] = "winnow_native.page_names";

page_names *begin_names_of(node *top, PyObject *parser)
{
    page_names *page = PyMem_Calloc(1, sizeof *page);
    if (page == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    page->top = top;
    page->parser = Py_NewRef(parser);
    return page;
}

void free_names(page_names *page)
{
    if (page == NULL)
        return;
    PyMem_Free(page->elements);
    PyMem_Free(page->names);
    PyMem_Free(page->around);
    Py_XDECREF(page->parser);
    PyMem_Free(page);
}

static void free_capsule(PyObject *capsule)
{
    free_names(PyCapsule_GetPointer(capsule, capsule_name));
}

PyObject *give_names(page_names *page)
{
    PyObject *capsule = PyCapsule_New(page, capsule_name, free_capsule);
    if (capsule == NULL)
        free_names(page);
    return capsule;
}

page_names *page_in(PyObject *given)
{
    return PyCapsule_GetPointer(given, capsule_name);
}

static int add_bit(page_names *page, uint16_t bit)
{
    uint16_t *at = grow(page->names, page->name_count, &page->name_room, 1, sizeof *at);
    if (at == NULL)
        return -1;
    page->names = at;
    at[page->name_count++] = bit;
    return 0;
}

/* A class or an id. */
static int add_name(page_names *page, unsigned char sign, const unsigned char *name, size_t count)
{
    uint16_t bit = name_bit(sign, name, count);
    page->bits[bit / 8] |= (unsigned char)(1 << bit % 8);
    return add_bit(page, bit);
}

static int add_classes(page_names *page, const unsigned char *p, const unsigned char *end)
{
    for (; p < end; p++) {
        const unsigned char *begin = p;
        while (p < end && !is_space(*p))
            p++;
        if (p > begin && add_name(page, '.', begin, (size_t)(p - begin)) < 0)
            return -1;
    }
    return 0;
}

int add_attribute(page_names *page, uint16_t bit)
{
    page->elements[page->count - 1].count++;
    return add_bit(page, bit);
}

int add_attributes(page_names *page, node *element)
{
    bytes name = {0};
    for (attribute *each = lexbor.first_attribute(element); each != NULL; each = lexbor.next_attribute(each))
        if ((name.at = lexbor.attribute_local_name(each, &name.count)) != NULL &&
            add_attribute(page, name_bit('[', name.at, name.count)) < 0)
            return -1;
    return 0;
}

/* How many elements are around one, which is now the last. */
static int enter(page_names *page, node *element)
{
    node *outer = lexbor.parent(element);
    while (page->depth > 0 && page->around[page->depth - 1] != outer)
        page->depth--;
    node **at = grow(page->around, page->depth, &page->around_room, 1, sizeof *at);
    if (at == NULL)
        return -1;
    page->around = at;
    at[page->depth++] = element;
    return 0;
}

int add_element(page_names *page, node *element)
{
    listed *at = grow(page->elements, page->count, &page->room, 1, sizeof *at);
    if (at == NULL)
        return -1;
    page->elements = at;
    if (enter(page, element) < 0)
        return -1;
    size_t before = page->name_count;
    bytes value = {0};
    attribute *classes = lexbor.class_attribute(element), *id = lexbor.id_attribute(element);
    if (classes != NULL && (value.at = lexbor.attribute_value(classes, &value.count)) != NULL &&
        add_classes(page, value.at, value.at + value.count) < 0)
        return -1;
    if (id != NULL && (value.at = lexbor.attribute_value(id, &value.count)) != NULL &&
        add_name(page, '#', value.at, value.count) < 0)
        return -1;
    uintptr_t tag = lexbor.tag_id(element);
    if (tag >= TAGS && (value.at = lexbor.tag_name(element, &value.count)) != NULL &&
        add_bit(page, name_bit('<', value.at, value.count)) < 0)
        return -1;
    /* no page has so many */
    if (page->name_count - before > UINT32_MAX / 2 || page->depth > MOST_LEVELS) {
        PyErr_NoMemory();
        return -1;
    }
    uint32_t number = tag < TAGS ? (uint32_t)tag : TAGS;
    at[page->count++] = (listed){element, (uint32_t)(page->name_count - before), (uint32_t)(page->depth - 1) << TAG_BITS | number};
    return 0;
}

const char read_page_names_doc[] =
    "read_page_names(root)\n--\n\n"
    "What the elements from a LexborNode on down are called, as `keep_possible` and `match` take it. The tree is not to\n"
    "be changed as long as these are given it.";

PyObject *read_page_names(PyObject *module, PyObject *root)
{
    (void)module;
    PyObject *parser;
    node *top = address_of(root, &parser);
    page_names *page = top ? begin_names_of(top, parser) : NULL;
    if (page == NULL)
        return NULL;
    for (node *each = top; each != NULL;) {
        node *next = NULL;
        if (lexbor.type(each) == ELEMENT) {
            if (add_element(page, each) < 0 || add_attributes(page, each) < 0) {
                free_names(page);
                return NULL;
            }
            next = lexbor.first_child(each);
        }
        while (next == NULL && each != top) {
            next = lexbor.next(each);
            if (next == NULL)
                each = lexbor.parent(each);
        }
        each = next;
    }
    return give_names(page);
}
