/* What `count_texts` counts: rows of numbers, a column for each text. */

#ifndef COUNTS_H
#define COUNTS_H

/* the classes of characters, the numbers of text_counts.py; from SPACE on: behind a word */
enum { OTHER, LOWER, UPPER, DIGIT, END, COMMA, MARK, MONEY, SYMBOL, DENSE, FUNCTION, SPACE, BREAK, CLASSES };

/* the rows: the classes, then these */
enum { SMALL = CLASSES, REPEATS, IN_TITLE, IN_DESCRIPTION, LEAST, GREATEST, FIRST, LAST, ROWS };

#endif
