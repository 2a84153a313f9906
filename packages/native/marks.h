/* Where in a text one of a few characters stands: sixty-four are looked at together. */

#ifndef MARKS_H
#define MARKS_H

#include "lexbor.h"

#if defined(__SSE2__) && !defined(WITHOUT_SSE2)
#include <emmintrin.h>
#endif

enum { MARKS_AT_ONCE = 64 };

typedef struct {
    /* what is looked at, and the bits of those in it that were not given yet */
    const unsigned char *at, *end;
    uint64_t left;
} marks;

/* A bit for each of 64 bytes that is one of `wanted`, which has no NUL in it. */
static inline uint64_t marks_in(const unsigned char *p, const char *wanted, size_t count)
{
    uint64_t found = 0;
#if defined(__SSE2__) && !defined(WITHOUT_SSE2)
    for (int i = 0; i < MARKS_AT_ONCE / 16; i++) {
        __m128i here = _mm_loadu_si128((const __m128i *)(const void *)(p + 16 * i)), any = _mm_setzero_si128();
        for (size_t k = 0; k < count; k++)
            any = _mm_or_si128(any, _mm_cmpeq_epi8(here, _mm_set1_epi8(wanted[k])));
        found |= (uint64_t)(unsigned)_mm_movemask_epi8(any) << 16 * i;
    }
#else
    for (int i = 0; i < MARKS_AT_ONCE; i++)
        for (size_t k = 0; k < count; k++)
            found |= (uint64_t)(p[i] == (unsigned char)wanted[k]) << i;
#endif
    return found;
}

/* What is at `p`, where fewer than 64 bytes may be left. */
static inline uint64_t marks_at(const unsigned char *p, const unsigned char *end, const char *wanted, size_t count)
{
    if (end - p >= MARKS_AT_ONCE)
        return marks_in(p, wanted, count);
    unsigned char rest[MARKS_AT_ONCE] = {0};
    if (p < end)
        memcpy(rest, p, (size_t)(end - p));
    return marks_in(rest, wanted, count);
}

static inline marks begin_marks(const unsigned char *p, const unsigned char *end, const char *wanted, size_t count)
{
    return (marks){p, end, marks_at(p, end, wanted, count)};
}

/* The next one, NULL behind the last. */
static inline const unsigned char *next_mark(marks *m, const char *wanted, size_t count)
{
    while (m->left == 0) {
        if (m->end - m->at <= MARKS_AT_ONCE)
            return NULL;
        m->at += MARKS_AT_ONCE;
        m->left = marks_at(m->at, m->end, wanted, count);
    }
    const unsigned char *found = m->at + __builtin_ctzll(m->left);
    m->left &= m->left - 1;
    return found;
}

#endif
