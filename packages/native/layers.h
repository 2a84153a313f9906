/* What the classifier's network does between its products, and the choice behind it. */

#ifndef LAYERS_H
#define LAYERS_H

#include "lexbor.h"

/* the module's functions; their own documentation says what they take */
PyObject *hold(PyObject *module, PyObject *args);
PyObject *look_around(PyObject *module, PyObject *args);
PyObject *rectify(PyObject *module, PyObject *args);
PyObject *take_prefix(PyObject *module, PyObject *args);
PyObject *find_column(PyObject *module, PyObject *args);
extern const char hold_doc[], look_around_doc[], rectify_doc[], take_prefix_doc[], find_column_doc[];

#endif
