/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Reading and writing whole small files so that a crash or a full disk never costs what was there before. Any thread; blocks. */
#pragma once

#include "engine/base/error.h"

G_BEGIN_DECLS

typedef enum
{
  HL_SAVE_ATOMIC,     /* another process sees the old file or the new one */
  HL_SAVE_DURABLE,    /* and so does whoever looks after a power cut: flushed to the disk */
} HlSaveMode;

/* A file behind a symbolic link is replaced, not the link. */
gboolean hl_file_save_text (GFile *file, const char *text, gssize length, HlSaveMode mode, GError **error);
/* Refuses folders, devices and files above 64 MiB by words. The text ends with a 0. */
char    *hl_file_load_text (GFile *file, gsize *length, GError **error) G_GNUC_WARN_UNUSED_RESULT;
/* With parents; an existing one is fine. */
gboolean hl_folder_make    (GFile *folder, GError **error);
/* "lenet.hillock" for messages. */
char    *hl_file_dup_name  (GFile *file) G_GNUC_WARN_UNUSED_RESULT;

G_END_DECLS
