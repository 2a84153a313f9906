/* `log_arguments` and `measure`: the features of gateway/core/classifier/features.py but for logarithms and means of
   scores, which are numpy's. The first gives what logarithms are taken of, the second is handed them. */

#include "features.h"
#include "counts.h"
#include "words.h"

static int refuse(const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    return -1;
}

int read_page(page *p, const Py_buffer *packed, Py_ssize_t elements)
{
    enum { OF_ELEMENT = 5, OF_BLOCK = 6 };
    Py_ssize_t size = sizeof(Py_ssize_t), total = packed->len / size;
    if (elements < 1 || packed->len % size || elements > total / OF_ELEMENT ||
        (total - OF_ELEMENT * elements) % OF_BLOCK || total == OF_ELEMENT * elements)
        return refuse("columns of another length");
    Py_ssize_t **of_element[] = {&p->parents, &p->depths, &p->flags, &p->firsts, &p->lasts};
    Py_ssize_t **of_block[] = {&p->owners, &p->chars, &p->link_chars, &p->bold_chars, &p->links, &p->images};
    Py_ssize_t *at = PyMem_Malloc((size_t)packed->len);
    if (at == NULL) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(at, packed->buf, (size_t)packed->len);
    p->elements = elements;
    p->blocks = (total - OF_ELEMENT * elements) / OF_BLOCK;
    for (int i = 0; i < OF_ELEMENT; i++, at += p->elements)
        *of_element[i] = at;
    for (int i = 0; i < OF_BLOCK; i++, at += p->blocks)
        *of_block[i] = at;
    p->parents[0] = 0;
    for (Py_ssize_t j = 0; j < p->elements; j++)
        if (p->parents[j] < 0 || (j && p->parents[j] >= j) || p->depths[j] < 0 || p->firsts[j] < 0 ||
            p->lasts[j] < p->firsts[j] || p->lasts[j] > p->blocks)
            return refuse("an element that does not fit");
    for (Py_ssize_t i = 0; i < p->blocks; i++)
        if (p->owners[i] < 0 || p->owners[i] >= p->elements)
            return refuse("a block of an element that there is not");
    return 0;
}

void free_page(page *p)
{
    PyMem_Free(p->parents);
}

static int is_of(const Py_buffer *buffer, Py_ssize_t items, size_t size)
{
    return buffer->len == items * (Py_ssize_t)size && (uintptr_t)buffer->buf % size == 0;
}

static void release(Py_buffer *buffers, int count)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&buffers[i]);
}

const char log_arguments_doc[] =
    "log_arguments(packed, elements, counts)\n--\n\n"
    "What logarithms are taken of, as floats: by block words, characters, links and images, by element words.\n"
    "`packed` has the columns of `Blocks`, of so many elements, `counts` is of `count_texts`.";

PyObject *log_arguments(PyObject *module, PyObject *args)
{
    (void)module;
    enum { PACKED, COUNTS, BUFFERS };
    Py_buffer buffers[BUFFERS] = {0};
    page p = {0};
    Py_ssize_t elements;
    PyObject *result = NULL;
    float *running = NULL;
    if (!PyArg_ParseTuple(args, "y*ny*:log_arguments", &buffers[PACKED], &elements, &buffers[COUNTS]) ||
        read_page(&p, &buffers[PACKED], elements) < 0)
        goto done;
    Py_ssize_t n = p.blocks;
    if (!is_of(&buffers[COUNTS], ROWS * n, sizeof(float))) {
        refuse("counts of another length");
        goto done;
    }
    if ((running = PyMem_Malloc(((size_t)n + 1) * sizeof *running)) == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    if ((result = PyBytes_FromStringAndSize(NULL, (ARGUMENTS * n + elements) * (Py_ssize_t)sizeof(float))) == NULL)
        goto done;
    const float *counts = buffers[COUNTS].buf;
    float *words = (float *)PyBytes_AsString(result), *size = words + n, *links = size + n, *images = links + n;
    running[0] = 0;
    for (Py_ssize_t i = 0; i < n; i++) {
        const float *at = counts + i;
        size[i] = at[0];
        for (int kind = 1; kind < CLASSES; kind++)
            size[i] += at[kind * n];
        words[i] = at[SPACE * n] + 1 + (at[DENSE * n] + at[FUNCTION * n]) / 2;
        links[i] = (float)p.links[i];
        images[i] = (float)p.images[i];
        running[i + 1] = running[i] + words[i];
    }
    for (Py_ssize_t j = 0; j < elements; j++)
        images[n + j] = running[p.lasts[j]] - running[p.firsts[j]];
done:
    PyMem_Free(running);
    free_page(&p);
    release(buffers, BUFFERS);
    return result;
}

/* The tag of each block's element among those that have a number, -1 for others, and its level if it is a heading. */
static int read_tags(measuring *m, PyObject *tags, PyObject *numbered, const char *levels)
{
    const page *p = &m->page;
    word_table table = {0};
    int failed = 0;
    m->tag_count = PyTuple_Size(numbered);
    for (Py_ssize_t i = 0; !failed && i < m->tag_count; i++) {
        bytes tag;
        failed = utf8_of(PyTuple_GetItem(numbered, i), &tag) < 0 || add_word(&table, (word_key){tag, 0}) < 0;
    }
    for (Py_ssize_t i = 0; !failed && i < p->blocks; i++) {
        if (i && p->owners[i] == p->owners[i - 1]) {
            m->tag[i] = m->tag[i - 1];
            m->level[i] = m->level[i - 1];
            continue;
        }
        PyObject *tag = PyList_GetItem(tags, p->owners[i]);
        bytes text;
        if ((failed = tag == NULL || utf8_of(tag, &text) < 0))
            break;
        word_key key = {text, 0};
        m->tag[i] = find_hashed(&table, key, hash_of(key));
        m->level[i] = m->tag[i] < 0 ? 0 : levels[m->tag[i]];
    }
    free_table(&table);
    return failed ? -1 : 0;
}

/* The scores of the elements: mean, least and greatest of their kinds, which are named by their first elements. */
static int read_scores(measuring *m, const Py_buffer *heads, const Py_buffer *sizes, const float *sums, const float *least,
                       const float *greatest)
{
    Py_ssize_t e = m->page.elements, count = heads->len / (Py_ssize_t)sizeof(Py_ssize_t);
    const Py_ssize_t *head_of = heads->buf, *size_of = sizes->buf;
    /* scores stand at the first element of their kind, then at all; that one comes before them */
    float *scores = m->measured;
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t head = head_of[i];
        if (head < 0 || head >= e)
            return refuse("a kind of an element that there is not");
        scores[head] = (float)((double)sums[i] / (double)size_of[i]);
        scores[e + head] = least[i];
        scores[2 * e + head] = greatest[i];
    }
    for (Py_ssize_t j = 0; j < e; j++) {
        if (m->kinds[j] < 0 || m->kinds[j] > j)
            return refuse("a kind of an element that comes later");
        for (int row = 0; row < SCORES; row++)
            scores[row * e + j] = scores[row * e + m->kinds[j]];
    }
    return 0;
}

/* Room for all that is computed on the way, zeros at first; NULL and an exception if there is none. */
static void *make_room(measuring *m)
{
    size_t n = (size_t)m->page.blocks, e = (size_t)m->page.elements;
    size_t floats = 2 * n + SUMS * (n + 1) + (SUMS + MEASURED) * e, numbers = 3 * n + 5 * e;
    char *room = PyMem_Calloc(1, floats * sizeof(float) + numbers * sizeof(Py_ssize_t) + e * sizeof(double));
    if (room == NULL)
        return PyErr_NoMemory();
    /* the widest first, so that each is aligned */
    m->path = (double *)room;
    Py_ssize_t **by_block[] = {&m->level, &m->tag, &m->at};
    Py_ssize_t **by_element[] = {&m->above, &m->in_core, &m->meet_core, &m->meet_anchor, &m->branch};
    Py_ssize_t *number = (Py_ssize_t *)(m->path + e);
    for (int i = 0; i < 3; i++, number += n)
        *by_block[i] = number;
    for (int i = 0; i < 5; i++, number += e)
        *by_element[i] = number;
    m->good = (float *)number;
    m->money = m->good + n;
    m->running = m->money + n;
    m->sums = m->running + SUMS * (n + 1);
    m->measured = m->sums + SUMS * e;
    return room;
}

const char measure_doc[] =
    "measure(packed, tags, counts, arguments, logs, shorts, word_sums, kinds, heads, sizes, kind_sums, least,\n"
    "        greatest, numbers, layout, title_words, rows, page)\n--\n\n"
    "Fill `rows` with the features by block, and `page` with sums over the page and over its core. Returned are the depth\n"
    "of the deepest element, the words in the main part, the variances of `log_words` and of `link`, and a list of the\n"
    "long blocks whose text stands on the page several times. `logs` are those of `arguments`, `numbers` three rows of\n"
    "those of whole numbers, `layout` is (tags with a row, the level of each, bits of `linked` and of the main part, rows\n"
    "of flags, words of a long block).";

PyObject *measure(PyObject *module, PyObject *args)
{
    (void)module;
    enum { PACKED, COUNTS, ARGUED, LOGGED, SHORTS, WORD_SUMS, KINDS, HEADS, SIZES, KIND_SUMS, LEASTS, GREATESTS, NUMBERS,
           RESULT, OF_PAGE, BUFFERS };
    Py_buffer b[BUFFERS] = {0};
    measuring m = {0};
    PyObject *tags, *numbered, *result = NULL;
    const char *levels;
    Py_ssize_t level_count;
    void *room = NULL;
    if (!PyArg_ParseTuple(args, "y*O!y*y*y*y*y*y*y*y*y*y*y*y*(O!y#nnnn)nw*w*:measure", &b[PACKED], &PyList_Type, &tags,
                          &b[COUNTS], &b[ARGUED], &b[LOGGED], &b[SHORTS], &b[WORD_SUMS], &b[KINDS], &b[HEADS], &b[SIZES],
                          &b[KIND_SUMS], &b[LEASTS], &b[GREATESTS], &b[NUMBERS], &PyTuple_Type, &numbered, &levels,
                          &level_count, &m.linked, &m.main, &m.flag_count, &m.long_words, &m.title_words, &b[RESULT], &b[OF_PAGE]) ||
        read_page(&m.page, &b[PACKED], PyList_Size(tags)) < 0)
        goto done;
    Py_ssize_t n = m.page.blocks, e = m.page.elements, number = sizeof(Py_ssize_t);
    Py_ssize_t kinds = b[HEADS].len / number, rows = FIXED_ROWS + PyTuple_Size(numbered) + m.flag_count;
    m.short_count = b[SHORTS].len / number;
    m.number_count = b[NUMBERS].len / (Py_ssize_t)(LOGS * sizeof(float));
    int fits = is_of(&b[COUNTS], ROWS * n, sizeof(float)) && is_of(&b[ARGUED], ARGUMENTS * n + e, sizeof(float)) &&
               is_of(&b[LOGGED], ARGUMENTS * n + e, sizeof(float)) && is_of(&b[SHORTS], m.short_count, (size_t)number) &&
               is_of(&b[WORD_SUMS], m.short_count, sizeof(float)) && is_of(&b[KINDS], 3 * e, (size_t)number) &&
               is_of(&b[HEADS], kinds, (size_t)number) && is_of(&b[SIZES], kinds, (size_t)number) &&
               is_of(&b[KIND_SUMS], kinds, sizeof(float)) && is_of(&b[LEASTS], kinds, sizeof(float)) &&
               is_of(&b[GREATESTS], kinds, sizeof(float)) && m.number_count > n &&
               is_of(&b[NUMBERS], LOGS * m.number_count, sizeof(float)) && m.flag_count >= 0 && m.flag_count < 64 &&
               level_count == PyTuple_Size(numbered) && is_of(&b[RESULT], rows * n, sizeof(float)) &&
               is_of(&b[OF_PAGE], 2 * SUMS, sizeof(float));
    if (!fits) {
        refuse("columns of another length");
        goto done;
    }
    m.counts = b[COUNTS].buf;
    m.words = b[ARGUED].buf;
    m.size = m.words + n;
    m.logs = b[LOGGED].buf;
    m.log_of_element = m.logs + ARGUMENTS * n;
    m.shorts = b[SHORTS].buf;
    m.word_sums = b[WORD_SUMS].buf;
    m.kinds = b[KINDS].buf;
    for (int i = 0; i < LOGS; i++)
        m.numbers[i] = (float *)b[NUMBERS].buf + i * m.number_count;
    m.next = b[RESULT].buf;
    for (Py_ssize_t i = 0; i < m.short_count; i++)
        if (m.shorts[i] < 0 || m.shorts[i] >= n) {
            refuse("a short block that there is not");
            goto done;
        }
    if ((room = make_room(&m)) == NULL || read_tags(&m, tags, numbered, levels) < 0 ||
        read_scores(&m, &b[HEADS], &b[SIZES], b[KIND_SUMS].buf, b[LEASTS].buf, b[GREATESTS].buf) < 0 ||
        measure_rows(&m) < 0)
        goto done;
    float *of_page = b[OF_PAGE].buf;
    for (int i = 0; i < SUMS; i++) {
        of_page[i] = m.total[i];
        of_page[SUMS + i] = m.sums[i * e + m.core];
    }
    result = Py_BuildValue("(ndddN)", m.greatest_depth, (double)m.main_words, m.words_variance, m.link_variance,
                           list_of(&m.repeated));
done:
    PyMem_Free(room);
    PyMem_Free(m.repeated.at);
    free_page(&m.page);
    release(b, BUFFERS);
    return result;
}
