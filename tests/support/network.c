/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Networks and data for tests of training. */

#include "tests/support/network.h"

#include "tests/support/walk.h"

HlGraph *
test_network (const char *text)
{
  HlGraph *graph = hl_graph_new ();
  g_auto (GStrv) words = g_strsplit (text, " ", -1);
  guint32 last = 0;
  g_autoptr (GError) error = NULL;

  for (guint i = 0; words[i]; i++)
    {
      g_auto (GStrv) parts = g_strsplit (words[i], ":", 3);
      const HlLayerClass *klass = hl_layer_class_find (parts[0]);
      guint32 node;

      g_assert_nonnull (klass);
      node = hl_graph_add_node (graph, klass, 0, 0);
      if (parts[1] && *parts[1])
        test_set_params (&klass->base, hl_graph_get_params (graph, node), parts[1]);
      if (parts[1] && parts[2])
        hl_graph_rename_node (graph, node, parts[2], &error);
      g_assert_no_error (error);
      if (last != 0)
        hl_graph_connect (graph, last, node, 0, &error);
      g_assert_no_error (error);
      last = node;
    }
  hl_graph_freeze (graph);
  return graph;
}

HlGraph *
test_lenet (void)
{
  return test_network ("input:channels=1;height=28;width=28 conv2d:filters=6;size_y=5;size_x=5;padding_y=2;padding_x=2:conv1 "
                       "relu max_pool2d conv2d:filters=16;size_y=5;size_x=5:conv2 relu max_pool2d flatten "
                       "linear:units=120:linear1 relu linear:units=84:linear2 relu linear:units=10:linear3");
}

void
test_formula (guint32 salt, gsize n, double scale, float *values)
{
  for (gsize i = 0; i < n; i++)
    {
      guint32 h = (guint32) i * 2654435761u + salt * 40503u;

      h = (h ^ h >> 16) * 0x85EBCA6Bu;
      h = (h ^ h >> 13) * 0xC2B2AE35u;
      h ^= h >> 16;
      values[i] = (float) (scale * ((h >> 8) / 8388608.0 - 1));
    }
}

static HlDataset *
make_images (guint size, guint n_classes, gsize n, gsize n_test, guint salt)
{
  gsize plane = (gsize) size * size;
  g_autoptr (GError) error = NULL;
  float *values = hl_dataset_alloc_values (n * plane * sizeof *values, &error);
  gint32 *labels = g_new (gint32, n);
  guint rows = size < 28 ? size / 2 : 8, columns = size < 28 ? size / 2 : 4;

  g_assert_no_error (error);
  test_formula (salt, n * plane, 0.5, values);
  for (gsize i = 0; i < n; i++)
    {
      guint label = (guint) (i * 7 % n_classes);
      guint top = size < 28 ? label / 2 * rows : 2 + label / 5 * 12;
      guint left = size < 28 ? label % 2 * columns : 2 + label % 5 * 5;

      labels[i] = (gint32) label;
      for (guint y = 0; y < rows; y++)
        for (guint x = 0; x < columns; x++)
          {
            float *pixel = values + i * plane + (gsize) (top + y) * size + left + x;

            *pixel = (float) ((double) *pixel + 1);
          }
    }
  return hl_dataset_new ("test images", &HL_SHAPE_3 (1, size, size), HL_DTYPE_F32, values, n, n_test, labels, n_classes, NULL);
}

HlDataset *
test_images (gsize n, gsize n_test)
{
  return make_images (28, 10, n, n_test, 1);
}

HlDataset *
test_small_images (gsize n, gsize n_test)
{
  return make_images (8, 4, n, n_test, 2);
}

HlDataset *
test_bands (const HlShape *shape, guint n_classes, gsize n)
{
  gsize sample = hl_shape_get_count (shape), width = hl_shape_columns (shape);
  g_autoptr (GError) error = NULL;
  float *values = hl_dataset_alloc_values (n * sample * sizeof *values, &error);
  gint32 *labels = g_new (gint32, n);

  g_assert_no_error (error);
  test_formula (1, n * sample, 0.5, values);
  for (gsize i = 0; i < n; i++)
    {
      gsize label = i * 7 % n_classes, first = label % 10 * width / 10, end = (label % 10 + 1) * width / 10;

      labels[i] = (gint32) label;
      for (gsize k = 0; k < sample; k++)
        if (k % width >= first && k % width < end)
          values[i * sample + k] = (float) ((double) values[i * sample + k] + 1);
    }
  return hl_dataset_new ("test bands", shape, HL_DTYPE_F32, values, n, 0, labels, n_classes, NULL);
}
