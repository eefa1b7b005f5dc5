/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which input maps feed which output map in the networks of LeCun et al., who left connections out so that maps had to learn
 * different features. */

#include "engine/layers/conv-private.h"

/* Table I of LeCun, Bottou, Bengio, Haffner, "Gradient-Based Learning Applied to Document Recognition" (1998): six maps see
 * three neighbours, six see four, three see four that are not all neighbours, the last sees all: 60 of 96 pairs. */
static const guint32 lenet5_c3[] = {
  0x07, 0x0e, 0x1c, 0x38, 0x31, 0x23,
  0x0f, 0x1e, 0x3c, 0x39, 0x33, 0x27,
  0x1b, 0x36, 0x2d,
  0x3f,
};

/* "Backpropagation Applied to Handwritten Zip Code Recognition" (1989) says that each of the 12 maps of H2 sees 8 of the 12
 * maps of H1, "according to a scheme that will not be described here". This is the common guess: the maps come in three
 * groups of four, and each group of H2 sees two groups of H1. */
static const guint32 lecun1989_h2[] = {
  0x0ff, 0x0ff, 0x0ff, 0x0ff,
  0xff0, 0xff0, 0xff0, 0xff0,
  0xf0f, 0xf0f, 0xf0f, 0xf0f,
};

const guint32 *
hl_conv_table_get (int table, guint *n_filters, guint *n_channels)
{
  *n_filters = table == CONV_TABLE_LENET5_C3 ? G_N_ELEMENTS (lenet5_c3) : G_N_ELEMENTS (lecun1989_h2);
  *n_channels = table == CONV_TABLE_LENET5_C3 ? 6 : 12;
  return table == CONV_TABLE_LENET5_C3 ? lenet5_c3 : table == CONV_TABLE_LECUN1989_H2 ? lecun1989_h2 : NULL;
}
