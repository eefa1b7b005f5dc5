/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The pages of the window. Each is a widget made for one workspace; the window replaces them when another project is opened. */
#pragma once

#include <adwaita.h>

#include "app/workspace.h"

G_BEGIN_DECLS

GtkWidget *hl_build_page_new   (HlWorkspace *workspace);
GtkWidget *hl_data_page_new    (HlWorkspace *workspace);
GtkWidget *hl_train_page_new   (HlWorkspace *workspace);
GtkWidget *hl_inspect_page_new (HlWorkspace *workspace);

/* The bar at the bottom of every page: start, pause, step, stop, progress, numbers. */
GtkWidget *hl_run_bar_new      (HlWorkspace *workspace);

G_END_DECLS
