/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * A project in a folder of its own with a session, for the tests of sessions. */
#pragma once

#include "app/run-private.h"
#include "tests/app/app-test.h"

G_BEGIN_DECLS

typedef struct
{
  GFile *folder;
  HlProject *project;
  HlRunList *runs;
  HlSession *session;
  HlDataset *dataset;
  GPtrArray *notices;
  guint n_finished, n_probes;
} Fixture;

void     fixture_init         (Fixture *self, HlProjectState *state /* taken */);
void     fixture_clear        (Fixture *self);
void     fixture_open_session (Fixture *self);
void     fixture_start        (Fixture *self, gboolean paused);
guint    fixture_n_steps      (Fixture *self);
/* The error message is there and speaks of `part`. */
void     fixture_assert_message (Fixture *self, const char *part);
char    *fixture_hash_file    (GFile *folder, const char *name) G_GNUC_WARN_UNUSED_RESULT;

/* For hl_test_wait, with a Fixture. */
gboolean fixture_is_idle      (gpointer data);
gboolean fixture_is_paused    (gpointer data);
gboolean fixture_has_steps    (gpointer data);
gboolean fixture_has_notice   (gpointer data);
/* Paused with that many steps made. */
typedef struct { Fixture *fixture; guint n; } Wanted;
gboolean fixture_has_n_steps  (gpointer data);

/* A limit on the size of files stands for a disk without room. */
void     set_file_limit       (guint64 bytes);

G_END_DECLS
