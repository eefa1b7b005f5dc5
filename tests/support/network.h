/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Networks and data for tests of training: chains written as text, numbers from a formula that make-golden.py shares. */
#pragma once

#include "engine/data/dataset.h"
#include "engine/graph/graph.h"

G_BEGIN_DECLS

/* "input:channels=1;height=28;width=28 conv2d:filters=6:conv1 relu": layer[:parameters[:name]], each after the one
 * before. Frozen. */
HlGraph   *test_network (const char *text);
/* LeNet-5 with ReLU, max pooling and padding 2; 61 706 parameters named conv1, conv2, linear1 to linear3. */
HlGraph   *test_lenet   (void);

/* n numbers between -scale and scale from a hash of their index. */
void       test_formula (guint32 salt, gsize n, double scale, float *values);

/* n images of 28×28 in noise, with a bright rectangle whose place tells which of ten classes; the last n_test are the
 * test part. Labels i × 7 mod 10. */
HlDataset *test_images  (gsize n, gsize n_test);
/* 1×8×8 images of four classes that a small network learns quickly. */
HlDataset *test_small_images (gsize n, gsize n_test);
/* n images of any size in noise, with a bright band from top to bottom whose place tells the label's last digit. Labels
 * i × 7 mod n_classes. */
HlDataset *test_bands  (const HlShape *shape, guint n_classes, gsize n);

G_END_DECLS
