/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the curves of a run say, in sentences a student understands: still learning, learning by heart, guessing. hl_health_check is pure;
 * HlHealthCard shows its sentences for a run. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/run.h"

G_BEGIN_DECLS

typedef enum { HL_HEALTH_GOOD, HL_HEALTH_ATTENTION } HlHealthLevel;

typedef struct { HlHealthLevel level; char *text; } HlHealthNote;

void       hl_health_note_free (HlHealthNote *self);

/* n_epochs values each, oldest first, means over whole epochs; validation arrays NULL: no validation part. n_classes 0: unknown. */
typedef struct
{
  guint n_epochs, n_classes;
  const double *training_loss, *training_accuracy, *validation_loss, *validation_accuracy;
} HlHealthCurves;

/* Of HlHealthNote; empty before the first epoch is over. */
GPtrArray *hl_health_check (const HlHealthCurves *curves) G_GNUC_WARN_UNUSED_RESULT;

#define HL_TYPE_HEALTH_CARD (hl_health_card_get_type ())
G_DECLARE_FINAL_TYPE (HlHealthCard, hl_health_card, HL, HEALTH_CARD, GtkBox)

GtkWidget *hl_health_card_new     (void);
void       hl_health_card_set_run (HlHealthCard *self, HlRun *run);   /* NULL: none; looks at it anew, also for the same run */

G_END_DECLS
