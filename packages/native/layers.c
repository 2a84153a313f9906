/* What the network of gateway/core/classifier/network.py does between its products, which are numpy's, and the choice that
   follows from what it computes. All in float, one operation after the other as numpy has them. */

#include "layers.h"

#include "features.h"

static PyObject *refuse(const char *why)
{
    PyErr_SetString(PyExc_ValueError, why);
    return NULL;
}

/* How many floats a buffer has; -1 where it is not made of them. */
static Py_ssize_t floats_in(const Py_buffer *buffer)
{
    Py_ssize_t size = sizeof(float);
    return buffer->len % size || (uintptr_t)buffer->buf % sizeof(float) ? -1 : buffer->len / size;
}

static void release(Py_buffer *buffers, int count)
{
    for (int i = 0; i < count; i++)
        PyBuffer_Release(&buffers[i]);
}

const char clip_rows_doc[] =
    "clip_rows(rows, low, high, held)\n--\n\n"
    "Fill `held` with rows whose values are held within the bounds of each row.";

PyObject *clip_rows(PyObject *module, PyObject *args)
{
    (void)module;
    enum { VALUES, LOW, HIGH, HELD, BUFFERS };
    Py_buffer b[BUFFERS] = {0};
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*y*y*w*:clip_rows", &b[VALUES], &b[LOW], &b[HIGH], &b[HELD]))
        goto done;
    Py_ssize_t rows = floats_in(&b[LOW]), all = floats_in(&b[VALUES]);
    if (rows < 1 || all < 0 || all % rows || floats_in(&b[HIGH]) != rows || floats_in(&b[HELD]) != all) {
        refuse("rows of another length");
        goto done;
    }
    const float *value = b[VALUES].buf, *lows = b[LOW].buf, *highs = b[HIGH].buf;
    float *into = b[HELD].buf;
    Py_ssize_t count = all / rows;
    for (Py_ssize_t row = 0; row < rows; row++, value += count, into += count) {
        float low = lows[row], high = highs[row];
        for (Py_ssize_t i = 0; i < count; i++) {
            float capped = value[i] < high ? value[i] : high;
            into[i] = capped > low ? capped : low;
        }
    }
    result = Py_NewRef(Py_None);
done:
    release(b, BUFFERS);
    return result;
}

const char gather_windows_doc[] =
    "gather_windows(hidden, width, dilation, seen)\n--\n\n"
    "Fill `seen` with each row of `hidden`, of so many values, between those at -2, -1, 1 and 2 times the dilation;\n"
    "zeros beyond the ends.";

PyObject *gather_windows(PyObject *module, PyObject *args)
{
    (void)module;
    enum { HIDDEN, SEEN, BUFFERS };
    enum { NEIGHBOURS = 5 };
    Py_buffer b[BUFFERS] = {0};
    Py_ssize_t width, dilation;
    PyObject *result = NULL;
    if (!PyArg_ParseTuple(args, "y*nnw*:gather_windows", &b[HIDDEN], &width, &dilation, &b[SEEN]))
        goto done;
    Py_ssize_t all = floats_in(&b[HIDDEN]);
    if (width < 1 || all < 0 || all % width || dilation < 1 || dilation > PY_SSIZE_T_MAX / NEIGHBOURS - all ||
        floats_in(&b[SEEN]) != NEIGHBOURS * all) {
        refuse("rows of another length");
        goto done;
    }
    const float *rows = b[HIDDEN].buf;
    float *into = b[SEEN].buf;
    Py_ssize_t count = all / width;
    size_t size = (size_t)width * sizeof *into;
    for (Py_ssize_t i = 0; i < count; i++)
        for (Py_ssize_t side = 0; side < NEIGHBOURS; side++, into += width) {
            Py_ssize_t at = i + (side - NEIGHBOURS / 2) * dilation;
            if (at < 0 || at >= count)
                memset(into, 0, size);
            else
                memcpy(into, rows + at * width, size);
        }
    result = Py_NewRef(Py_None);
done:
    release(b, BUFFERS);
    return result;
}

const char rectify_doc[] =
    "rectify(values, bias, onto=None)\n--\n\n"
    "Add the bias to each row of values and let none be below zero; where `onto` is given it is added to that.";

PyObject *rectify(PyObject *module, PyObject *args)
{
    (void)module;
    enum { VALUES, BIAS, ONTO, BUFFERS };
    Py_buffer b[BUFFERS] = {0};
    PyObject *onto = Py_None, *result = NULL;
    if (!PyArg_ParseTuple(args, "w*y*|O:rectify", &b[VALUES], &b[BIAS], &onto) ||
        (onto != Py_None && PyObject_GetBuffer(onto, &b[ONTO], PyBUF_WRITABLE) < 0))
        goto done;
    Py_ssize_t all = floats_in(&b[VALUES]), width = floats_in(&b[BIAS]);
    if (width < 1 || all < 0 || all % width || (onto != Py_None && floats_in(&b[ONTO]) != all)) {
        refuse("rows of another length");
        goto done;
    }
    float *values = b[VALUES].buf, *sums = b[ONTO].buf;
    const float *bias = b[BIAS].buf;
    for (float *row = values; row < values + all; row += width)
        for (Py_ssize_t i = 0; i < width; i++) {
            float value = row[i] + bias[i];
            row[i] = value > 0 ? value : 0;
        }
    for (Py_ssize_t i = 0; sums != NULL && i < all; i++)
        sums[i] += values[i];
    result = Py_NewRef(Py_None);
done:
    release(b, BUFFERS);
    return result;
}

/* The order of `numpy.argsort` of falling values, equal ones in their order; the second half of `order` is room. */
static Py_ssize_t *sort_falling(const float *values, Py_ssize_t count, Py_ssize_t *order)
{
    Py_ssize_t *from = order, *into = order + count;
    for (Py_ssize_t i = 0; i < count; i++)
        from[i] = i;
    for (Py_ssize_t run = 1; run < count; run *= 2) {
        for (Py_ssize_t start = 0; start < count; start += 2 * run) {
            Py_ssize_t middle = count - start > run ? start + run : count;
            Py_ssize_t end = count - middle > run ? middle + run : count, left = start, right = middle;
            for (Py_ssize_t at = start; at < end; at++) {
                int is_left = left < middle && (right >= end || values[from[left]] >= values[from[right]]);
                into[at] = is_left ? from[left++] : from[right++];
            }
        }
        Py_ssize_t *other = from;
        from = into;
        into = other;
    }
    return from;
}

const char take_prefix_doc[] =
    "take_prefix(probabilities, words, recall_weight, least)\n--\n\n"
    "`select` of gateway/core/classifier/choice.py: a list of blocks, rising, and the F1 they are expected to have.";

PyObject *take_prefix(PyObject *module, PyObject *args)
{
    (void)module;
    enum { PROBABILITIES, WORDS, BUFFERS };
    Py_buffer b[BUFFERS] = {0};
    float recall_weight, least;
    PyObject *result = NULL;
    Py_ssize_t *order = NULL;
    char *is_taken = NULL;
    column taken = {0};
    if (!PyArg_ParseTuple(args, "y*y*ff:take_prefix", &b[PROBABILITIES], &b[WORDS], &recall_weight, &least))
        goto done;
    Py_ssize_t count = floats_in(&b[PROBABILITIES]);
    if (count < 1 || floats_in(&b[WORDS]) != count) {
        refuse("rows of another length");
        goto done;
    }
    const float *probabilities = b[PROBABILITIES].buf, *words = b[WORDS].buf;
    order = PyMem_Calloc(2 * (size_t)count, sizeof *order);
    is_taken = PyMem_Calloc((size_t)count, 1);
    if (order == NULL || is_taken == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    const Py_ssize_t *falling = sort_falling(probabilities, count, order);
    float total = 0, likely = 0, said = 0, best = 0;
    for (Py_ssize_t i = 0; i < count; i++)
        total += probabilities[falling[i]] * words[falling[i]];
    Py_ssize_t last = 0;
    float weighed = recall_weight * total;
    for (Py_ssize_t i = 0; i < count; i++) {
        likely += probabilities[falling[i]] * words[falling[i]];
        said += words[falling[i]];
        float expected = 2 * likely / (said + weighed + 1e-6f);
        if (i == 0 || expected > best) {
            best = expected;
            last = i;
        }
    }
    for (Py_ssize_t i = 0; best >= least && i <= last; i++)
        is_taken[falling[i]] = 1;
    for (Py_ssize_t i = 0; i < count; i++)
        if (is_taken[i] && push(&taken, i) < 0)
            goto done;
    result = Py_BuildValue("(Nd)", list_of(&taken), (double)best);
done:
    PyMem_Free(order);
    PyMem_Free(is_taken);
    PyMem_Free(taken.at);
    release(b, BUFFERS);
    return result;
}

/* what `find_column` of gateway/core/classifier/article_column.py goes by, in its order */
typedef struct {
    double least_words, most_linked, column_words, column_share;
    Py_ssize_t wraps;
} column_bounds;

/* The chosen blocks that are paragraphs; -1 and an exception where one is no block. */
static int find_paragraphs(const page *p, PyObject *chosen, const float *words, const float *link, const column_bounds *bounds,
                           column *paragraphs)
{
    for (Py_ssize_t i = 0, count = PyList_Size(chosen); i < count; i++) {
        Py_ssize_t index = PyLong_AsSsize_t(PyList_GetItem(chosen, i));
        if (index < 0 || index >= p->blocks) {
            if (!PyErr_Occurred())
                refuse("a block that there is not");
            return -1;
        }
        if (words[index] >= bounds->least_words && link[index] < bounds->most_linked && push(paragraphs, index) < 0)
            return -1;
    }
    return 0;
}

/* Before each place, how many blocks are no text that was chosen. */
static void count_others(const page *p, PyObject *chosen, const float *link, float most_linked, Py_ssize_t *others)
{
    for (Py_ssize_t i = 0; i < p->blocks; i++)
        others[i + 1] = 1;
    for (Py_ssize_t i = 0, count = PyList_Size(chosen); i < count; i++) {
        Py_ssize_t index = PyLong_AsSsize_t(PyList_GetItem(chosen, i));
        others[index + 1] = link[index] >= most_linked;
    }
    others[0] = 0;
    for (Py_ssize_t i = 0; i < p->blocks; i++)
        others[i + 1] += others[i];
}

const char find_column_doc[] =
    "find_column(packed, elements, chosen, words, link, bounds)\n--\n\n"
    "The element with most of the chosen paragraphs, the first and the last of these, and their words; None without one.";

PyObject *find_column(PyObject *module, PyObject *args)
{
    (void)module;
    enum { PACKED, WORDS_OF, LINK, BUFFERS };
    Py_buffer b[BUFFERS] = {0};
    page p = {0};
    column_bounds bounds;
    column paragraphs = {0};
    Py_ssize_t elements, *holders = NULL;
    PyObject *chosen, *result = NULL;
    if (!PyArg_ParseTuple(args, "y*nO!y*y*(ddddn):find_column", &b[PACKED], &elements, &PyList_Type, &chosen, &b[WORDS_OF],
                          &b[LINK], &bounds.least_words, &bounds.most_linked, &bounds.column_words, &bounds.column_share,
                          &bounds.wraps) ||
        read_page(&p, &b[PACKED], elements) < 0)
        goto done;
    if (floats_in(&b[WORDS_OF]) != p.blocks || floats_in(&b[LINK]) != p.blocks) {
        refuse("rows of another length");
        goto done;
    }
    const float *words = b[WORDS_OF].buf, *link = b[LINK].buf;
    if (find_paragraphs(&p, chosen, words, link, &bounds, &paragraphs) < 0)
        goto done;
    size_t count = paragraphs.count, blocks = (size_t)p.blocks;
    /* by paragraph the element that holds it; blocks before each place; by element the words of its paragraphs */
    holders = PyMem_Calloc(count + blocks + 1 + (size_t)p.elements, sizeof *holders);
    if (holders == NULL) {
        PyErr_NoMemory();
        goto done;
    }
    Py_ssize_t *others = holders + count;
    double *sizes = (double *)(others + blocks + 1), total = 0;
    p.parents[0] = -1;
    for (size_t i = 0; i < count; i++) {
        holders[i] = p.parents[p.owners[paragraphs.at[i]]];
        total += words[paragraphs.at[i]];
    }
    double least = bounds.column_share * total > bounds.column_words ? bounds.column_share * total : bounds.column_words;
    for (Py_ssize_t wrap = 0; wrap < bounds.wraps && count; wrap++) {
        double outside = 0;
        Py_ssize_t best = -2;
        memset(sizes, 0, (size_t)p.elements * sizeof *sizes);
        for (size_t i = 0; i < count; i++)
            *(holders[i] < 0 ? &outside : &sizes[holders[i]]) += words[paragraphs.at[i]];
        for (size_t i = 0; i < count; i++) {
            double size = holders[i] < 0 ? outside : sizes[holders[i]];
            if (best == -2 || size > (best < 0 ? outside : sizes[best]))
                best = holders[i];
        }
        if (best < 0)
            break;
        if (sizes[best] >= least) {
            Py_ssize_t first = -1, last = -1;
            for (size_t i = 0; i < count; i++)
                if (holders[i] == best) {
                    first = first < 0 ? paragraphs.at[i] : first;
                    last = paragraphs.at[i];
                }
            result = Py_BuildValue("(nnnd)", best, first, last, sizes[best]);
            goto done;
        }
        if (wrap == 0)
            count_others(&p, chosen, link, (float)bounds.most_linked, others);
        for (size_t i = 0; i < count; i++)
            if (holders[i] >= 0 && others[p.lasts[holders[i]]] == others[p.firsts[holders[i]]])
                holders[i] = p.parents[holders[i]];
    }
    result = Py_NewRef(Py_None);
done:
    PyMem_Free(holders);
    PyMem_Free(paragraphs.at);
    free_page(&p);
    release(b, BUFFERS);
    return result;
}
