/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlSettings: GSettings where the schema is installed, otherwise values that last as long as the program. */

#include "config.h"

#include "app/settings.h"

#define SCHEMA "io.github.hillock.Hillock"
#define MAX_RECENT 20

struct _HlSettings
{
  GObject parent;
  GSettings *stored;      /* NULL: no schema */
  GVariantDict *values;   /* used without schema */
};

G_DEFINE_TYPE (HlSettings, hl_settings, G_TYPE_OBJECT)

static void
hl_settings_finalize (GObject *object)
{
  HlSettings *self = HL_SETTINGS (object);

  g_clear_object (&self->stored);
  g_variant_dict_unref (self->values);
  G_OBJECT_CLASS (hl_settings_parent_class)->finalize (object);
}

static void
hl_settings_class_init (HlSettingsClass *klass)
{
  G_OBJECT_CLASS (klass)->finalize = hl_settings_finalize;
}

static void
hl_settings_init (HlSettings *self)
{
  GSettingsSchemaSource *source = g_settings_schema_source_get_default ();
  GSettingsSchema *schema = source ? g_settings_schema_source_lookup (source, SCHEMA, TRUE) : NULL;

  self->values = g_variant_dict_new (NULL);
  if (schema)
    {
      self->stored = g_settings_new_full (schema, NULL, NULL);
      g_settings_schema_unref (schema);
    }
}

HlSettings *
hl_settings_new (void)
{
  return g_object_new (HL_TYPE_SETTINGS, NULL);
}

/* fallback is floating; it is what the schema says too. */
static GVariant *
get_value (HlSettings *self, const char *key, GVariant *fallback)
{
  g_autoptr (GVariant) initial = g_variant_ref_sink (fallback);
  GVariant *value
      = self->stored ? g_settings_get_value (self->stored, key) : g_variant_dict_lookup_value (self->values, key, NULL);

  return value ? value : g_steal_pointer (&initial);
}

static void
set_value (HlSettings *self, const char *key, GVariant *value)
{
  if (self->stored)
    g_settings_set_value (self->stored, key, value);
  else
    g_variant_dict_insert_value (self->values, key, value);
}

static int
get_int (HlSettings *self, const char *key, int fallback)
{
  g_autoptr (GVariant) value = get_value (self, key, g_variant_new_int32 (fallback));

  return g_variant_get_int32 (value);
}

char *
hl_settings_dup_device (HlSettings *self)
{
  g_autoptr (GVariant) value = get_value (self, "device", g_variant_new_string (""));

  return g_variant_dup_string (value, NULL);
}

void
hl_settings_set_device (HlSettings *self, const char *id)
{
  set_value (self, "device", g_variant_new_string (id ? id : ""));
}

GStrv
hl_settings_dup_recent (HlSettings *self)
{
  g_autoptr (GVariant) value = get_value (self, "recent", g_variant_new_strv (NULL, 0));

  return g_variant_dup_strv (value, NULL);
}

static void
set_recent (HlSettings *self, const char *first, const char *without)
{
  g_auto (GStrv) old = hl_settings_dup_recent (self);
  g_autoptr (GPtrArray) uris = g_ptr_array_new ();

  if (first)
    g_ptr_array_add (uris, (char *) first);
  for (guint i = 0; old[i] && uris->len < MAX_RECENT; i++)
    if (!g_str_equal (old[i], without))
      g_ptr_array_add (uris, old[i]);
  set_value (self, "recent", g_variant_new_strv ((const char *const *) uris->pdata, uris->len));
}

void
hl_settings_add_recent (HlSettings *self, GFile *file)
{
  g_autofree char *uri = g_file_get_uri (file);

  set_recent (self, uri, uri);
}

void
hl_settings_remove_recent (HlSettings *self, const char *uri)
{
  set_recent (self, NULL, uri);
}

void
hl_settings_get_window_size (HlSettings *self, int *width, int *height, gboolean *maximized)
{
  g_autoptr (GVariant) value = get_value (self, "window-maximized", g_variant_new_boolean (FALSE));

  *width = get_int (self, "window-width", 1440);
  *height = get_int (self, "window-height", 900);
  *maximized = g_variant_get_boolean (value);
}

void
hl_settings_set_window_size (HlSettings *self, int width, int height, gboolean maximized)
{
  set_value (self, "window-width", g_variant_new_int32 (width));
  set_value (self, "window-height", g_variant_new_int32 (height));
  set_value (self, "window-maximized", g_variant_new_boolean (maximized));
}

int
hl_settings_get_color_scheme (HlSettings *self)
{
  return get_int (self, "color-scheme", 0);
}

void
hl_settings_set_color_scheme (HlSettings *self, int scheme)
{
  set_value (self, "color-scheme", g_variant_new_int32 (CLAMP (scheme, 0, 2)));
}
