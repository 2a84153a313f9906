/* What `match` looks for, as Python gives it. */

#include "match.h"

/* The parts as numbers: combinator, tag, index of the selector that ends or -1, how many names, their ids. */
int read_parts(matcher *m, const Py_ssize_t *numbers, size_t count)
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

int read_wanted(matcher *m, PyObject *names)
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
        size_t slot = hash_name(m, each->sign, each->text) & m->mask, bit = likely_bit(each->sign, each->text);
        uint16_t also = name_bit(each->sign, each->text.at, each->text.count);
        m->likely[bit / 64] |= (uint64_t)1 << bit % 64;
        m->named[also / 64] |= (uint64_t)1 << also % 64;
        while (m->table[slot] != 0)
            slot = (slot + 1) & m->mask;
        m->table[slot] = i + 1;
    }
    return 0;
}
