#include "features.h"
#include "layers.h"
#include "lexbor.h"
#include "words.h"

static PyMethodDef methods[] = {
    {"load", load, METH_VARARGS, load_doc},
    {"read_blocks", read_blocks, METH_VARARGS, read_blocks_doc},
    {"select", select_marked, METH_VARARGS, select_doc},
    {"descend", descend, METH_VARARGS, descend_doc},
    {"load_words", load_words, METH_VARARGS, load_words_doc},
    {"count_texts", count_texts, METH_VARARGS, count_texts_doc},
    {"count_kinds", count_kinds, METH_VARARGS, count_kinds_doc},
    {"find_tagged", find_tagged, METH_VARARGS, find_tagged_doc},
    {"log_arguments", log_arguments, METH_VARARGS, log_arguments_doc},
    {"measure", measure, METH_VARARGS, measure_doc},
    {"clip_rows", clip_rows, METH_VARARGS, clip_rows_doc},
    {"gather_windows", gather_windows, METH_VARARGS, gather_windows_doc},
    {"rectify", rectify, METH_VARARGS, rectify_doc},
    {"take_prefix", take_prefix, METH_VARARGS, take_prefix_doc},
    {"find_column", find_column, METH_VARARGS, find_column_doc},
    {"find_named", find_named, METH_VARARGS, find_named_doc},
    {"strip_css", strip_css, METH_O, strip_css_doc},
    {"scan_css", scan_css, METH_VARARGS, scan_css_doc},
    {"index_values", index_values, METH_O, index_values_doc},
    {"find_value", find_value, METH_VARARGS, find_value_doc},
    {"read_prelude", read_prelude, METH_VARARGS, read_prelude_doc},
    {"index_names", index_names, METH_VARARGS, index_names_doc},
    {"find_uses", find_uses, METH_VARARGS, find_uses_doc},
    {"find_setting", find_setting, METH_VARARGS, find_setting_doc},
    {"split_declarations", split_declarations, METH_O, split_declarations_doc},
    {"read_declarations", read_declarations, METH_O, read_declarations_doc},
    {"names_above", names_above, METH_VARARGS, names_above_doc},
    {"element_beside", element_beside, METH_VARARGS, element_beside_doc},
    {"pack_words", pack_words, METH_O, pack_words_doc},
    {"find_said", find_said, METH_VARARGS, find_said_doc},
    {"class_before", class_before, METH_O, class_before_doc},
    {"control_before", control_before, METH_VARARGS, control_before_doc},
    {"match", match, METH_VARARGS, match_doc},
    {"count_code", count_code, METH_VARARGS, count_code_doc},
    {"join_texts", join_texts, METH_O, join_texts_doc},
    {"count_stripped", count_stripped, METH_O, count_stripped_doc},
    {"read_page_names", read_page_names, METH_O, read_page_names_doc},
    {"keep_possible", keep_possible, METH_VARARGS, keep_possible_doc},
    {"count_tags", count_tags, METH_VARARGS, count_tags_doc},
    {"find_combining", find_combining, METH_O, find_combining_doc},
    {"find_open", find_open, METH_VARARGS, find_open_doc},
    {"read_after", read_after, METH_VARARGS, read_after_doc},
    {NULL, NULL, 0, NULL},
};

/* One more whenever a function takes, gives or means something else than before: an extension that was installed earlier is
   not used then. The same number stands in gateway/core/dom/extension.py. */
enum { INTERFACE = 3 };

static int add_interface(PyObject *module)
{
    return PyModule_AddIntConstant(module, "INTERFACE", INTERFACE);
}

static PyModuleDef_Slot slots[] = {
    {Py_mod_exec, (void *)add_interface},
    {0, NULL},
};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT, "winnow_native", "What takes Python longest with a page.", 0, methods, slots, NULL, NULL, NULL,
};

PyMODINIT_FUNC PyInit_winnow_native(void)
{
    return PyModuleDef_Init(&definition);
}
