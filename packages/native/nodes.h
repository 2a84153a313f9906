/* Nodes that a caller names by their mem_ids, in a table of their own: to ask Python for each node of a page takes as long
   as all else that is done with it. */

#ifndef NODES_H
#define NODES_H

#include "lexbor.h"

typedef struct {
    /* addresses, 0 where there is none; as many places as `mask` and one */
    uintptr_t *at;
    size_t mask;
    /* asked instead where it is no dict, set or tuple of addresses; borrowed from the caller */
    PyObject *collection;
} node_set;

/* Take over a collection, which must live as long; -1 and an exception on an error. */
int read_nodes(node_set *into, PyObject *collection);

/* Whether a node is in it; -1 and an exception on an error. */
static inline int has_node(const node_set *set, const node *each)
{
    if (set->at == NULL) {
        if (set->collection == NULL)
            return 0;
        PyObject *mem_id = PyLong_FromVoidPtr((void *)(uintptr_t)each);
        int is_there = mem_id ? PySequence_Contains(set->collection, mem_id) : -1;
        Py_XDECREF(mem_id);
        return is_there;
    }
    /* nodes lie as far apart as one is long */
    for (size_t place = (uintptr_t)each * 0x9e3779b97f4a7c15 >> 20;; place++) {
        uintptr_t other = set->at[place & set->mask];
        if (other == 0 || other == (uintptr_t)each)
            return other != 0;
    }
}

void free_nodes(node_set *set);

#endif
