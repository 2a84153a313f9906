/* The elements that simple selectors are for: tags, classes, ids and attributes with combinators, all in one walk. */

#include "arrays.h"
#include "css.h"

enum { LIKELY = 4096 };
enum { FIRST, DESCENDANT, CHILD, NEXT, LATER };
enum { NO_SELECTOR = -1 };

/* A class (`.a`), an id (`#a`), an attribute (`[a`), a value of one (`=b`), or a tag that has no number (`<a-b`). */
typedef struct {
    /* without the sign */
    bytes text;
    unsigned char sign, is_there;
    /* the last element that has it, by its number in the walk */
    uint64_t had_by;
    /* of an attribute its first value, of that the next; names are numbered from 1 */
    size_t values;
    /* the first part that is found by it; parts are numbered from 1 */
    size_t part;
} name;

/* whether an element has a name, and whether one has it in other letters */
enum { IN_LETTERS = 1, IN_OTHERS = 2 };

/* What a selector says of one element: `.a > b.c` has two. */
typedef struct {
    Py_ssize_t combinator, tag, selector;
    /* the ids of names, of which the first is looked up */
    const Py_ssize_t *names;
    size_t count, next;
    /* of a selector that is asked for its first element alone: whether that was met */
    int is_met;
} part;

/* of one level: the parts that fit an element around, the parent, the element right before, one before */
enum { AROUND, PARENT, BEFORE, EARLIER, KINDS };

typedef struct {
    name *names;
    size_t name_count;
    size_t *table, mask;
    uint64_t seed, likely[LIKELY / 64];
    part *parts;
    size_t part_count, words;
    /* by number of a tag, 0 for any: the first part without names */
    size_t by_tag[TAGS];
    /* bits of parts, KINDS for each level and those of the element that is looked at */
    uint64_t *bits;
    size_t levels, *hits, *fitting;
    uint64_t elements;
    /* whether some part asks for attributes, or for elements around another */
    int asks_attributes, asks_around;
} matcher;

/* Eight bytes at a time, letters in lower case (and a few signs like others); nobody outside knows the seed. */
static size_t hash_name(const matcher *m, unsigned char sign, bytes text)
{
    uint64_t hash = m->seed ^ sign, eight;
    for (size_t i = 0; i < text.count; i += 8) {
        eight = 0;
        memcpy(&eight, text.at + i, text.count - i < 8 ? text.count - i : 8);
        hash = (hash ^ (eight | 0x2020202020202020)) * 0x9e3779b97f4a7c15u;
        hash ^= hash >> 32;
    }
    return (size_t)hash;
}

static int is_alike(bytes one, bytes other)
{
    for (size_t i = 0; i < one.count; i++)
        if (lower(one.at[i]) != lower(other.at[i]))
            return 0;
    return 1;
}

/* Names of this size with this beginning and end have one bit: most that nobody asks for are known by it. */
static size_t bit_of(unsigned char sign, bytes text)
{
    return (text.count * 37 + (text.at[0] | 32) * 5 + (text.at[text.count - 1] | 32) * 11 + sign) % LIKELY;
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
    size_t bit = bit_of(sign, text);
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

/* 1 where `most` were found and the walk ended, 0 where it did not, -1 on an error. */
static int run(matcher *m, PyObject *found, node *root, PyObject *parser, Py_ssize_t most)
{
    size_t level = 0, size = KINDS * m->words * sizeof(uint64_t);
    uint64_t *own = m->bits;
    node *each = root;
    for (;;) {
        int is_element = lexbor.type(each) == ELEMENT;
        node *below = is_element ? lexbor.first_child(each) : NULL;
        if (is_element) {
            m->elements++;
            /* two levels more than there are: below, and of the element itself */
            if (m->levels < level + 3) {
                size_t levels = 2 * m->levels + 16;
                uint64_t *bits = PyMem_Realloc(m->bits, (levels * KINDS + 1) * m->words * sizeof *bits + 1);
                if (bits == NULL) {
                    PyErr_NoMemory();
                    return -1;
                }
                m->bits = bits;
                if (m->levels == 0)
                    memset(bits, 0, size);
                m->levels = levels;
            }
            own = m->bits + m->levels * KINDS * m->words;
            memset(own, 0, m->words * sizeof *own);
            uintptr_t tag = lexbor.tag_id(each);
            size_t count = 0, hits = read_names_of(m, each, tag);
            for (size_t i = 0; i < hits; i++)
                count = try_parts(m, m->names[m->hits[i]].part, tag, level, own, count);
            if (tag > 0 && tag < TAGS && m->by_tag[tag])
                count = try_parts(m, m->by_tag[tag], tag, level, own, count);
            if (m->by_tag[0])
                count = try_parts(m, m->by_tag[0], tag, level, own, count);
            if (count && below != NULL) {
                if (note(m, found, each, parser, count) < 0)
                    return -1;
                if (PyList_Size(found) >= most)
                    return 1;
            }
            for (size_t i = 0; m->asks_around && i < m->words; i++) {
                bits_at(m, level, BEFORE)[i] = own[i];
                bits_at(m, level, EARLIER)[i] |= own[i];
            }
        }
        if (below != NULL) {
            if (m->asks_around)
                memset(bits_at(m, level + 1, 0), 0, size);
            for (size_t i = 0; m->asks_around && i < m->words; i++) {
                bits_at(m, level + 1, AROUND)[i] = bits_at(m, level, AROUND)[i] | own[i];
                bits_at(m, level + 1, PARENT)[i] = own[i];
            }
            level++;
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

/* The parts as numbers: combinator, tag, index of the selector that ends or -1, how many names, their ids. */
static int read_parts(matcher *m, const Py_ssize_t *numbers, size_t count)
{
    m->parts = PyMem_Calloc(count / 4 + 1, sizeof *m->parts);
    m->fitting = PyMem_Calloc(count / 4 + 1, sizeof *m->fitting);
    if (m->parts == NULL || m->fitting == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    for (size_t at = 0; at < count; m->part_count++) {
        part *each = &m->parts[m->part_count];
        if (count - at < 4 || numbers[at] < FIRST || numbers[at] > LATER || (m->part_count == 0 && numbers[at] != FIRST) ||
            numbers[at + 1] < 0 || numbers[at + 1] >= TAGS || numbers[at + 3] < 0 ||
            (size_t)numbers[at + 3] > count - at - 4)
            return -1;
        *each = (part){numbers[at], numbers[at + 1], numbers[at + 2], numbers + at + 4, (size_t)numbers[at + 3], 0, 0};
        at += 4 + each->count;
        m->asks_around |= each->combinator != FIRST;
        for (size_t i = 0; i < each->count; i++)
            if (each->names[i] < 0 || (size_t)each->names[i] >= m->name_count)
                return -1;
    }
    /* from the end, so that each chain begins with the first */
    for (size_t i = m->part_count; i-- > 0;) {
        part *each = &m->parts[i];
        size_t *head = each->count ? &m->names[each->names[0]].part : &m->by_tag[each->tag];
        each->next = *head;
        *head = i + 1;
    }
    m->words = m->part_count / 64 + 1;
    return 0;
}

static int read_wanted(matcher *m, PyObject *names)
{
    m->name_count = (size_t)PyTuple_Size(names);
    m->mask = 15;
    m->seed = (uint64_t)PyObject_Hash(names);
    while (m->mask < 2 * m->name_count)
        m->mask = 2 * m->mask + 1;
    m->names = PyMem_Calloc(m->name_count + 1, sizeof *m->names);
    m->hits = PyMem_Calloc(m->name_count + 1, sizeof *m->hits);
    m->table = PyMem_Calloc(m->mask + 1, sizeof *m->table);
    if (m->names == NULL || m->hits == NULL || m->table == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    /* an attribute before those that give it a value */
    size_t attribute = 0;
    for (size_t i = 0; i < m->name_count; i++) {
        char *text;
        Py_ssize_t size;
        if (PyBytes_AsStringAndSize(PyTuple_GetItem(names, (Py_ssize_t)i), &text, &size) < 0)
            return -1;
        if (size < 2 || (*text == '=' && attribute == 0))
            return -1;
        name *each = &m->names[i];
        *each = (name){.text = {(const unsigned char *)text + 1, (size_t)size - 1}, .sign = (unsigned char)*text};
        if (*text == '=') {
            each->values = m->names[attribute - 1].values;
            m->names[attribute - 1].values = i + 1;
            continue;
        }
        attribute = *text == '[' ? i + 1 : 0;
        m->asks_attributes |= *text == '[';
        size_t slot = hash_name(m, each->sign, each->text) & m->mask, bit = bit_of(each->sign, each->text);
        m->likely[bit / 64] |= (uint64_t)1 << bit % 64;
        while (m->table[slot] != 0)
            slot = (slot + 1) & m->mask;
        m->table[slot] = i + 1;
    }
    return 0;
}

const char match_doc[] =
    "match(root, names, parts, most)\n--\n\n"
    "The elements from a LexborNode on down that have something in them and that selectors are for: (element,\n"
    "attributes, index of the selector), in document order, at most about `most`. Then a byte for each name, with 1 where\n"
    "an element has it and 2 where one has it in other letters, and whether the walk ended before the tree did.\n\n"
    "`names`, each once, are classes (`.a`), ids (`#a`), attributes (`[a`), right behind these the values that are asked\n"
    "of them (`=b`), and tags without a number (`<a-b`). `parts` are numbers of 64 bits, for each part of a selector: what\n"
    "it is to the part before (0 nothing, 1 below it, 2 a child, 3 the next, 4 a later one), the number of a tag or 0,\n"
    "the index of the selector that it ends or -1, how many names it asks for, and their places in `names`. Of a selector\n"
    "with an index below -1 only the first element is given.";

PyObject *match(PyObject *module, PyObject *args)
{
    (void)module;
    matcher m = {0};
    PyObject *root, *names, *parser, *found = NULL, *result = NULL;
    const char *given;
    Py_ssize_t size, most;
    if (!PyArg_ParseTuple(args, "OO!y#n:match", &root, &PyTuple_Type, &names, &given, &size, &most))
        return NULL;
    node *top = address_of(root, &parser);
    if (top == NULL)
        return NULL;
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
    int is_cut = found ? run(&m, found, top, parser, most) : -1;
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
