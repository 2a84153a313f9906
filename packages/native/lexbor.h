/* What takes Python longest with a page, in C: style sheets, words and names (css.h, words.h), and here Lexbor's tree,
   read without a Python object for each node.

   selectolax's shared library exports Lexbor's functions; `load` finds them there, so that no header and no layout of a
   structure is needed but one: where the text of a text node stands. gateway/core/dom/native.py checks that, and
   everything else, on a tree of its own before this is used. The tree is only read, and nothing recurses. */

#ifndef LEXBOR_H
#define LEXBOR_H

#define Py_LIMITED_API 0x030b0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include <stdint.h>
#include <string.h>

_Static_assert(sizeof(Py_ssize_t) >= 8, "flags and addresses are kept in a Py_ssize_t");

/* Lexbor's, never looked into */
typedef struct node node;
typedef struct attribute attribute;

/* a text node: what every node has, and its text (lxb_dom_character_data) */
#ifndef NODE_SIZE
#define NODE_SIZE 96
#endif
typedef struct {
    unsigned char node[NODE_SIZE];
    const unsigned char *data;
    size_t length;
} text_node;

struct lexbor {
    uintptr_t (*tag_id)(node *);
    int (*type)(node *);
    node *(*next)(node *);
    node *(*prev)(node *);
    node *(*first_child)(node *);
    node *(*parent)(node *);
    attribute *(*first_attribute)(node *);
    attribute *(*next_attribute)(attribute *);
    attribute *(*class_attribute)(node *);
    attribute *(*id_attribute)(node *);
    const unsigned char *(*tag_name)(node *, size_t *);
    const unsigned char *(*attribute_name)(attribute *, size_t *);
    const unsigned char *(*attribute_local_name)(attribute *, size_t *);
    const unsigned char *(*attribute_value)(attribute *, size_t *);
    /* selectolax's LexborNode of a node and its parser, and the class */
    PyObject *(*wrap)(node *, PyObject *);
    PyObject *node_class;
    /* names of what is asked of each; a name that is made anew is looked up in every class */
    PyObject *mem_id, *parser;
};

/* filled by `load` */
extern struct lexbor lexbor;

/* of lxb_dom_node_type_t, and of tags */
enum { ELEMENT = 1, TEXT = 3, TEXT_TAG = 2, COMMENT_TAG = 4 };

/* Tags with a row in the tables; Lexbor numbers what it does not know by address. */
enum { TAGS = 256 };

typedef struct {
    const unsigned char *at;
    size_t count;
} bytes;

/* selectolax's: what cannot be decoded is U+FFFD */
static inline PyObject *decode(const unsigned char *bytes, size_t count)
{
    return PyUnicode_DecodeUTF8((const char *)bytes, (Py_ssize_t)count, "replace");
}

/* Append, and give up the reference; an error if there is none. */
static inline int append(PyObject *list, PyObject *item)
{
    int failed = item == NULL || PyList_Append(list, item) < 0;
    Py_XDECREF(item);
    return failed ? -1 : 0;
}

/* The address of a LexborNode, NULL and an exception where it is none, and its parser, borrowed from it. */
node *address_of(PyObject *wrapped, PyObject **parser);

/* LexborNode.attributes */
PyObject *read_attributes(node *element);

/* the module's functions; their own documentation says what they take */
PyObject *load(PyObject *module, PyObject *args);
PyObject *read_blocks(PyObject *module, PyObject *args);
PyObject *select_marked(PyObject *module, PyObject *args);
PyObject *descend(PyObject *module, PyObject *args);
PyObject *strip_css(PyObject *module, PyObject *css);
PyObject *scan_css(PyObject *module, PyObject *args);
PyObject *index_values(PyObject *module, PyObject *css);
PyObject *find_value(PyObject *module, PyObject *args);
PyObject *read_prelude(PyObject *module, PyObject *args);
PyObject *index_names(PyObject *module, PyObject *args);
PyObject *find_uses(PyObject *module, PyObject *args);
PyObject *find_setting(PyObject *module, PyObject *args);
PyObject *split_declarations(PyObject *module, PyObject *style);
PyObject *read_declarations(PyObject *module, PyObject *style);
PyObject *pack_words(PyObject *module, PyObject *words);
PyObject *find_said(PyObject *module, PyObject *args);
PyObject *match(PyObject *module, PyObject *args);
PyObject *count_code(PyObject *module, PyObject *args);
PyObject *join_texts(PyObject *module, PyObject *elements);
PyObject *count_stripped(PyObject *module, PyObject *element);
PyObject *read_page_names(PyObject *module, PyObject *root);
PyObject *keep_possible(PyObject *module, PyObject *args);
PyObject *count_tags(PyObject *module, PyObject *args);
PyObject *find_combining(PyObject *module, PyObject *markup);
PyObject *find_open(PyObject *module, PyObject *args);
PyObject *read_after(PyObject *module, PyObject *args);
PyObject *names_above(PyObject *module, PyObject *args);
PyObject *element_beside(PyObject *module, PyObject *args);
PyObject *class_before(PyObject *module, PyObject *element);
PyObject *control_before(PyObject *module, PyObject *args);
extern const char load_doc[], read_blocks_doc[], select_doc[], descend_doc[];
extern const char strip_css_doc[], scan_css_doc[], index_values_doc[], find_value_doc[], read_prelude_doc[], index_names_doc[], find_uses_doc[],
    find_setting_doc[], split_declarations_doc[], read_declarations_doc[], names_above_doc[], element_beside_doc[], class_before_doc[],
    control_before_doc[];
extern const char pack_words_doc[], find_said_doc[], match_doc[], count_code_doc[], count_stripped_doc[], join_texts_doc[],
    read_page_names_doc[], keep_possible_doc[], count_tags_doc[], find_combining_doc[], find_open_doc[],
    read_after_doc[];

#endif
