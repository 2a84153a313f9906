/* The rows of gateway/core/classifier/features.py in their order, each as numpy computes it, in float. */

#include "features.h"
#include "counts.h"
#include "words.h"

static inline float lesser(float one, float other)
{
    return one < other ? one : other;
}

static inline float larger(float one, float other)
{
    return one > other ? one : other;
}

static inline Py_ssize_t larger_number(Py_ssize_t one, Py_ssize_t other)
{
    return one > other ? one : other;
}

static float *next_row(measuring *m)
{
    float *row = m->next;
    m->next += m->page.blocks;
    return row;
}

static void put_row(measuring *m, const float *values)
{
    memcpy(next_row(m), values, (size_t)m->page.blocks * sizeof *values);
}

/* The next row: of each block the value where it points to. */
static void put_taken(measuring *m, const float *values, const Py_ssize_t *at)
{
    float *row = next_row(m);
    for (Py_ssize_t i = 0; i < m->page.blocks; i++)
        row[i] = values[at[i]];
}

static void put_share(measuring *m, const float *part, const float *whole)
{
    float *row = next_row(m);
    for (Py_ssize_t i = 0; i < m->page.blocks; i++)
        row[i] = part[i] / whole[i];
}

static void put_capped(measuring *m, const float *values, float most)
{
    float *row = next_row(m);
    for (Py_ssize_t i = 0; i < m->page.blocks; i++)
        row[i] = lesser(values[i], most);
}

static void put_equal(measuring *m, const float *values, float value)
{
    float *row = next_row(m);
    for (Py_ssize_t i = 0; i < m->page.blocks; i++)
        row[i] = values[i] == value;
}

/* The mean of the scores of each short block's words, whose sums are given. */
static void put_means(measuring *m)
{
    float *row = next_row(m);
    const float *spaces = m->counts + SPACE * m->page.blocks;
    memset(row, 0, (size_t)m->page.blocks * sizeof *row);
    for (Py_ssize_t i = 0; i < m->short_count; i++) {
        Py_ssize_t block = m->shorts[i];
        row[block] = (float)((double)m->word_sums[i] / (double)((Py_ssize_t)spaces[block] + 1));
    }
}

/* `read_text` of text_features.py */
static void measure_texts(measuring *m)
{
    const page *p = &m->page;
    Py_ssize_t n = p->blocks;
    const float *counts = m->counts, *words = m->words;
    const float *function = counts + FUNCTION * n, *in_title = counts + IN_TITLE * n, *money = counts + MONEY * n;
    put_row(m, m->logs);
    put_row(m, m->logs + n);
    put_share(m, m->size, words);
    float *small = next_row(m);
    for (Py_ssize_t i = 0; i < n; i++)
        small[i] = (counts[SMALL * n + i] + function[i]) / words[i];
    m->link = next_row(m);
    put_row(m, m->logs + 2 * n);
    float *bold = next_row(m);
    for (Py_ssize_t i = 0; i < n; i++) {
        float chars = larger((float)p->chars[i], 1);
        int is_linked = (p->flags[p->owners[i]] & m->linked) != 0;
        m->link[i] = is_linked ? 1 : lesser((float)p->link_chars[i] / chars, 1);
        bold[i] = lesser((float)p->bold_chars[i] / chars, 1);
    }
    put_row(m, m->logs + 3 * n);
    float *prose = next_row(m), *lower = next_row(m), *upper = next_row(m);
    for (Py_ssize_t i = 0; i < n; i++) {
        prose[i] = lesser(small[i] * 4, 1) * (1 - m->link[i]) * lesser(words[i] / 10, 1);
        m->good[i] = words[i] * prose[i];
        m->money[i] = lesser(money[i], 1);
        float dense = counts[DENSE * n + i] + function[i];
        float letters = larger(counts[LOWER * n + i] + counts[UPPER * n + i] + dense, 1);
        lower[i] = (counts[LOWER * n + i] + dense) / letters;
        upper[i] = counts[UPPER * n + i] / letters;
    }
    put_share(m, counts + DIGIT * n, m->size);
    for (int kind = END; kind <= MARK; kind++)
        put_share(m, counts + kind * n, words);
    put_share(m, counts + SYMBOL * n, m->size);
    put_capped(m, money, 5);
    put_capped(m, counts + END * n, 20);
    put_equal(m, counts + LAST * n, END);
    put_equal(m, counts + LAST * n, COMMA);
    const float starts[] = {UPPER, LOWER, DIGIT, SYMBOL};
    for (int i = 0; i < 4; i++)
        put_equal(m, counts + FIRST * n, starts[i]);
    put_share(m, in_title, words);
    m->cover = next_row(m);
    for (Py_ssize_t i = 0; i < n; i++)
        m->cover[i] = in_title[i] / (float)m->title_words;
    put_share(m, counts + IN_DESCRIPTION * n, words);
    put_capped(m, counts + REPEATS * n, 20);
    put_means(m);
    put_row(m, counts + LEAST * n);
    put_row(m, counts + GREATEST * n);
}

/* `_main_heading` of features.py */
static void find_anchor(measuring *m)
{
    Py_ssize_t best = -1, likest = 0;
    float most = 0;
    for (Py_ssize_t i = 0; i < m->page.blocks; i++) {
        if (m->level[i] == 1 && (best < 0 || m->cover[i] > m->cover[best]))
            best = i;
        float alike = m->cover[i] * (m->counts[IN_TITLE * m->page.blocks + i] / m->words[i]);
        if (i == 0 || alike > most) {
            most = alike;
            likest = i;
        }
    }
    m->anchor = best < 0 ? likest : best;
}

static float summed(const measuring *m, int row, Py_ssize_t block)
{
    switch (row) {
    case WORDS:
        return m->words[block];
    case LINK_WORDS:
        return m->words[block] * m->link[block];
    case GOOD:
        return m->good[block];
    case BLOCKS:
        return 1;
    case MONEYED:
        return m->money[block];
    case HEADINGS:
        return m->level[block] > 0;
    default:
        return m->logs[3 * m->page.blocks + block];
    }
}

/* Sums over the blocks of each element, as differences of running sums, and the core. */
static void sum_up(measuring *m)
{
    const page *p = &m->page;
    for (int row = 0; row < SUMS; row++) {
        float *running = m->running + row * (p->blocks + 1), *sums = m->sums + row * p->elements;
        running[0] = 0;
        for (Py_ssize_t i = 0; i < p->blocks; i++)
            running[i + 1] = running[i] + summed(m, row, i);
        m->total[row] = running[p->blocks];
        for (Py_ssize_t j = 0; j < p->elements; j++)
            sums[j] = running[p->lasts[j]] - running[p->firsts[j]];
    }
    const float *good = m->sums + GOOD * p->elements;
    for (Py_ssize_t j = 0; j < p->elements; j++)
        if (good[j] >= 0.5f * m->total[GOOD])
            m->core = j;
}

/* `Tree._descend`; parents have lower numbers. Sums along the path are added up in numpy's order, and so rounded alike. */
static void descend_tree(measuring *m)
{
    const page *p = &m->page;
    Py_ssize_t e = p->elements, core = m->core, deepest = 0;
    float *mean = m->measured, *low = mean + e, *high = low + e, *least = low + 3 * e, *greatest = low + 4 * e;
    for (Py_ssize_t j = 0; j < e; j++) {
        Py_ssize_t parent = p->parents[j];
        int in_anchor = p->firsts[j] <= m->anchor && p->lasts[j] > m->anchor;
        int in_core = p->firsts[j] <= p->firsts[core] && p->lasts[j] >= p->lasts[core] && p->depths[j] <= p->depths[core];
        m->in_core[j] = in_core;
        m->meet_core[j] = in_core ? p->depths[j] : 0;
        m->meet_anchor[j] = in_anchor ? p->depths[j] : 0;
        m->branch[j] = m->in_core[parent] ? j : 0;
        m->anchor_depth = larger_number(m->anchor_depth, m->meet_anchor[j]);
        deepest = larger_number(deepest, p->depths[j]);
        least[j] = low[j];
        greatest[j] = high[j];
        m->path[j] = j ? mean[j] : 0;
        m->above[j] = parent;
        if (j) {
            least[j] = lesser(low[j], least[parent]);
            greatest[j] = larger(high[j], greatest[parent]);
            m->meet_core[j] = larger_number(m->meet_core[j], m->meet_core[parent]);
            m->meet_anchor[j] = larger_number(m->meet_anchor[j], m->meet_anchor[parent]);
            m->branch[j] = larger_number(m->branch[j], m->branch[parent]);
        }
    }
    m->greatest_depth = deepest;
    for (; deepest; deepest >>= 1)
        for (Py_ssize_t j = e - 1; j >= 0; j--) {
            m->path[j] += m->path[m->above[j]];
            m->above[j] = m->above[m->above[j]];
        }
    float *path = m->measured + PATH * e;
    for (Py_ssize_t j = 0; j < e; j++)
        path[j] = (float)(m->path[j] + mean[0]);
}

/* `Tree._measure`, behind the scores; -1 and an exception where a number is beyond the tables. */
static int measure_elements(measuring *m)
{
    const page *p = &m->page;
    Py_ssize_t e = p->elements;
    const Py_ssize_t *alike = m->kinds + e, *children = alike + e;
    const float *sums = m->sums;
    float *row = m->measured + (PATH + PATHS) * e;
    float words_of_page = larger(m->total[WORDS], 1e-6f), good_of_page = larger(m->total[GOOD], 1e-6f);
    for (Py_ssize_t j = 0; j < e; j++) {
        Py_ssize_t held = p->lasts[j] - p->firsts[j];
        if (alike[j] < 0 || alike[j] >= m->number_count || children[j] < 0 || children[j] >= m->number_count) {
            PyErr_SetString(PyExc_ValueError, "more elements than blocks");
            return -1;
        }
        float words = larger(sums[j], 1e-6f), blocks = larger(sums[BLOCKS * e + j], 1e-6f);
        float *at = row + j;
        at[0] = m->log_of_element[j];
        at[e] = m->numbers[LOG_MORE_FLOAT][held];
        at[2 * e] = sums[j] / words_of_page;
        at[3 * e] = sums[LINK_WORDS * e + j] / words;
        at[4 * e] = sums[GOOD * e + j] / words;
        at[5 * e] = sums[GOOD * e + j] / good_of_page;
        at[6 * e] = sums[j] / blocks;
        at[7 * e] = m->numbers[LOG][alike[j]];
        at[8 * e] = m->numbers[LOG_MORE][children[j]];
        at[9 * e] = sums[HEADINGS * e + j] / blocks;
        at[10 * e] = sums[MONEYED * e + j] / blocks;
        at[11 * e] = sums[PICTURES * e + j] / blocks;
    }
    return 0;
}

/* `_positions` of features.py */
static void measure_positions(measuring *m)
{
    Py_ssize_t n = m->page.blocks, anchor = m->anchor;
    const float *words = m->running + 1, *good = m->running + GOOD * (n + 1) + 1;
    float total = larger(good[n - 1], 1e-6f), before_anchor = good[anchor] - m->good[anchor];
    float *row = next_row(m);
    for (int i = 1; i < 8; i++)
        next_row(m);
    for (Py_ssize_t i = 0; i < n; i++) {
        float before = good[i] - m->good[i], *at = row + i;
        at[0] = (float)((double)i / (double)n);
        at[n] = m->numbers[LOG_MORE][i];
        at[2 * n] = m->numbers[LOG_MORE][n - i];
        at[3 * n] = (words[i] - m->words[i]) / words[n - 1];
        at[4 * n] = before / total;
        at[5 * n] = (good[n - 1] - good[i]) / total;
        at[6 * n] = i < anchor ? -m->numbers[LOG_MORE][anchor - i] : m->numbers[LOG_MORE][i - anchor];
        at[7 * n] = (before - before_anchor) / total;
    }
}

/* `Tree.rows` */
static void describe_places(measuring *m)
{
    const page *p = &m->page;
    Py_ssize_t n = p->blocks, e = p->elements, core = m->core;
    float *row = m->next;
    memset(row, 0, (size_t)(m->tag_count * n) * sizeof *row);
    for (Py_ssize_t i = 0; i < n; i++)
        if (m->tag[i] >= 0)
            row[m->tag[i] * n + i] = 1;
    m->next += m->tag_count * n;
    for (int i = 0; i < MEASURED; i++)
        put_taken(m, m->measured + i * e, p->owners);
    for (int place = 0; place < 3; place++) {
        for (Py_ssize_t i = 0; i < n; i++) {
            Py_ssize_t owner = p->owners[i], parent = p->parents[owner];
            m->at[i] = place == 0 ? parent : place == 1 ? p->parents[parent] : m->branch[owner];
        }
        for (int i = 0; i < MEASURED; i++)
            if (i < PATH || i >= PATH + PATHS)
                put_taken(m, m->measured + i * e, m->at);
    }
    row = next_row(m);
    for (int i = 1; i < 7; i++)
        next_row(m);
    for (Py_ssize_t i = 0; i < n; i++) {
        Py_ssize_t owner = p->owners[i], depth = p->depths[owner];
        float *at = row + i;
        at[0] = (float)depth;
        at[n] = (float)(p->depths[core] - m->meet_core[owner]);
        at[2 * n] = (float)(m->anchor_depth - m->meet_anchor[owner]);
        at[3 * n] = (float)(depth - m->meet_core[owner]);
        at[4 * n] = (float)(depth - m->meet_anchor[owner]);
        at[5 * n] = i < p->firsts[core];
        at[6 * n] = i >= p->lasts[core];
    }
    for (Py_ssize_t i = 0; i < n; i++)
        m->at[i] = p->flags[p->owners[i]];
    for (Py_ssize_t bit = 0; bit < m->flag_count; bit++) {
        row = next_row(m);
        for (Py_ssize_t i = 0; i < n; i++)
            row[i] = (float)(m->at[i] >> bit & 1);
    }
}

/* `_kin` of features.py */
static void compare_kin(measuring *m)
{
    const page *p = &m->page;
    Py_ssize_t n = p->blocks;
    float *before = m->next, *behind = before + 3 * n;
    memcpy(m->at, p->owners, (size_t)n * sizeof *m->at);
    for (int line = 0; line < 3; line++, before += n, behind += n) {
        before[0] = behind[n - 1] = 0;
        for (Py_ssize_t i = 1; i < n; i++)
            before[i] = behind[i - 1] = m->at[i] == m->at[i - 1];
        for (Py_ssize_t i = 0; i < n; i++)
            m->at[i] = p->parents[m->at[i]];
    }
    m->next = behind;
}

/* `_variance` of features.py: added up from the first to the last in both */
static double variance_of(const float *values, Py_ssize_t count)
{
    double sum = 0, squares = 0;
    for (Py_ssize_t i = 0; i < count; i++) {
        double value = values[i];
        sum += value;
        squares += value * value;
    }
    double mean = sum / (double)count, variance = squares / (double)count - mean * mean;
    return variance > 0 ? variance : 0;
}

/* What is said of the page; -1 and an exception without memory. */
static int measure_page(measuring *m)
{
    const page *p = &m->page;
    const float *times = m->counts + REPEATS * p->blocks;
    m->words_variance = variance_of(m->logs, p->blocks);
    m->link_variance = variance_of(m->link, p->blocks);
    for (Py_ssize_t i = 0; i < p->blocks; i++) {
        if (p->flags[p->owners[i]] & m->main)
            m->main_words += m->words[i];
        if (times[i] > 1 && m->words[i] >= (float)m->long_words && push(&m->repeated, i) < 0)
            return -1;
    }
    return 0;
}

int measure_rows(measuring *m)
{
    measure_texts(m);
    find_anchor(m);
    sum_up(m);
    descend_tree(m);
    measure_positions(m);
    if (measure_elements(m) < 0)
        return -1;
    describe_places(m);
    compare_kin(m);
    return measure_page(m);
}
