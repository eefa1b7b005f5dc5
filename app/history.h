/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlHistory: labelled values to go back and forth between, without limit. Undo swaps whole values, so there is no inverse
 * operation to get wrong. Main thread. */
#pragma once

#include <glib.h>

G_BEGIN_DECLS

typedef struct _HlHistory HlHistory;

HlHistory  *hl_history_new  (gpointer initial /* taken */, GDestroyNotify free_value) G_GNUC_WARN_UNUSED_RESULT;
void        hl_history_free (HlHistory *self);
gpointer    hl_history_get  (HlHistory *self);                     /* current, borrowed */
/* label: translated, "Add Conv"; merge_key: the same non-NULL key as the top entry within one second replaces its value, so
 * that a dragged slider is one entry. Takes value; drops what could be redone. */
void        hl_history_push (HlHistory *self, const char *label, const char *merge_key, gpointer value);
void        hl_history_end_merge (HlHistory *self);                /* the next push starts an entry of its own */
gpointer    hl_history_undo (HlHistory *self);                     /* the now current value, borrowed; NULL at the start */
gpointer    hl_history_redo (HlHistory *self);
const char *hl_history_get_undo_label (HlHistory *self);           /* NULL when there is nothing to undo */
const char *hl_history_get_redo_label (HlHistory *self);
void        hl_history_mark_saved (HlHistory *self);
gboolean    hl_history_is_saved   (HlHistory *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (HlHistory, hl_history_free)

G_END_DECLS
