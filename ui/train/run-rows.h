/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The list of a project's runs, newest on top: colour (a click shows the run in the charts), title, what differs from the run before,
 * accuracy, star, and a menu. Main thread. */
#pragma once

#include <gtk/gtk.h>

#include "app/workspace.h"

G_BEGIN_DECLS

/* A GtkListBox bound to the workspace's runs, with one row selected at most. */
GtkWidget *hl_run_rows_new     (HlWorkspace *workspace);
/* The run of a row; NULL gives NULL. */
HlRun     *hl_run_rows_get_run (GtkListBoxRow *row);

G_END_DECLS
