/* `count_kinds` of gateway/core/classifier/tree_counts.py: which elements are alike, and what their names say. */

#include "arrays.h"
#include "words.h"

/* an object that is a tag, which a list holds */
enum { KNOWN_TAGS = 64 };
typedef struct {
    PyObject *tag;
    bytes text;
    Py_ssize_t number;
} known_tag;

typedef struct {
    const scored_words *tokens;
    known_tag known[KNOWN_TAGS];
    word_table tags, kinds;
    /* by element, the number of its kind */
    column kind_of;
    /* by kind: its first element, its first token, how many it has */
    column heads, firsts, sizes;
    /* the tokens */
    asked_words asked;
} kinds;

static inline int is_lower(unsigned char c)
{
    return c >= 'a' && c <= 'z';
}

static inline int is_upper(unsigned char c)
{
    return c >= 'A' && c <= 'Z';
}

/* The end of the word at `p`: `[A-Z]?[a-z]+|[A-Z]+`. */
static const unsigned char *end_of_word(const unsigned char *p, const unsigned char *end)
{
    const unsigned char *begin = p;
    while (p < end && is_upper(*p))
        p++;
    if (p - begin > 1)
        return p;
    while (p < end && is_lower(*p))
        p++;
    return p;
}

/* A word in lower case at the end of the letters. */
static int put_lowered(buffer *letters, const unsigned char *p, const unsigned char *end)
{
    size_t at = letters->count;
    if (put(letters, p, (size_t)(end - p)) < 0)
        return -1;
    for (; at < letters->count; at++)
        letters->at[at] |= 0x20;
    return 0;
}

/* Ask for the words of a kind's names, for its first three joined, and for its tag. */
static int ask_kind(kinds *k, bytes tag, bytes names)
{
    asked_words *asked = &k->asked;
    buffer *letters = &asked->letters;
    size_t begun = asked->count, words = 0, start = letters->count, joined = 0;
    const unsigned char *p = names.at, *end = p + names.count;
    for (;;) {
        while (p < end && !is_lower(*p) && !is_upper(*p))
            p++;
        if (p == end)
            break;
        const unsigned char *after = end_of_word(p, end);
        words++;
        if (words > 1 && words <= 3 && put(letters, "-", 1) < 0)
            return -1;
        size_t at = letters->count;
        if (put_lowered(letters, p, after) < 0 || ask(asked, k->tokens, at, letters->count - at) < 0)
            return -1;
        if (words <= 3)
            joined = letters->count - start;
        p = after;
    }
    if (words > 1 && ask(asked, k->tokens, start, joined) < 0)
        return -1;
    size_t at = letters->count;
    if (put(letters, "<", 1) < 0 || put(letters, tag.at, tag.count) < 0 ||
        ask(asked, k->tokens, at, letters->count - at) < 0)
        return -1;
    return push(&k->firsts, (Py_ssize_t)begun) < 0 || push(&k->sizes, (Py_ssize_t)(asked->count - begun)) < 0 ? -1 : 0;
}

/* The tokens' scores, and by kind the least and the greatest. */
static void score_kinds(const kinds *k, float *learned, float *leasts, float *greatests)
{
    for (size_t kind = 0; kind < k->heads.count; kind++) {
        size_t token = (size_t)k->firsts.at[kind], end = token + (size_t)k->sizes.at[kind];
        float least = score_of(&k->asked, k->tokens, token), greatest = least;
        learned[token] = least;
        for (token++; token < end; token++) {
            float score = learned[token] = score_of(&k->asked, k->tokens, token);
            least = score < least ? score : least;
            greatest = score > greatest ? score : greatest;
        }
        leasts[kind] = least;
        greatests[kind] = greatest;
    }
}

/* The number of a tag. Most are one object again and again, which is looked up once. */
static Py_ssize_t number_tag(kinds *k, PyObject *tag, bytes *text)
{
    known_tag *known = &k->known[(uintptr_t)tag / 16 % KNOWN_TAGS];
    if (known->tag != tag) {
        Py_ssize_t number;
        if (tag == NULL || utf8_of(tag, text) < 0 || (number = add_word(&k->tags, (word_key){*text, 0})) < 0)
            return -1;
        *known = (known_tag){tag, *text, number};
    }
    *text = known->text;
    return known->number;
}

static int find_kinds(kinds *k, PyObject *tags, PyObject *names, Py_ssize_t count)
{
    for (Py_ssize_t i = 0; i < count; i++) {
        fetch_ahead(names, i, count);
        PyObject *name = PyList_GetItem(names, i);
        bytes tag_text, name_text;
        Py_ssize_t tag_number = number_tag(k, PyList_GetItem(tags, i), &tag_text);
        if (tag_number < 0 || name == NULL || utf8_of(name, &name_text) < 0)
            return -1;
        Py_ssize_t next = (Py_ssize_t)k->kinds.count;
        Py_ssize_t kind = add_word(&k->kinds, (word_key){name_text, tag_number});
        if (kind < 0 || push(&k->kind_of, kind) < 0)
            return -1;
        if (kind == next && (push(&k->heads, i) < 0 || ask_kind(k, tag_text, name_text) < 0))
            return -1;
    }
    return 0;
}

/* By element: how many of its kind its parent has, and how many children it has itself. */
static int find_alike(const kinds *k, const Py_ssize_t *parents, Py_ssize_t count, Py_ssize_t *alike, Py_ssize_t *children)
{
    size_t kind_count = k->heads.count;
    /* elements by kind; where each kind begins; how many of one kind each parent has */
    Py_ssize_t *order = PyMem_Calloc(2 * (size_t)count + kind_count + 1, sizeof *order);
    if (order == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    Py_ssize_t *seen = order + count, *begins = seen + count;
    for (Py_ssize_t i = 0; i < count; i++) {
        children[parents[i]]++;
        begins[k->kind_of.at[i] + 1]++;
    }
    for (size_t i = 0; i < kind_count; i++)
        begins[i + 1] += begins[i];
    /* from here on where each kind ends so far */
    for (Py_ssize_t i = 0; i < count; i++)
        order[begins[k->kind_of.at[i]]++] = i;
    for (size_t kind = 0, at = 0; kind < kind_count; kind++) {
        size_t start = at, end = (size_t)begins[kind];
        for (at = start; at < end; at++)
            seen[parents[order[at]]]++;
        for (at = start; at < end; at++)
            alike[order[at]] = seen[parents[order[at]]];
        for (at = start; at < end; at++)
            seen[parents[order[at]]] = 0;
    }
    PyMem_Free(order);
    return 0;
}

/* The tuple that `count_kinds` returns. */
static PyObject *give(const kinds *k, const Py_ssize_t *parents, Py_ssize_t count)
{
    size_t column_size = (size_t)count * sizeof(Py_ssize_t);
    PyObject *by_element = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(3 * column_size));
    if (by_element == NULL)
        return NULL;
    Py_ssize_t *into = (Py_ssize_t *)PyBytes_AsString(by_element);
    memset(into, 0, 3 * column_size);
    for (Py_ssize_t i = 0; i < count; i++)
        into[i] = k->heads.at[k->kind_of.at[i]];
    if (find_alike(k, parents, count, into + count, into + 2 * count) < 0) {
        Py_DECREF(by_element);
        return NULL;
    }
    size_t size = k->heads.count * sizeof(Py_ssize_t);
    Py_ssize_t scores = (Py_ssize_t)(k->heads.count * sizeof(float)), tokens = (Py_ssize_t)(k->asked.count * sizeof(float));
    PyObject *least = PyBytes_FromStringAndSize(NULL, scores), *greatest = PyBytes_FromStringAndSize(NULL, scores);
    PyObject *learned = PyBytes_FromStringAndSize(NULL, tokens);
    if (least != NULL && greatest != NULL && learned != NULL)
        score_kinds(k, (float *)PyBytes_AsString(learned), (float *)PyBytes_AsString(least),
                    (float *)PyBytes_AsString(greatest));
    /* an item that is NULL is an exception, and the others are released */
    return Py_BuildValue("(NNNNNNN)", by_element, bytes_of(k->heads.at, size), bytes_of(k->firsts.at, size),
                         bytes_of(k->sizes.at, size), least, greatest, learned);
}

const char find_tagged_doc[] =
    "find_tagged(tags, wanted)\n--\n\n"
    "Where in a list of tags those of a set are, a list of numbers.";

PyObject *find_tagged(PyObject *module, PyObject *args)
{
    (void)module;
    /* most are one object again and again, which is looked for once; the list holds them */
    struct {
        PyObject *tag;
        int is_wanted;
    } known[KNOWN_TAGS] = {0};
    PyObject *tags, *wanted, *result = NULL;
    column found = {0};
    if (!PyArg_ParseTuple(args, "O!O!:find_tagged", &PyList_Type, &tags, &PyFrozenSet_Type, &wanted))
        return NULL;
    for (Py_ssize_t i = 0, count = PyList_Size(tags); i < count; i++) {
        PyObject *tag = PyList_GetItem(tags, i);
        size_t at = (uintptr_t)tag / 16 % KNOWN_TAGS;
        if (tag == NULL)
            goto done;
        if (!PyUnicode_Check(tag)) {
            PyErr_SetString(PyExc_TypeError, "a tag that is no text");
            goto done;
        }
        if (known[at].tag != tag) {
            int is_wanted = PySet_Contains(wanted, tag);
            if (is_wanted < 0)
                goto done;
            known[at].tag = tag;
            known[at].is_wanted = is_wanted;
        }
        if (known[at].is_wanted && push(&found, i) < 0)
            goto done;
    }
    result = list_of(&found);
done:
    PyMem_Free(found.at);
    return result;
}

const char count_kinds_doc[] =
    "count_kinds(tags, names, parents, tokens)\n--\n\n"
    "The kinds of elements. By element a kind (its first element), how many of it the parent has, and children,\n"
    "one behind the other; by kind its first element, first token, number of tokens, least and greatest score; by\n"
    "token its score. `parents` are numbers of eight bytes, the first is the root's and any; `tokens` are those of `load_words`.";

PyObject *count_kinds(PyObject *module, PyObject *args)
{
    (void)module;
    kinds k = {0};
    PyObject *tags, *names, *tokens, *result = NULL;
    Py_buffer parents;
    if (!PyArg_ParseTuple(args, "O!O!y*O:count_kinds", &PyList_Type, &tags, &PyList_Type, &names, &parents, &tokens))
        return NULL;
    Py_ssize_t count = PyList_Size(tags), *copy = NULL;
    if ((k.tokens = words_of(tokens)) == NULL)
        goto done;
    if (PyList_Size(names) != count || parents.len != count * (Py_ssize_t)sizeof *copy) {
        PyErr_SetString(PyExc_ValueError, "columns of another length");
        goto done;
    }
    /* copied: bytes need not be aligned */
    if ((copy = PyMem_Malloc((size_t)parents.len + 1)) == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    memcpy(copy, parents.buf, (size_t)parents.len);
    if (count)
        copy[0] = 0;
    for (Py_ssize_t i = 0; i < count; i++)
        if (copy[i] < 0 || copy[i] >= count) {
            PyErr_SetString(PyExc_ValueError, "a parent that there is not");
            goto done;
        }
    if (find_kinds(&k, tags, names, count) == 0)
        result = give(&k, copy, count);
done:
    PyBuffer_Release(&parents);
    PyMem_Free(copy);
    free_table(&k.tags);
    free_table(&k.kinds);
    column *columns[] = {&k.kind_of, &k.heads, &k.firsts, &k.sizes};
    for (size_t i = 0; i < sizeof columns / sizeof *columns; i++)
        PyMem_Free(columns[i]->at);
    free_asked(&k.asked);
    return result;
}
