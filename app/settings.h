/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Typed access to the program's GSettings (io.github.hillock.Hillock); works with defaults when the schema is not installed. Main thread. */
#pragma once

#include <gio/gio.h>

G_BEGIN_DECLS

#define HL_TYPE_SETTINGS (hl_settings_get_type ())
G_DECLARE_FINAL_TYPE (HlSettings, hl_settings, HL, SETTINGS, GObject)

HlSettings *hl_settings_new          (void) G_GNUC_WARN_UNUSED_RESULT;
char       *hl_settings_dup_device   (HlSettings *self);                 /* "" for the default */
void        hl_settings_set_device   (HlSettings *self, const char *id);
GStrv       hl_settings_dup_recent   (HlSettings *self);                 /* URIs, newest first, at most 20 */
void        hl_settings_add_recent   (HlSettings *self, GFile *file);
void        hl_settings_remove_recent(HlSettings *self, const char *uri);
void        hl_settings_get_window_size (HlSettings *self, int *width, int *height, gboolean *maximized);
void        hl_settings_set_window_size (HlSettings *self, int width, int height, gboolean maximized);
int         hl_settings_get_color_scheme (HlSettings *self);             /* 0 system, 1 light, 2 dark */
void        hl_settings_set_color_scheme (HlSettings *self, int scheme);

G_END_DECLS
