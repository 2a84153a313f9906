/* Nodes that a caller names by their mem_ids. */

#include "nodes.h"

static void add(node_set *set, uintptr_t address)
{
    size_t place = address * 0x9e3779b97f4a7c15 >> 20;
    while (set->at[place & set->mask] != 0 && set->at[place & set->mask] != address)
        place++;
    set->at[place & set->mask] = address;
}

/* 1 where all are in the table, 0 where something is no address, -1 on an error. */
static int fill(node_set *set, PyObject *collection)
{
    PyObject *left = PyObject_GetIter(collection), *each;
    int are_addresses = left != NULL;
    while (are_addresses && (each = PyIter_Next(left)) != NULL) {
        void *address = PyLong_CheckExact(each) ? PyLong_AsVoidPtr(each) : NULL;
        Py_DECREF(each);
        are_addresses = address != NULL;
        if (are_addresses)
            add(set, (uintptr_t)address);
    }
    Py_XDECREF(left);
    if (!PyErr_Occurred())
        return are_addresses;
    if (left == NULL || !PyErr_ExceptionMatches(PyExc_OverflowError))
        return -1;
    PyErr_Clear();
    return 0;
}

int read_nodes(node_set *into, PyObject *collection)
{
    *into = (node_set){NULL, 0, collection};
    if (!PyDict_CheckExact(collection) && !PyAnySet_CheckExact(collection) && !PyTuple_CheckExact(collection))
        return 0;
    Py_ssize_t count = PyObject_Size(collection);
    if (count <= 0) {
        into->collection = NULL;
        return count < 0 ? -1 : 0;
    }
    /* half of it and more stays free */
    size_t room = 16;
    while (room < 2 * (size_t)count)
        room *= 2;
    into->at = PyMem_Calloc(room, sizeof *into->at);
    into->mask = room - 1;
    if (into->at == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    int filled = fill(into, collection);
    if (filled <= 0)
        free_nodes(into);
    return filled < 0 ? -1 : 0;
}

void free_nodes(node_set *set)
{
    PyMem_Free(set->at);
    set->at = NULL;
}
