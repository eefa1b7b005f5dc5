/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Softmax and, where LOG is 1, its logarithm, over one axis of a sample. The axis cuts a sample into LINES lines of LENGTH
 * values, X_AXIS vectors apart in value X (Y_AXIS, ...). Where the axis is one of several that lie in the rows, LOW rows
 * follow each other between two values of a line, and HIGH groups of LENGTH × LOW rows there are in a plane; else HIGH is 1.
 * Items: blocks × ceil (LINES / CHUNK). */

#define LINE_ITEMS ((LINES + CHUNK - 1) / CHUNK)
#define FIRST_LINE (ITEM % LINE_ITEMS * CHUNK)
/* The first vector of a line in value X; `line` is its number. */
#define LINE_AT(X)                                                                               \
  AT (X, ITEM / LINE_ITEMS, line / (COLUMNS * LOW * HIGH),                                       \
      line / (COLUMNS * LOW) % HIGH * (LENGTH * LOW) + line / COLUMNS % LOW, line % COLUMNS)

#ifdef KERNEL_softmax_forward
ITEM_KERNEL void
NAME (softmax_forward) (TENSOR_IN (x), TENSOR_OUT (y))
{
  USE_IN (x);
  USE_OUT (y);

  for (int line = FIRST_LINE; line < min (FIRST_LINE + CHUNK, LINES); line++)
    {
      int from = LINE_AT (X), to = LINE_AT (Y);
      VEC top = LOAD (x, from), sum = (VEC) 0;

      /* Without the largest value taken off, exp would overflow. */
      for (int i = 1; i < LENGTH; i++)
        top = fmax (top, LOAD (x, from + i * X_AXIS));
      for (int i = 0; i < LENGTH; i++)
        {
          VEC e = exp (LOAD (x, from + i * X_AXIS) - top);

          sum += e;
#if !LOG
          STORE (e, y, to + i * Y_AXIS);
#endif
        }
#if LOG
      sum = log (sum);
      for (int i = 0; i < LENGTH; i++)
        STORE (LOAD (x, from + i * X_AXIS) - top - sum, y, to + i * Y_AXIS);
#else
      for (int i = 0; i < LENGTH; i++)
        STORE (LOAD (y, to + i * Y_AXIS) / sum, y, to + i * Y_AXIS);
#endif
    }
}
#endif

#ifdef KERNEL_softmax_backward
/* dx := y × (dy - sum of y × dy), or with LOG dy - exp (y) × sum of dy, added to dx where ADD is 1. */
ITEM_KERNEL void
NAME (softmax_backward) (TENSOR_IN (y), TENSOR_IN (dy), TENSOR_OUT (dx))
{
  USE_IN (y);
  USE_IN (dy);
  USE_OUT (dx);

  for (int line = FIRST_LINE; line < min (FIRST_LINE + CHUNK, LINES); line++)
    {
      int result = LINE_AT (Y), from = LINE_AT (DY), to = LINE_AT (DX);
      VEC sum = (VEC) 0;

      for (int i = 0; i < LENGTH; i++)
#if LOG
        sum += LOAD (dy, from + i * DY_AXIS);
#else
        sum += LOAD (y, result + i * Y_AXIS) * LOAD (dy, from + i * DY_AXIS);
#endif
      for (int i = 0; i < LENGTH; i++)
        {
          VEC p = LOAD (y, result + i * Y_AXIS), d = LOAD (dy, from + i * DY_AXIS);

#if LOG
          d -= exp (p) * sum;
#else
          d = p * (d - sum);
#endif
#if ADD
          d += LOAD (dx, to + i * DX_AXIS);
#endif
          STORE (d, dx, to + i * DX_AXIS);
        }
    }
}
#endif

#undef LINE_ITEMS
#undef FIRST_LINE
#undef LINE_AT
