/* A text of a tree on its way into a line. */

#ifndef FOLDING_H
#define FOLDING_H

#include "arrays.h"

/* what is known of a byte: it can stand in a text as it is, it is a sign that is looked for */
enum { IS_WORD = 1, IS_SIGN = 2 };

/* What `fold_text` needs to know of each of the 256 bytes; they are 0 so far. */
void read_signs(unsigned char *kinds, const char *signs, Py_ssize_t count);

/* Append a text with white space folded as `" ".join(text.split())` does: 1 where it is done, 0 for a text that Python
   reads as it stands (there may be a formula in it, or something that nobody sees, or it is not valid UTF-8), -1 on an
   error.

   `ends_in_space` says whether white space stood at its end, `found` whether one of its characters is a sign. */
int fold_text(buffer *into, const unsigned char *text, size_t length, const unsigned char *kinds, int *ends_in_space,
              int *found);

#endif
