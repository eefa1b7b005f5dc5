/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading, writing and checking parameter structs through their tables. */

#include "engine/base/class.h"

#include <math.h>
#include <string.h>

#include "engine/base/error.h"

guint
hl_class_get_n_params (const HlClass *klass)
{
  guint n = 0;

  while (klass->params && klass->params[n].name)
    n++;
  return n;
}

const HlParam *
hl_class_find_param (const HlClass *klass, const char *name)
{
  for (const HlParam *param = klass->params; param && param->name; param++)
    if (g_str_equal (param->name, name))
      return param;
  return NULL;
}

void
hl_class_init_params (const HlClass *klass, void *params)
{
  /* Members outside the table and padding get a definite value too. */
  if (klass->params_size > 0)
    memset (params, 0, klass->params_size);
  for (const HlParam *param = klass->params; param && param->name; param++)
    hl_param_set (param, params, param->initial);
}

gpointer
hl_class_new_params (const HlClass *klass)
{
  gpointer params;

  if (klass->params_size == 0)
    return NULL;
  params = g_malloc (klass->params_size);
  hl_class_init_params (klass, params);
  return params;
}

gboolean
hl_class_params_equal (const HlClass *klass, const void *a, const void *b)
{
  for (const HlParam *param = klass->params; param && param->name; param++)
    if (hl_param_get (param, a) != hl_param_get (param, b))
      return FALSE;
  return TRUE;
}

gboolean
hl_class_check_params (const HlClass *klass, const void *params, GError **error)
{
  for (const HlParam *param = klass->params; param && param->name; param++)
    {
      double value = hl_param_get (param, params);

      if (!isfinite (value))
        {
          g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_PARAM,
                       _("%s: %s (%s) is not a number; it must lie between %g and %g."),
                       _(klass->title), _(param->label), param->name, param->min, param->max);
          return FALSE;
        }
      if (value < param->min || value > param->max)
        {
          g_set_error (error, HL_GRAPH_ERROR, HL_GRAPH_ERROR_PARAM,
                       _("%s: %s (%s) is %g; it must lie between %g and %g."),
                       _(klass->title), _(param->label), param->name, value, param->min, param->max);
          return FALSE;
        }
    }
  return TRUE;
}

double
hl_param_get (const HlParam *param, const void *params)
{
  const char *field = (const char *) params + param->offset;

  if (param->kind == HL_PARAM_FLOAT)
    return *(const double *) field;
  if (param->kind == HL_PARAM_BOOL)
    return *(const gboolean *) field ? 1 : 0;
  return *(const int *) field;
}

gboolean
hl_param_set (const HlParam *param, void *params, double value)
{
  char *field = (char *) params + param->offset;
  double before = hl_param_get (param, params);

  /* There is no nearest legal value to not-a-number, so the old one stays. */
  if (isnan (value))
    return FALSE;
  value = CLAMP (value, param->min, param->max);
  switch (param->kind)
    {
    case HL_PARAM_FLOAT:
      *(double *) field = value;
      break;
    case HL_PARAM_BOOL:
      *(gboolean *) field = value >= 0.5;
      break;
    case HL_PARAM_INT:
    case HL_PARAM_CHOICE:
      *(int *) field = (int) lround (value);
      break;
    }
  return hl_param_get (param, params) != before;
}
