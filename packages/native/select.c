/* Elements with certain tags and attributes, as one query finds them. */

#include "page_names.h"
#include "sought.h"
#include "text.h"
#include "walk.h"

/* a name of attributes as Lexbor has it, in one place for all elements of a page */
typedef struct {
    const unsigned char *at;
    PyObject *text;
    /* bits of what is looked for under it */
    uint64_t sought;
    int is_class, is_style, is_aria_hidden;
    uint16_t bit;
    /* bits of SAYING and OWNING */
    unsigned says;
} named;

/* what was found in a class: most are those of other elements too */
typedef struct {
    bytes value;
    uint64_t possible, found;
} seen;

enum { NAMES = 256, CLASSES = 256, MOST_SAYING = 16, MOST_LISTS = 16 };

/* How `find_marks` of landmarks.py sorts what the first query finds: what names of attributes say, and a list for each
   number of `table`; the first two are of what says something or has no list, and of what owns a property. */
enum { SAYING = 1, OWNING = 2, PLAIN = 0x80 };
typedef struct {
    const unsigned char *table;
    bytes names[MOST_SAYING];
    unsigned says[MOST_SAYING];
    size_t count;
    PyObject *lists[MOST_LISTS];
    Py_ssize_t list_count;
    /* the tag of style sheets; with one of so many bytes the page's names are kept */
    uintptr_t sheet_tag;
    Py_ssize_t least_sheet;
    page_names *page;
} sorting;

typedef struct {
    wanted wanted;
    sorting sorting;
    /* by a number made of the address; NULL where no attributes are looked for */
    named *names;
    /* by a number made of some of its letters */
    seen classes[CLASSES];
} query;

/* Whether a name is written in other letters than small ones: selectors do not find it, Python's patterns may. */
static int has_capitals(bytes text)
{
    for (size_t at = 0; at < text.count; at++)
        if (text.at[at] >= 0x80 || lower(text.at[at]) != text.at[at])
            return 1;
    return 0;
}

/* Whether text may stand in an element; where there is much in it that is not looked for. */
static int may_have_text(node *element)
{
    enum { LOOKED_AT = 16, COMMENT = 8 };
    around a = {0};
    static const char none[TAGS];
    a.is_code = none;
    int looked = 0;
    for (node *each = step(&a, element, element); each != NULL; each = step(&a, each, element)) {
        int type = lexbor.type(each);
        const text_node *text = (const text_node *)each;
        if (++looked > LOOKED_AT || (type != ELEMENT && type != COMMENT && type != TEXT))
            return 1;
        if (type == TEXT && text->data != NULL && !is_blank(text->data, text->data + text->length))
            return 1;
    }
    return 0;
}

/* What is known of a name of attributes, which is the same text as long as the page lives. */
static named *name_at(query *q, const unsigned char *at, size_t count)
{
    named *name = &q->names[((uintptr_t)at * 0x9e3779b97f4a7c15) >> 56];
    if (name->at == at)
        return name;
    Py_XDECREF(name->text);
    bytes text = {at, count};
    *name = (named){.at = at, .is_class = is(text, "class"), .is_style = is(text, "style")};
    name->is_aria_hidden = is(text, "aria-hidden");
    name->bit = name_bit('[', at, count);
    for (size_t i = 0; i < q->wanted.count; i++)
        if (q->wanted.all[i].name.count == count && memcmp(q->wanted.all[i].name.at, at, count) == 0)
            name->sought |= (uint64_t)1 << i;
    for (size_t i = 0; i < q->sorting.count; i++)
        if (q->sorting.names[i].count == count && memcmp(q->sorting.names[i].at, at, count) == 0)
            name->says |= q->sorting.says[i];
    return name;
}

/* As `find_sought`, for a class. */
static uint64_t find_in_class(query *q, bytes value, uint64_t possible)
{
    uint64_t ends[2];
    if (value.count < sizeof *ends)
        return find_sought(&q->wanted, value, possible);
    memcpy(&ends[0], value.at, sizeof *ends);
    memcpy(&ends[1], value.at + value.count - sizeof *ends, sizeof *ends);
    seen *known = &q->classes[((ends[0] ^ ends[1] * 3 ^ value.count) * 0x9e3779b97f4a7c15) >> 56];
    if (known->value.count != value.count || known->possible != possible ||
        memcmp(known->value.at, value.at, value.count) != 0)
        *known = (seen){value, possible, find_sought(&q->wanted, value, possible)};
    return known->found;
}

/* The queries that an element's attributes are sought by, as bits; an exception is set where there is no memory. */
static unsigned queries_of(node *element, uintptr_t tag, query *q)
{
    const wanted *all = &q->wanted;
    /* what an attribute may yet say */
    uint64_t left = all->count == 0 ? 0 : all->of_any | (tag < TAGS ? all->of_tag[tag] : 0);
    unsigned found = 0;
    int is_styled = 0;
    bytes class = {0};
    page_names *page = q->sorting.page;
    attribute *each = left || page ? lexbor.first_attribute(element) : NULL;
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes value = {0};
        size_t count;
        const unsigned char *at = lexbor.attribute_local_name(each, &count);
        const named *name = at ? name_at(q, at, count) : NULL;
        if (name == NULL)
            continue;
        if (page && add_attribute(page, name->bit) < 0)
            return found;
        uint64_t possible = name->sought & left;
        if (possible & ~all->empty || name->is_class || name->is_style) {
            value.at = lexbor.attribute_value(each, &value.count);
            if (value.at == NULL)
                value.count = 0;
        }
        if (name->is_class)
            class = value;
        if (possible == 0)
            continue;
        uint64_t bits = name->is_class ? find_in_class(q, value, possible) : find_sought(all, value, possible);
        for (; bits; bits &= bits - 1) {
            const sought *one = &all->all[__builtin_ctzll(bits)];
            if (one->query == all->worded && name->is_style && one->value.count == 0) {
                is_styled = 1;
                if (!has_word(all, value) || !may_have_text(element))
                    continue;
            }
            if (one->query == all->worded && name->is_aria_hidden && one->value.count && !may_have_text(element))
                continue;
            found |= one->query;
            left &= ~all->of_query[__builtin_ctz(one->query)];
        }
    }
    if (is_styled && class.at != NULL && has_capitals(class))
        found |= all->worded;
    return found;
}

/* LexborNode.attributes; names are made once for a query, where there is one, and what they say is added to `says`. */
static PyObject *attributes_of(node *element, query *q, unsigned *says)
{
    PyObject *all = PyDict_New();
    attribute *each = all ? lexbor.first_attribute(element) : NULL;
    for (; each != NULL; each = lexbor.next_attribute(each)) {
        bytes name = {0}, value = {0};
        name.at = lexbor.attribute_name(each, &name.count);
        value.at = lexbor.attribute_value(each, &value.count);
        named *known = q && name.at ? name_at(q, name.at, name.count) : NULL;
        PyObject *key = known && known->text ? Py_NewRef(known->text) : decode(name.at, name.count);
        if (known && key && known->text == NULL)
            known->text = Py_NewRef(key);
        if (known)
            *says |= known->says;
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

PyObject *read_attributes(node *element)
{
    return attributes_of(element, NULL, NULL);
}

/* Take over how to sort: (table, names that say something, names that own a property, lists, tag and bytes of a sheet). */
static int read_sorting(sorting *into, PyObject *given)
{
    PyObject *names[2];
    const char *table;
    Py_ssize_t size;
    unsigned long sheet_tag;
    if (!PyArg_ParseTuple(given, "y#O!O!nkn", &table, &size, &PyTuple_Type, &names[0], &PyTuple_Type, &names[1],
                          &into->list_count, &sheet_tag, &into->least_sheet))
        return -1;
    into->sheet_tag = sheet_tag;
    Py_ssize_t count = PyTuple_Size(names[0]) + PyTuple_Size(names[1]);
    into->table = (const unsigned char *)table;
    int fits = size == TAGS && count <= MOST_SAYING && into->list_count >= 2 && into->list_count <= MOST_LISTS;
    for (int i = 0; fits && i < TAGS; i++)
        fits = (into->table[i] & ~PLAIN) < into->list_count;
    if (!fits) {
        into->list_count = 0;
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return -1;
    }
    for (int kind = 0; kind < 2; kind++)
        for (Py_ssize_t i = 0; i < PyTuple_Size(names[kind]); i++, into->count++) {
            char *name;
            Py_ssize_t length;
            if (PyBytes_AsStringAndSize(PyTuple_GetItem(names[kind], i), &name, &length) < 0)
                return -1;
            into->names[into->count] = (bytes){(const unsigned char *)name, (size_t)length};
            into->says[into->count] = kind ? OWNING : SAYING;
        }
    for (Py_ssize_t i = 0; i < into->list_count; i++)
        if ((into->lists[i] = PyList_New(0)) == NULL)
            return -1;
    return 0;
}

/* What `find_marks` of landmarks.py does with one element. */
static int sort_mark(sorting *into, PyObject *mark, uintptr_t number, unsigned says)
{
    unsigned kind = number < TAGS ? into->table[number] : 0, list = kind & ~PLAIN;
    if ((list == 0 || says & SAYING) && PyList_Append(into->lists[0], mark) < 0)
        return -1;
    if (list && PyList_Append(into->lists[list], mark) < 0)
        return -1;
    return says & OWNING && !(kind & PLAIN) ? PyList_Append(into->lists[1], mark) : 0;
}

/* Keep the names of a page from its first long style sheet on, and of what stands before that. */
static int begin_names(sorting *into, node *top, node *sheet, PyObject *parser)
{
    node *first = lexbor.first_child(sheet);
    const text_node *text = (const text_node *)first;
    if (first == NULL || lexbor.type(first) != TEXT || text->length < (size_t)into->least_sheet)
        return 0;
    into->page = begin_names_of(top, parser);
    if (into->page == NULL)
        return -1;
    static const char none[TAGS];
    around a = {.is_code = none};
    for (node *each = top; each != NULL && each != sheet; each = step(&a, each, top))
        if (lexbor.type(each) == ELEMENT && (add_element(into->page, each) < 0 || add_attributes(into->page, each) < 0))
            return -1;
    return 0;
}

/* Lists as a tuple. */
static PyObject *tuple_of(PyObject *const *lists, Py_ssize_t count)
{
    PyObject *all = PyTuple_New(count);
    for (Py_ssize_t i = 0; all != NULL && i < count; i++)
        PyTuple_SetItem(all, i, Py_NewRef(lists[i]));
    return all;
}

const char select_doc[] =
    "select(root, queries, body, code, sorting=None)\n--\n\n"
    "The elements from a LexborNode on down, in document order, each with its `attributes`: a list for each query of\n"
    "those that it looks for. A query is (tags, attributes, words, most): it looks for tags (a byte for each number) and\n"
    "attributes: (name, value, letters, how, number of the tag or 0). An empty value stands for any; how: 0 equal, 1 has\n"
    "the value in it, 2 begins with it, 3 has it as a word, 4 more for capital letters too. It has the letters in it as\n"
    "well. Where there are words, in small letters, an element is not found for a `style` that has none of them; with no\n"
    "text in it neither for its `style` nor for `aria-hidden`. One query may have some. `most` bounds its elements, 0 does not.\n\n"
    "With `sorting` what the first query finds is a tuple of lists: (table, saying, owning, lists, tag, bytes), where the\n"
    "table has for each tag the number of its list, from 2 on, 128 more where nothing in it owns a property. List 0 has elements with an\n"
    "attribute of a name in `saying`, and those of other tags; list 1 those with one of a name in `owning`.\n\n"
    "Then the characters of text below `body` that are not in an element with a tag of `code` (a byte for each number),\n"
    "-1 where they are not valid UTF-8 or `body` is not met, and the bytes in such elements elsewhere; 0 and 0 where `body` is None.\n"
    "At last `read_page_names`, where `sorting` names the tag of style sheets and one has as many bytes; else None.";

PyObject *select_marked(PyObject *module, PyObject *args)
{
    (void)module;
    PyObject *root, *queries, *within, *parser, *lists[MOST_QUERIES] = {0}, *result = NULL;
    Py_ssize_t code_count, shown = 0, code = 0, most[MOST_QUERIES];
    around a = {0};
    PyObject *how = Py_None;
    if (!PyArg_ParseTuple(args, "OO!Oy#|O:select", &root, &PyTuple_Type, &queries, &within, &a.is_code, &code_count, &how))
        return NULL;
    if (within != Py_None && (a.body = address_of(within, &parser)) == NULL)
        return NULL;
    node *top = address_of(root, &parser);
    if (top == NULL)
        return NULL;
    Py_ssize_t count = PyTuple_Size(queries);
    if (code_count != TAGS || count > MOST_QUERIES) {
        PyErr_SetString(PyExc_ValueError, "tables of another size");
        return NULL;
    }
    /* it is large: where no attributes are looked for, most of it is not touched */
    query q;
    begin_wanted(&q.wanted);
    memset(&q.sorting, 0, sizeof q.sorting);
    q.names = NULL;
    if (how != Py_None && !PyTuple_Check(how)) {
        PyErr_SetString(PyExc_TypeError, "how to sort is a tuple");
        return NULL;
    }
    if (how != Py_None && read_sorting(&q.sorting, how) < 0)
        goto done;
    /* queries that look for more */
    unsigned open = 0;
    for (Py_ssize_t i = 0; i < count; i++, open = open << 1 | 1)
        if (read_query(&q.wanted, PyTuple_GetItem(queries, i), (int)i, &most[i]) < 0 || (lists[i] = PyList_New(0)) == NULL)
            goto done;
    named names[NAMES];
    if (q.wanted.count || q.sorting.table) {
        memset(names, 0, sizeof names);
        memset(q.classes, 0, sizeof q.classes);
        q.names = names;
    }
    int has_met_body = 0;
    for (node *each = top; each != NULL; each = step(&a, each, top)) {
        int type = lexbor.type(each);
        has_met_body |= each == a.body;
        const text_node *text = (const text_node *)each;
        if (type == TEXT && a.body != NULL && text->data != NULL && a.in_body != (a.code != NULL)) {
            Py_ssize_t size = !a.in_body || shown < 0 ? 0 : count_characters(text->data, text->data + text->length);
            shown = size < 0 ? -1 : shown + size;
            code += a.in_body ? 0 : (Py_ssize_t)text->length;
        }
        if (open == 0 && a.body == NULL)
            break;
        if (type != ELEMENT)
            continue;
        uintptr_t number = lexbor.tag_id(each);
        if (q.sorting.table && number == q.sorting.sheet_tag && q.sorting.page == NULL &&
            begin_names(&q.sorting, top, each, parser) < 0)
            goto done;
        if (q.sorting.page && add_element(q.sorting.page, each) < 0)
            goto done;
        unsigned wanted = ((number < TAGS ? q.wanted.tags[number] : 0) | queries_of(each, number, &q)) & open;
        if (q.sorting.page && PyErr_Occurred())
            goto done;
        if (wanted == 0)
            continue;
        unsigned says = 0;
        PyObject *wrapped = lexbor.wrap(each, parser), *read = wrapped ? attributes_of(each, q.names ? &q : NULL, &says) : NULL;
        PyObject *mark = read ? PyTuple_Pack(2, wrapped, read) : NULL;
        Py_XDECREF(wrapped);
        Py_XDECREF(read);
        int failed = mark == NULL || (q.sorting.table && wanted & 1 && sort_mark(&q.sorting, mark, number, says) < 0);
        for (Py_ssize_t i = 0; !failed && i < count; i++)
            if (wanted >> i & 1) {
                failed = PyList_Append(lists[i], mark) < 0;
                if (PyList_Size(lists[i]) == most[i])
                    open &= ~(1u << i);
            }
        Py_XDECREF(mark);
        if (failed)
            goto done;
    }
    /* a frameset may have taken its place in the tree */
    if (a.body != NULL && !has_met_body)
        shown = -1;
    PyObject *found = tuple_of(lists, count);
    if (found != NULL && q.sorting.table && count > 0) {
        PyObject *sorted = tuple_of(q.sorting.lists, q.sorting.list_count);
        if (sorted == NULL)
            Py_CLEAR(found);
        else
            PyTuple_SetItem(found, 0, sorted);
    }
    PyObject *called = found && q.sorting.page ? give_names(q.sorting.page) : Py_NewRef(Py_None);
    q.sorting.page = found ? NULL : q.sorting.page;
    result = found ? Py_BuildValue("(NnnN)", found, shown, code, called) : NULL;
done:
    for (int i = 0; q.names != NULL && i < NAMES; i++)
        Py_XDECREF(q.names[i].text);
    for (int i = 0; i < MOST_QUERIES; i++)
        Py_XDECREF(lists[i]);
    for (int i = 0; i < MOST_LISTS; i++)
        Py_XDECREF(q.sorting.lists[i]);
    free_names(q.sorting.page);
    return result;
}
