/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What the tests of pages share: a small project with its workspace, a window around a page, finding widgets. */
#pragma once

#include "tests/app/app-test.h"
#include "ui/pages.h"

G_BEGIN_DECLS

/* hl_test_init, then the toolkit. */
void         hl_page_test_init    (int *argc, char ***argv);
/* A network that learns `n` Strokes in no time; waits until they are drawn. */
HlWorkspace *hl_page_test_workspace (guint n, guint n_test, guint epochs) G_GNUC_WARN_UNUSED_RESULT;
/* Shows the page in a window of that size and lets it be drawn. */
GtkWindow   *hl_page_test_show    (GtkWidget *page, int width, int height);
/* Closes the window and lets go of the workspace, whose files are removed. */
void         hl_page_test_end     (GtkWindow *window, HlWorkspace *workspace);
/* The nth widget of that type, depth first; NULL when there is none. */
GtkWidget   *hl_page_test_find    (GtkWidget *root, GType type, guint nth);
/* A visible label with this text somewhere in it; NULL when there is none. */
GtkWidget   *hl_page_test_find_text (GtkWidget *root, const char *text);
/* The button whose label or tooltip holds the text. */
GtkWidget   *hl_page_test_find_button (GtkWidget *root, const char *text);
/* The HlParamRow of that label. */
GtkWidget   *hl_page_test_find_row  (GtkWidget *root, const char *label);
/* Every widget under root that draws itself or takes input has a role, and pictures have a name. */
void         hl_page_test_check_accessible (GtkWidget *root);

G_END_DECLS
