/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlMainWindow: one window: the start page, or an open project with its pages and the run bar. Main thread. */
#pragma once

#include "app/workspace.h"
#include "ui/application.h"

G_BEGIN_DECLS

#define HL_TYPE_MAIN_WINDOW (hl_main_window_get_type ())
G_DECLARE_FINAL_TYPE (HlMainWindow, hl_main_window, HL, MAIN_WINDOW, AdwApplicationWindow)

HlMainWindow    *hl_main_window_new            (HlApplication *application);
void         hl_main_window_open_file      (HlMainWindow *self, GFile *file);          /* asks about unsaved changes first */
void         hl_main_window_open_template  (HlMainWindow *self, const char *name);     /* likewise */
void         hl_main_window_open_recovery  (HlMainWindow *self, const HlRecovery *recovery);
/* The window that has the file open already; NULL. */
HlMainWindow *hl_main_window_find     (HlApplication *application, GFile *file);
HlWorkspace *hl_main_window_get_workspace  (HlMainWindow *self);                       /* NULL on the start page */
GtkWidget   *hl_main_window_get_page       (HlMainWindow *self, const char *name);     /* "build", ...; NULL on the start page */
void         hl_main_window_toast          (HlMainWindow *self, const char *text);
/* A sentence nobody may miss. */
void         hl_main_window_show_error     (HlMainWindow *self, const char *title, const char *text);

G_END_DECLS
