/* The elements that simple selectors are for: tags, classes, ids and attributes with combinators, all in one walk. */

#include "match.h"

static int is_alike(bytes one, bytes other)
{
    for (size_t i = 0; i < one.count; i++)
        if (lower(one.at[i]) != lower(other.at[i]))
            return 0;
    return 1;
}

/* Note that the element has a name, in these letters or in others; its own are kept in `hits`, each once. */
static size_t note_name(matcher *m, size_t number, bytes text, size_t hits)
{
    name *each = &m->names[number];
    int is_own = memcmp(each->text.at, text.at, text.count) == 0;
    each->is_there |= is_own ? IN_LETTERS : IN_OTHERS;
    if (is_own && each->had_by != m->elements) {
        each->had_by = m->elements;
        m->hits[hits++] = number;
    }
    return hits;
}

/* Look a name of an element up, and with that of an attribute its value. */
static size_t look_up(matcher *m, unsigned char sign, bytes text, attribute *valued, size_t hits)
{
    size_t bit = likely_bit(sign, text);
    if (!(m->likely[bit / 64] >> bit % 64 & 1))
        return hits;
    for (size_t slot = hash_name(m, sign, text) & m->mask; m->table[slot] != 0; slot = (slot + 1) & m->mask) {
        size_t number = m->table[slot] - 1;
        if (m->names[number].sign != sign || m->names[number].text.count != text.count ||
            !is_alike(m->names[number].text, text))
            continue;
        hits = note_name(m, number, text, hits);
        bytes value = {0};
        size_t next = m->names[number].values;
        if (valued == NULL || next == 0 || (value.at = lexbor.attribute_value(valued, &value.count)) == NULL)
            continue;
        for (; next != 0; next = m->names[next - 1].values)
            if (m->names[next - 1].text.count == value.count && is_alike(m->names[next - 1].text, value))
                hits = note_name(m, next - 1, value, hits);
    }
    return hits;
}

/* The names that an element has and selectors ask for, classes first. */
static size_t read_names_of(matcher *m, node *element, uintptr_t tag)
{
    size_t hits = 0;
    bytes value = {0};
    attribute *classes = lexbor.class_attribute(element), *id = lexbor.id_attribute(element);
    if (classes != NULL && (value.at = lexbor.attribute_value(classes, &value.count)) != NULL) {
        static const unsigned char spaces[256] = {[' '] = 1, ['\t'] = 1, ['\n'] = 1, ['\f'] = 1, ['\r'] = 1};
        const unsigned char *p = value.at, *end = p + value.count;
        while (p < end) {
            const unsigned char *begin = p;
            while (p < end && !spaces[*p])
                p++;
            if (p > begin)
                hits = look_up(m, '.', (bytes){begin, (size_t)(p - begin)}, NULL, hits);
            p++;
        }
    }
    if (id != NULL && (value.at = lexbor.attribute_value(id, &value.count)) != NULL && value.count)
        hits = look_up(m, '#', value, NULL, hits);
    if (tag >= TAGS && (value.at = lexbor.tag_name(element, &value.count)) != NULL && value.count)
        hits = look_up(m, '<', value, NULL, hits);
    attribute *each = m->asks_attributes ? lexbor.first_attribute(element) : NULL;
    for (; each != NULL; each = lexbor.next_attribute(each))
        if ((value.at = lexbor.attribute_local_name(each, &value.count)) != NULL && value.count)
            hits = look_up(m, '[', value, each, hits);
    return hits;
}

static uint64_t *bits_at(matcher *m, size_t level, int kind)
{
    return m->bits + (level * KINDS + (size_t)kind) * m->words;
}

static int has_bit(const uint64_t *bits, size_t number)
{
    return bits[number / 64] >> number % 64 & 1;
}

/* Whether a part fits the element of this tag whose names were read. */
static int fits(matcher *m, size_t number, uintptr_t tag, size_t level)
{
    const part *each = &m->parts[number];
    if (each->tag && (uintptr_t)each->tag != tag)
        return 0;
    for (size_t i = 0; i < each->count; i++)
        if (m->names[each->names[i]].had_by != m->elements)
            return 0;
    static const int kinds[] = {[DESCENDANT] = AROUND, [CHILD] = PARENT, [NEXT] = BEFORE, [LATER] = EARLIER};
    return each->combinator == FIRST || has_bit(bits_at(m, level, kinds[each->combinator]), number - 1);
}

/* The parts of a chain that fit: their bits, and those that end a selector. */
static size_t try_parts(matcher *m, size_t next, uintptr_t tag, size_t level, uint64_t *own, size_t count)
{
    for (; next != 0; next = m->parts[next - 1].next)
        if (fits(m, next - 1, tag, level)) {
            own[(next - 1) / 64] |= (uint64_t)1 << (next - 1) % 64;
            if (m->parts[next - 1].selector != NO_SELECTOR && !m->parts[next - 1].is_met)
                m->fitting[count++] = next - 1;
        }
    return count;
}

/* Note an element with the selectors that end with the parts: those of names alone first. */
static int note(matcher *m, PyObject *found, node *element, PyObject *parser, size_t count)
{
    PyObject *wrapped = lexbor.wrap(element, parser), *read = wrapped ? read_attributes(element) : NULL;
    int failed = read == NULL;
    for (int plain = 1; plain >= 0 && !failed; plain--)
        for (size_t i = 0; i < count && !failed; i++) {
            part *each = &m->parts[m->fitting[i]];
            if ((each->combinator == FIRST && each->count > 0) != plain)
                continue;
            each->is_met = each->selector < NO_SELECTOR;
            failed = append(found, Py_BuildValue("(OOn)", wrapped, read, each->selector)) < 0;
        }
    Py_XDECREF(wrapped);
    Py_XDECREF(read);
    return failed ? -1 : 0;
}

/* Room for a level, two more than there are: below it, and of the element itself; -1 where there is none. */
static int make_room(matcher *m, size_t level)
{
    if (m->levels >= level + 3)
        return 0;
    size_t levels = 2 * m->levels + 16;
    while (levels < level + 3)
        levels *= 2;
    uint64_t *bits = PyMem_Realloc(m->bits, (levels * KINDS + 1) * m->words * sizeof *bits + 1);
    if (bits == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    m->bits = bits;
    if (m->levels == 0)
        memset(bits, 0, KINDS * m->words * sizeof *bits);
    m->levels = levels;
    return 0;
}

/* The bits of the element that is looked at. */
static uint64_t *own_bits(matcher *m)
{
    return m->bits + m->levels * KINDS * m->words;
}

/* Look at the next element: 1 where `most` were found with it, -1 on an error. Its names are read if they may be asked for. */
static int visit(matcher *m, PyObject *found, node *each, uintptr_t tag, size_t level, int may_be_named, PyObject *parser,
                 Py_ssize_t most)
{
    m->elements++;
    if (make_room(m, level) < 0)
        return -1;
    uint64_t *own = own_bits(m);
    memset(own, 0, m->words * sizeof *own);
    size_t count = 0, hits = may_be_named ? read_names_of(m, each, tag) : 0;
    for (size_t i = 0; i < hits; i++)
        count = try_parts(m, m->names[m->hits[i]].part, tag, level, own, count);
    if (tag > 0 && tag < TAGS && m->by_tag[tag])
        count = try_parts(m, m->by_tag[tag], tag, level, own, count);
    if (m->by_tag[0])
        count = try_parts(m, m->by_tag[0], tag, level, own, count);
    if (count && lexbor.first_child(each) != NULL) {
        if (note(m, found, each, parser, count) < 0)
            return -1;
        if (PyList_Size(found) >= most)
            return 1;
    }
    for (size_t i = 0; m->asks_around && i < m->words; i++) {
        bits_at(m, level, BEFORE)[i] = own[i];
        bits_at(m, level, EARLIER)[i] |= own[i];
    }
    return 0;
}

/* What is in the element that was looked at comes next. */
static void descend_from(matcher *m, size_t level)
{
    if (!m->asks_around)
        return;
    const uint64_t *own = own_bits(m);
    memset(bits_at(m, level + 1, 0), 0, KINDS * m->words * sizeof *own);
    for (size_t i = 0; i < m->words; i++) {
        bits_at(m, level + 1, AROUND)[i] = bits_at(m, level, AROUND)[i] | own[i];
        bits_at(m, level + 1, PARENT)[i] = own[i];
    }
}

/* 1 where `most` were found and the walk ended, 0 where it did not, -1 on an error. */
static int run(matcher *m, PyObject *found, node *root, PyObject *parser, Py_ssize_t most)
{
    size_t level = 0;
    node *each = root;
    for (;;) {
        node *below = NULL;
        if (lexbor.type(each) == ELEMENT) {
            int ended = visit(m, found, each, lexbor.tag_id(each), level, 1, parser, most);
            if (ended)
                return ended;
            below = lexbor.first_child(each);
        }
        if (below != NULL) {
            descend_from(m, level++);
            each = below;
            continue;
        }
        node *next = each == root ? NULL : lexbor.next(each);
        while (next == NULL && each != root) {
            each = lexbor.parent(each);
            level--;
            next = each == root ? NULL : lexbor.next(each);
        }
        if (next == NULL)
            return 0;
        each = next;
    }
}

/* As `run`, by what is known of all elements: most need not be looked at. */
static int run_listed(matcher *m, PyObject *found, const page_names *page, PyObject *parser, Py_ssize_t most)
{
    const uint16_t *name = page->names;
    for (size_t i = 0; i < page->count; i++) {
        const listed *each = &page->elements[i];
        int may_be_named = 0;
        for (const uint16_t *end = name + each->count; name < end; name++)
            may_be_named |= m->named[*name / 64] >> *name % 64 & 1;
        int ended = visit(m, found, each->element, tag_of(each), level_of(each), may_be_named, parser, most);
        if (ended)
            return ended;
        if (i + 1 < page->count && level_of(each + 1) > level_of(each))
            descend_from(m, level_of(each));
    }
    return 0;
}

const char match_doc[] =
    "match(root, names, parts, most, page=None)\n--\n\n"
    "The elements from a LexborNode on down that have something in them and that selectors are for: (element,\n"
    "attributes, index of the selector), in document order, at most about `most`. Then a byte for each name, with 1 where\n"
    "an element has it and 2 where one has it in other letters, and whether the walk ended before the tree did.\n\n"
    "`names`, each once, are classes (`.a`), ids (`#a`), attributes (`[a`), right behind these the values that are asked\n"
    "of them (`=b`), and tags without a number (`<a-b`). `parts` are numbers of 64 bits, for each part of a selector: what\n"
    "it is to the part before (0 nothing, 1 below it, 2 a child, 3 the next, 4 a later one), the number of a tag or 0,\n"
    "the index of the selector that it ends or -1, how many names it asks for, and their places in `names`. Of a selector\n"
    "with an index below -1 only the first element is given. `page` is `read_page_names(root)`, if that is at hand.";

PyObject *match(PyObject *module, PyObject *args)
{
    (void)module;
    matcher m = {0};
    PyObject *root, *names, *parser, *given_page = Py_None, *found = NULL, *result = NULL;
    const char *given;
    Py_ssize_t size, most;
    if (!PyArg_ParseTuple(args, "OO!y#n|O:match", &root, &PyTuple_Type, &names, &given, &size, &most, &given_page))
        return NULL;
    node *top = address_of(root, &parser);
    const page_names *page = NULL;
    if (top == NULL || (given_page != Py_None && (page = page_in(given_page)) == NULL))
        return NULL;
    if (page != NULL && page->top != top) {
        PyErr_SetString(PyExc_ValueError, "the names of another page");
        return NULL;
    }
    /* copied: bytes need not be aligned */
    Py_ssize_t *numbers = PyMem_Malloc((size_t)size + 1);
    if (numbers == NULL)
        return PyErr_NoMemory();
    memcpy(numbers, given, (size_t)size);
    if (size % sizeof *numbers || read_wanted(&m, names) < 0 || read_parts(&m, numbers, (size_t)size / sizeof *numbers) < 0) {
        if (!PyErr_Occurred())
            PyErr_SetString(PyExc_ValueError, "names or parts of another form");
        goto done;
    }
    found = PyList_New(0);
    int is_cut = found == NULL  ? -1
                 : page != NULL ? run_listed(&m, found, page, parser, most)
                                : run(&m, found, top, parser, most);
    PyObject *there = is_cut >= 0 ? PyBytes_FromStringAndSize(NULL, (Py_ssize_t)m.name_count) : NULL;
    if (there != NULL) {
        for (size_t i = 0; i < m.name_count; i++)
            PyBytes_AsString(there)[i] = (char)m.names[i].is_there;
        result = Py_BuildValue("(ONN)", found, there, PyBool_FromLong(is_cut));
    }
done:
    Py_XDECREF(found);
    PyMem_Free(numbers);
    PyMem_Free(m.names);
    PyMem_Free(m.hits);
    PyMem_Free(m.table);
    PyMem_Free(m.parts);
    PyMem_Free(m.fitting);
    PyMem_Free(m.bits);
    return result;
}
