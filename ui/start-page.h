/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlStartPage: a gallery of networks, recent projects, and what a crash left behind. Main thread. */
#pragma once

#include <adwaita.h>

#include "app/project.h"
#include "app/settings.h"

G_BEGIN_DECLS

#define HL_TYPE_START_PAGE (hl_start_page_get_type ())
G_DECLARE_FINAL_TYPE (HlStartPage, hl_start_page, HL, START_PAGE, GtkWidget)

/* Signals: "open-template" (const char *name), "open-file" (GFile *), "open-recovery" (gpointer const HlRecovery *). */
GtkWidget *hl_start_page_new (HlSettings *settings);

G_END_DECLS
