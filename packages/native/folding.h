/* A text of a tree on its way into a line. */

#ifndef FOLDING_H
#define FOLDING_H

#include "arrays.h"

/* Append a text with white space folded as `" ".join(text.split())` does: 1 where it is done, 0 for a text that Python reads as it stands
   (there may be a formula in it, or something that nobody sees, or it is not valid UTF-8), -1 on an error.

   `ends_in_space` says whether white space stood at its end, `found` what `signs` has for its ASCII characters. */
int fold_text(buffer *into, const unsigned char *text, size_t length, const unsigned char *signs, int *ends_in_space,
              int *found);

#endif
