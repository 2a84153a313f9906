/* Arrays that grow. */

#ifndef ARRAYS_H
#define ARRAYS_H

#include "lexbor.h"

typedef struct {
    Py_ssize_t *at;
    size_t count, room;
} column;

typedef struct {
    unsigned char *at;
    size_t count, room;
} buffer;

/* Room for `more` items of `size` bytes behind the `count` that there are; NULL and an exception if there is none. */
static inline void *grow(void *at, size_t count, size_t *room, size_t more, size_t size)
{
    if (*room - count >= more)
        return at;
    size_t wanted = count + more > 2 * count ? count + more : 2 * count;
    if (wanted < 64)
        wanted = 64;
    if (more > SIZE_MAX / 4 || wanted > SIZE_MAX / 4 / size) {
        PyErr_NoMemory();
        return NULL;
    }
    void *grown = PyMem_Realloc(at, wanted * size);
    if (grown == NULL) {
        PyErr_NoMemory();
        return NULL;
    }
    *room = wanted;
    return grown;
}

static inline int push(column *into, Py_ssize_t value)
{
    Py_ssize_t *at = grow(into->at, into->count, &into->room, 1, sizeof *at);
    if (at == NULL)
        return -1;
    into->at = at;
    at[into->count++] = value;
    return 0;
}

static inline int put(buffer *into, const void *bytes, size_t count)
{
    if (count == 0)
        return 0;
    unsigned char *at = grow(into->at, into->count, &into->room, count, 1);
    if (at == NULL)
        return -1;
    into->at = at;
    memcpy(at + into->count, bytes, count);
    into->count += count;
    return 0;
}

static inline PyObject *list_of(const column *values)
{
    PyObject *list = PyList_New((Py_ssize_t)values->count);
    for (size_t i = 0; list != NULL && i < values->count; i++) {
        PyObject *value = PyLong_FromSsize_t(values->at[i]);
        if (value == NULL)
            Py_CLEAR(list);
        else
            PyList_SetItem(list, (Py_ssize_t)i, value);
    }
    return list;
}

static inline PyObject *bytes_of(const void *at, size_t size)
{
    return PyBytes_FromStringAndSize(size ? at : "", (Py_ssize_t)size);
}

/* The values of several columns one behind the other, in the machine's own form. */
static inline PyObject *packed_of(column *const *columns, size_t count)
{
    size_t size = 0;
    for (size_t i = 0; i < count; i++)
        size += columns[i]->count * sizeof(Py_ssize_t);
    PyObject *packed = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)size);
    char *into = packed ? PyBytes_AsString(packed) : NULL;
    for (size_t i = 0; into != NULL && i < count; i++) {
        size = columns[i]->count * sizeof(Py_ssize_t);
        if (size)
            memcpy(into, columns[i]->at, size);
        into += size;
    }
    return packed;
}

#endif
