/* What the classifier's network does between its products, and the choice behind it. */

#ifndef LAYERS_H
#define LAYERS_H

#include "lexbor.h"

/* the module's functions; their own documentation says what they take */
PyObject *clip_rows(PyObject *module, PyObject *args);
PyObject *gather_windows(PyObject *module, PyObject *args);
PyObject *rectify(PyObject *module, PyObject *args);
PyObject *take_prefix(PyObject *module, PyObject *args);
PyObject *find_column(PyObject *module, PyObject *args);
extern const char clip_rows_doc[], gather_windows_doc[], rectify_doc[], take_prefix_doc[], find_column_doc[];

#endif
