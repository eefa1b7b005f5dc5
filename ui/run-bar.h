/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlRunBar: the bar at the bottom of every page, see pages.h. Main thread. */
#pragma once

#include <gtk/gtk.h>

G_BEGIN_DECLS

#define HL_TYPE_RUN_BAR (hl_run_bar_get_type ())
G_DECLARE_FINAL_TYPE (HlRunBar, hl_run_bar, HL, RUN_BAR, GtkWidget)

G_END_DECLS
