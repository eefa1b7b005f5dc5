/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of app share: waiting with a limit, folders of their own, small projects. */
#pragma once

#include "app/project.h"
#include "app/session.h"

G_BEGIN_DECLS

/* Starts the test framework with folders of its own instead of the user's. */
void      hl_test_init   (int *argc, char ***argv);

/* Runs the main loop until done () or the limit, which fails the test naming `what`. */
typedef gboolean (*HlTestFunc) (gpointer data);
void      hl_test_wait   (HlTestFunc done, gpointer data, double seconds, const char *what);
/* Runs the main loop for that long. */
void      hl_test_run_loop (double seconds);

/* An empty folder for this test; removed with everything in it by hl_test_remove_tree. */
GFile    *hl_test_make_folder  (void) G_GNUC_WARN_UNUSED_RESULT;
void      hl_test_remove_tree  (GFile *folder);

/* A network that learns Strokes in no time: input, flatten, linear, relu, linear; `n` training samples. */
HlProjectState *hl_test_small_state (guint n, guint n_test, guint batch, guint epochs) G_GNUC_WARN_UNUSED_RESULT;
HlProjectState *hl_test_with_rate   (HlProjectState *state /* taken */, double learning_rate) G_GNUC_WARN_UNUSED_RESULT;
HlDataset      *hl_test_open_data   (HlProjectState *state) G_GNUC_WARN_UNUSED_RESULT;

/* Wait for the asynchronous call. */
HlProject *hl_test_open_project (GFile *file, GError **error) G_GNUC_WARN_UNUSED_RESULT;
gboolean   hl_test_save_project (HlProject *project, GFile *file, gboolean force, GError **error);
char      *hl_test_dup_text     (HlProject *project) G_GNUC_WARN_UNUSED_RESULT;   /* of its state */

/* Skips the test and returns TRUE where there is no device. */
gboolean   hl_test_skip_without_device (void);
/* How often to repeat: `n`, or more when HILLOCK_TEST_ROUNDS says so. */
guint      hl_test_rounds (guint n);

G_END_DECLS
