/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Orthogonal (Saxe, McClelland and Ganguli, "Exact solutions to the nonlinear dynamics of learning in deep linear neural
 * networks", 2014): the weight as a matrix [out][the rest] has orthonormal rows, or columns where it is taller than wide. */

#include "engine/train/initialize.h"

#include <math.h>

typedef struct
{
  double gain;
} Orthogonal;

static const HlParam orthogonal_params[] = {
  HL_FLOAT (Orthogonal, gain, N_("Gain"), HL_UNIT_NONE, 0, 1000, 1, N_("Multiplies every value; 5/3 suits tanh, 1.414 ReLU.")),
  HL_PARAM_END
};

/* Four sums side by side keep the processor's adders busy. */
static double
dot (const double *a, const double *b, gsize n)
{
  double sum[4] = { 0 };

  for (gsize i = 0; i + 3 < n; i += 4)
    for (guint k = 0; k < 4; k++)
      sum[k] += a[i + k] * b[i + k];
  for (gsize i = n / 4 * 4; i < n; i++)
    sum[0] += a[i] * b[i];
  return sum[0] + sum[1] + sum[2] + sum[3];
}

/* Takes from v its parts along n_vectors orthonormal vectors; four at a time, so that v passes through the processor less
 * often. */
static void
take_parts (double *v, const double *vectors, gsize n_vectors, gsize n)
{
  gsize j = 0;

  for (; j + 4 <= n_vectors; j += 4)
    {
      const double *a = vectors + j * n, *b = a + n, *c = b + n, *d = c + n;
      double in_a = dot (v, a, n), in_b = dot (v, b, n), in_c = dot (v, c, n), in_d = dot (v, d, n);

      for (gsize k = 0; k < n; k++)
        v[k] -= in_a * a[k] + in_b * b[k] + in_c * c[k] + in_d * d[k];
    }
  for (; j < n_vectors; j++)
    {
      double part = dot (v, vectors + j * n, n);

      for (gsize k = 0; k < n; k++)
        v[k] -= part * vectors[j * n + k];
    }
}

/* Gram-Schmidt over m vectors of n ≥ m numbers, lying one after the other. Where little of a vector is left, so much of that
 * is rounding that it is done again; twice is enough (Giraud, Langou and Rozložník, 2005). */
static void
orthonormalize (double *vectors, gsize m, gsize n)
{
  for (gsize i = 0; i < m; i++)
    {
      double *v = vectors + i * n, before = dot (v, v, n), length;

      take_parts (v, vectors, i, n);
      if (dot (v, v, n) < 0.01 * before)
        take_parts (v, vectors, i, n);
      length = sqrt (dot (v, v, n));
      for (gsize k = 0; length > 0 && k < n; k++)
        v[k] /= length;
    }
}

static void
orthogonal_fill (const void *params, const HlWeightSpec *spec, const HlRandomKey *key, float *values, gsize n)
{
  const Orthogonal *self = params;
  gsize count = hl_shape_get_count (&spec->shape), rows = spec->shape.n_dims > 0 ? spec->shape.dim[0] : 1;
  gsize columns = count / rows;
  gboolean tall = rows > columns;
  g_autofree float *normal = g_new (float, count);
  g_autofree double *vectors = g_new (double, count);

  hl_initialize_normal (key, 0, 1, normal, count);
  for (gsize i = 0; i < count; i++)
    vectors[tall ? i % columns * rows + i / columns : i] = normal[i];
  orthonormalize (vectors, tall ? columns : rows, tall ? rows : columns);
  for (gsize i = 0; i < MIN (n, count); i++)
    values[i] = (float) (self->gain * vectors[tall ? i % columns * rows + i / columns : i]);
}

const HlInitializerClass hl_orthogonal_initializer = {
  .base = {
    .name = "orthogonal",
    .title = N_("Orthogonal"),
    .summary = N_("A random rotation: lengths of vectors pass unchanged but for the gain."),
    .help = N_("The weight, as a matrix with a row for each output, gets orthonormal rows, or columns where there are more "
               "rows, times the gain: from normal numbers by Gram-Schmidt, so that every rotation is equally likely. Suits "
               "recurrent layers, whose matrix works again and again (Saxe, McClelland and Ganguli, 2014). The time grows "
               "with the square of the smaller side: matrices of thousands by thousands take minutes."),
    .params_size = sizeof (Orthogonal),
    .params = orthogonal_params,
  },
  .fill = orthogonal_fill,
};
