/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlChoice: a class together with its parameter values, as plain value: "Adam with rate 0.001".
 * Owned by one holder, copied to cross threads. */
#pragma once

#include "engine/base/class.h"

G_BEGIN_DECLS

typedef struct
{
  const HlClass *klass;
  gpointer params;   /* owned; NULL when the class has none */
} HlChoice;

HlChoice *hl_choice_new   (const HlClass *klass) G_GNUC_WARN_UNUSED_RESULT;  /* initial values */
HlChoice *hl_choice_copy  (const HlChoice *self) G_GNUC_WARN_UNUSED_RESULT;  /* NULL gives NULL */
void      hl_choice_free  (HlChoice *self);
gboolean  hl_choice_equal (const HlChoice *a, const HlChoice *b);            /* NULL equals NULL only */

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlChoice, hl_choice_free)

G_END_DECLS
