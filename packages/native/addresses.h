/* The addresses of links. */

#ifndef ADDRESSES_H
#define ADDRESSES_H

#include "lexbor.h"

/* Where a link leads, a str: an absolute address, or one from the root of the site, which adds to `origin` (none where it
   is empty). NULL without an exception for any that is written otherwise, has a fragment or may offer to edit
   a page. */
PyObject *plain_address(bytes href, PyObject *origin);

#endif
