/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlIdxNames: which IDX files belong together, by their names: images with labels, training with test. For
 * engine/data/formats/idx.c. A value; any thread; looks at folders, opens no file. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

enum { HL_IDX_IMAGES, HL_IDX_LABELS, HL_IDX_N_KINDS };
enum { HL_IDX_TRAIN, HL_IDX_TEST, HL_IDX_N_SETS };

typedef struct
{
  GFile *folder;
  char *name[HL_IDX_N_SETS][HL_IDX_N_KINDS];   /* in the folder; both of the test pair may be NULL */
} HlIdxNames;

/* `file`: a folder with the pairs, or with a folder “raw” that has them, or one of the files; that one trains,
 * whatever its name says.
 * HL_DATA_ERROR_MISSING or _FORMAT says what was found and which names are expected. */
gboolean hl_idx_names_find         (HlIdxNames *self, GFile *file, GCancellable *cancellable, GError **error);
void     hl_idx_names_clear        (HlIdxNames *self);
/* Files in such a folder whose name says images; 0 when the folder cannot be read. */
guint    hl_idx_names_count_images (GFile *folder);
/* TRUE when a name says images or labels. */
gboolean hl_idx_name_is_telling    (const char *file_name);

G_END_DECLS
