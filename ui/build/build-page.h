/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlBuildPage: the page of pages.h, for the window and tests. Main thread. */
#pragma once

#include "ui/canvas/canvas.h"

G_BEGIN_DECLS

#define HL_TYPE_BUILD_PAGE (hl_build_page_get_type ())
G_DECLARE_FINAL_TYPE (HlBuildPage, hl_build_page, HL, BUILD_PAGE, GtkWidget)

void      hl_build_page_toggle_palette (HlBuildPage *self);
HlCanvas *hl_build_page_get_canvas     (HlBuildPage *self);

G_END_DECLS
