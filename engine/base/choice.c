/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlChoice: making, copying and comparing. */

#include "engine/base/choice.h"

HlChoice *
hl_choice_new (const HlClass *klass)
{
  HlChoice *self = g_new0 (HlChoice, 1);

  self->klass = klass;
  self->params = hl_class_new_params (klass);
  return self;
}

HlChoice *
hl_choice_copy (const HlChoice *self)
{
  HlChoice *copy;

  if (!self)
    return NULL;
  copy = g_new0 (HlChoice, 1);
  copy->klass = self->klass;
  copy->params = g_memdup2 (self->params, self->klass->params_size);
  return copy;
}

void
hl_choice_free (HlChoice *self)
{
  if (!self)
    return;
  g_free (self->params);
  g_free (self);
}

gboolean
hl_choice_equal (const HlChoice *a, const HlChoice *b)
{
  if (!a || !b)
    return a == b;
  return a->klass == b->klass && hl_class_params_equal (a->klass, a->params, b->params);
}
