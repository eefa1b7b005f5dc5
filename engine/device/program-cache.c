/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * The disk cache of compiled programs. A file is a magic word, the SHA-256 of the rest, and the driver's binary. */

#include "engine/device/program-cache.h"

#include <glib/gstdio.h>
#include <string.h>
#include <utime.h>

#define MAGIC "HLKERN1\n"
#define MAGIC_BYTES 8
#define DIGEST_BYTES 32
#define MOST_FILES 512
#define SUFFIX ".clbin"

/* The folder; NULL when caching is off. */
static char *
cache_folder (void)
{
  const char *chosen = g_getenv ("HILLOCK_KERNEL_CACHE");

  if (g_strcmp0 (chosen, "off") == 0)
    return NULL;
  if (chosen && *chosen)
    return g_strdup (chosen);
  return g_build_filename (g_get_user_cache_dir (), "hillock", "kernels", NULL);
}

static char *
cache_path (const char *key)
{
  g_autofree char *folder = cache_folder ();
  g_autofree char *name = g_strconcat (key, SUFFIX, NULL);

  return folder ? g_build_filename (folder, name, NULL) : NULL;
}

static void
digest_of (const guint8 *data, gsize size, guint8 digest[DIGEST_BYTES])
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);
  gsize length = DIGEST_BYTES;

  g_checksum_update (checksum, data, (gssize) size);
  g_checksum_get_digest (checksum, digest, &length);
}

char *
hl_program_cache_key (const HlDeviceInfo *info, const char *options, const char *source)
{
  const char *parts[] = { MAGIC, info->platform, info->name, info->vendor, info->driver, info->version, options, source };
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_SHA256);

  /* The terminating zero goes in too: "ab", "c" and "a", "bc" are different. */
  for (guint i = 0; i < G_N_ELEMENTS (parts); i++)
    g_checksum_update (checksum, (const guchar *) parts[i], (gssize) strlen (parts[i]) + 1);
  return g_strdup (g_checksum_get_string (checksum));
}

GBytes *
hl_program_cache_load (const char *key)
{
  g_autofree char *path = cache_path (key);
  g_autoptr (GBytes) file = NULL;
  guint8 digest[DIGEST_BYTES];
  char *contents = NULL;
  const guint8 *data;
  gsize size;

  if (!path || !g_file_get_contents (path, &contents, &size, NULL))
    return NULL;
  file = g_bytes_new_take (contents, size);
  data = (const guint8 *) contents;
  if (size <= MAGIC_BYTES + DIGEST_BYTES || memcmp (data, MAGIC, MAGIC_BYTES) != 0)
    return NULL;
  digest_of (data + MAGIC_BYTES + DIGEST_BYTES, size - MAGIC_BYTES - DIGEST_BYTES, digest);
  if (memcmp (data + MAGIC_BYTES, digest, DIGEST_BYTES) != 0)
    return NULL;
  /* The time of last use decides what is dropped first. */
  g_utime (path, NULL);
  return g_bytes_new_from_bytes (file, MAGIC_BYTES + DIGEST_BYTES, size - MAGIC_BYTES - DIGEST_BYTES);
}

typedef struct
{
  char *path;
  gint64 time;
} CachedFile;

static void
cached_file_free (gpointer data)
{
  CachedFile *file = data;

  g_free (file->path);
  g_free (file);
}

static int
compare_newest_first (gconstpointer a, gconstpointer b)
{
  const CachedFile *x = *(CachedFile *const *) a, *y = *(CachedFile *const *) b;

  return x->time < y->time ? 1 : x->time > y->time ? -1 : strcmp (x->path, y->path);
}

static void
drop_oldest (const char *folder)
{
  g_autoptr (GDir) directory = g_dir_open (folder, 0, NULL);
  g_autoptr (GPtrArray) files = g_ptr_array_new_with_free_func (cached_file_free);
  const char *name;

  while (directory && (name = g_dir_read_name (directory)))
    if (g_str_has_suffix (name, SUFFIX))
      {
        CachedFile *file = g_new0 (CachedFile, 1);
        GStatBuf info;

        file->path = g_build_filename (folder, name, NULL);
        file->time = g_stat (file->path, &info) == 0 ? (gint64) info.st_mtime : 0;
        g_ptr_array_add (files, file);
      }
  g_ptr_array_sort (files, compare_newest_first);
  for (guint i = MOST_FILES; i < files->len; i++)
    g_unlink (((CachedFile *) files->pdata[i])->path);
}

void
hl_program_cache_store (const char *key, GBytes *binary)
{
  g_autofree char *folder = cache_folder (), *path = cache_path (key);
  g_autoptr (GByteArray) contents = g_byte_array_new ();
  guint8 digest[DIGEST_BYTES];
  gsize size;
  const guint8 *data = g_bytes_get_data (binary, &size);

  if (!folder || g_mkdir_with_parents (folder, 0700) != 0)
    return;
  digest_of (data, size, digest);
  g_byte_array_append (contents, (const guint8 *) MAGIC, MAGIC_BYTES);
  g_byte_array_append (contents, digest, DIGEST_BYTES);
  g_byte_array_append (contents, data, (guint) size);
  /* Written beside and renamed: a reader never sees half a file. Losing it in a power cut costs a rebuild only. */
  if (g_file_set_contents_full (path, (const char *) contents->data, (gssize) contents->len,
                                G_FILE_SET_CONTENTS_CONSISTENT | G_FILE_SET_CONTENTS_ONLY_EXISTING, 0600, NULL))
    drop_oldest (folder);
}

void
hl_program_cache_drop (const char *key)
{
  g_autofree char *path = cache_path (key);

  if (path)
    g_unlink (path);
}
