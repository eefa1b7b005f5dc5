/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * What window.c and window-actions.c share. */
#pragma once

#include "ui/window.h"

G_BEGIN_DECLS

struct _HlMainWindow
{
  AdwApplicationWindow parent_instance;
  HlApplication *application;
  HlWorkspace *workspace;           /* NULL: start page */
  GtkWidget *header, *title_stack, *switcher, *title, *file_button, *new_button, *open_button, *undo_button, *redo_button, *device_bin, *main_button;
  GtkWidget *toasts, *root, *start_bin, *pages, *bar_bin, *spinner;
  GtkWidget *build_page;
  GCancellable *opening;
  gboolean close_for_good;          /* the question about unsaved changes has been answered */
  char *shown_error;                /* of the session, so that each is shown once */
};

typedef void (*HlMainWindowFunc) (HlMainWindow *self, gpointer data);

/* Calls func at once when nothing is lost by leaving the project, else after the user has saved or thrown the changes
 * away. data is freed with free_data in any case. */
void hl_main_window_leave_project    (HlMainWindow *self, HlMainWindowFunc func, gpointer data, GDestroyNotify free_data);
void hl_main_window_set_workspace    (HlMainWindow *self, HlWorkspace *workspace /* NULL: start page */);
void hl_main_window_save             (HlMainWindow *self, gboolean ask_name, HlMainWindowFunc after, gpointer data, GDestroyNotify free_data);
void hl_main_window_add_actions      (HlMainWindow *self);
void hl_main_window_update_actions   (HlMainWindow *self);      /* what can be done now */

G_END_DECLS
