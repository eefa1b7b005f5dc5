/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Which IDX files of a folder belong together: parsing their names, pairing images with labels. */

#include "engine/data/idx-names.h"

#include "engine/base/error.h"

#include <glib/gi18n.h>
#include <string.h>

/* What a name such as "train-images-idx3-ubyte.gz" says. */
typedef struct
{
  char *name;
  guint kind;
  gboolean test, gzip;
  char *stem;              /* what is left: "" for MNIST, "emnist letters" for EMNIST's parts */
  char *type;              /* "ubyte", "float", ...; "" when not said */
} Name;

static void
name_free (Name *self)
{
  g_free (self->name);
  g_free (self->stem);
  g_free (self->type);
  g_free (self);
}

static gboolean
is_one_of (const char *word, const char *words)
{
  g_auto (GStrv) list = g_strsplit (words, " ", -1);

  return g_strv_contains ((const char *const *) list, word);
}

/* NULL when the name speaks of neither images nor labels. */
static Name *
name_parse (const char *file_name)
{
  g_autofree char *lower = g_ascii_strdown (file_name, -1);
  g_auto (GStrv) words = g_strsplit_set (lower, "-_. ", -1);
  g_autoptr (GString) stem = g_string_new (NULL);
  Name *self = g_new0 (Name, 1);
  guint kind = HL_IDX_N_KINDS;

  for (guint i = 0; words[i]; i++)
    {
      const char *word = words[i];

      if (is_one_of (word, "images image img"))
        kind = HL_IDX_IMAGES;
      else if (is_one_of (word, "labels label"))
        kind = HL_IDX_LABELS;
      else if (is_one_of (word, "t10k test testing"))
        self->test = TRUE;
      else if (g_str_equal (word, "gz"))
        self->gzip = TRUE;
      else if (is_one_of (word, "ubyte byte uint8 int8 short int16 int int32 float float32 double float64"))
        {
          g_free (self->type);
          self->type = g_strdup (word);
        }
      else if (!is_one_of (word, "train training") && !g_str_has_prefix (word, "idx") && word[0] != '\0')
        g_string_append_printf (stem, "%s%s", stem->len > 0 ? " " : "", word);
    }
  self->name = g_strdup (file_name);
  self->stem = g_strdup (stem->str);
  if (!self->type)
    self->type = g_strdup ("");
  self->kind = kind;
  if (kind != HL_IDX_N_KINDS)
    return self;
  name_free (self);
  return NULL;
}

/* The names of a folder that may belong to a set, in alphabetical order. `folders` counts sub-folders so named. */
static GPtrArray *
list_names (GFile *folder, guint *n_folders, GCancellable *cancellable, GError **error)
{
  g_autoptr (GPtrArray) names = g_ptr_array_new_with_free_func ((GDestroyNotify) name_free);
  g_autoptr (GError) problem = NULL;
  g_autoptr (GFileEnumerator) entries
      = g_file_enumerate_children (folder, G_FILE_ATTRIBUTE_STANDARD_NAME "," G_FILE_ATTRIBUTE_STANDARD_TYPE,
                                   G_FILE_QUERY_INFO_NONE, cancellable, &problem);
  GFileInfo *info = NULL;

  while (entries && g_file_enumerator_iterate (entries, &info, NULL, cancellable, &problem) && info)
    {
      Name *name = name_parse (g_file_info_get_name (info));

      if (name && g_file_info_get_file_type (info) == G_FILE_TYPE_DIRECTORY)
        (*n_folders)++;
      if (name && g_file_info_get_file_type (info) == G_FILE_TYPE_REGULAR)
        g_ptr_array_add (names, name);
      else if (name)
        name_free (name);
    }
  if (problem && g_error_matches (problem, G_IO_ERROR, G_IO_ERROR_CANCELLED))
    g_propagate_error (error, g_steal_pointer (&problem));
  else if (problem)
    {
      g_autofree char *path = g_file_get_parse_name (folder);

      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
                   _("The folder “%s” cannot be read: %s. Change its permissions, or choose other data."), path,
                   problem->message);
    }
  if (problem || (error && *error))
    return NULL;
  return g_steal_pointer (&names);
}

static int
compare_names (gconstpointer a, gconstpointer b)
{
  return strcmp ((*(const Name *const *) a)->name, (*(const Name *const *) b)->name);
}

/* The best file of that kind; files of the wanted type, then bytes (they need the least memory), then plain files
 * (they are read fastest) come first. */
static const Name *
pick (GPtrArray *names, guint kind, gboolean test, const char *stem, const char *type)
{
  const Name *best = NULL;
  int best_score = -1;

  for (guint i = 0; i < names->len; i++)
    {
      const Name *name = names->pdata[i];
      int score = (type && g_str_equal (name->type, type) ? 4 : 0) + (is_one_of (name->type, "ubyte uint8") ? 2 : 0)
                  + (name->gzip ? 0 : 1);

      if (name->kind == kind && name->test == test && g_str_equal (name->stem, stem) && score > best_score)
        {
          best = name;
          best_score = score;
        }
    }
  return best;
}

/* ---- Which files belong together ---- */

/* The files while they are looked for. */
typedef struct
{
  GFile *folder;
  GPtrArray *list;                          /* of Name */
  const Name *names[HL_IDX_N_SETS][HL_IDX_N_KINDS];       /* in `list`; the test pair may be missing */
} Set;

static char *
partner_name (const Name *name)
{
  g_autoptr (GString) text = g_string_new (name->name);
  gboolean images = name->kind == HL_IDX_IMAGES;

  g_string_replace (text, images ? "images" : "labels", images ? "labels" : "images", 1);
  g_string_replace (text, images ? "idx3" : "idx1", images ? "idx1" : "idx3", 1);
  if (images && name->type[0] != '\0')
    g_string_replace (text, name->type, "ubyte", 1);
  return g_strdup (text->str);
}

/* Finds the other half of names[set][kind]. */
static gboolean
find_partner (Set *self, guint set, guint kind, GError **error)
{
  const Name *name = self->names[set][kind];
  g_autofree char *path = g_file_get_parse_name (self->folder);
  g_autofree char *expected = partner_name (name);

  self->names[set][!kind] = pick (self->list, !kind, name->test, name->stem, NULL);
  if (self->names[set][!kind])
    return TRUE;
  g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
               _("The file “%s” in “%s” has no %s: a file such as “%s” is expected beside it. Put it there."),
               name->name, path, kind == HL_IDX_IMAGES ? _("labels") : _("images"), expected);
  return FALSE;
}

static gboolean
fail_no_training_images (Set *self, guint n_folders, GError **error)
{
  g_autofree char *path = g_file_get_parse_name (self->folder);
  const char *found = _("no file whose name says images");

  if (pick (self->list, HL_IDX_IMAGES, TRUE, "", NULL))
    found = _("only test images");
  else if (self->list->len > 0)
    found = _("only labels");
  else if (n_folders > 0)
    found = _("a folder of such a name instead of a file");
  g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
               _("The folder “%s” holds no training images: there is %s. Expected are IDX files such as "
                 "“train-images-idx3-ubyte.gz” and “train-labels-idx1-ubyte.gz”. Choose the folder they lie in."),
               path, found);
  return FALSE;
}

static gboolean
choose_in_folder (Set *self, guint n_folders, GError **error)
{
  const Name *first = NULL;

  for (guint i = 0; i < self->list->len; i++)
    {
      const Name *name = self->list->pdata[i];

      if (name->kind != HL_IDX_IMAGES || name->test)
        continue;
      if (first && !g_str_equal (first->stem, name->stem))
        {
          g_autofree char *path = g_file_get_parse_name (self->folder);

          g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                       _("The folder “%s” holds several sets of training images, among them “%s” and “%s”. Choose one "
                         "of these files instead of the folder."), path, first->name, name->name);
          return FALSE;
        }
      if (!first)
        first = name;
    }
  if (!first)
    return fail_no_training_images (self, n_folders, error);
  self->names[HL_IDX_TRAIN][HL_IDX_IMAGES] = pick (self->list, HL_IDX_IMAGES, FALSE, first->stem, NULL);
  return find_partner (self, HL_IDX_TRAIN, HL_IDX_IMAGES, error);
}

/* The chosen file and its other half train, also when the name says test: it was chosen. */
static gboolean
choose_by_file (Set *self, const char *file_name, GError **error)
{
  for (guint i = 0; i < self->list->len; i++)
    {
      const Name *name = self->list->pdata[i];

      if (g_str_equal (name->name, file_name))
        {
          self->names[HL_IDX_TRAIN][name->kind] = name;
          return find_partner (self, HL_IDX_TRAIN, name->kind, error);
        }
    }
  g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_MISSING,
               _("The name “%s” does not tell which file holds its labels. Name the two files, for instance, "
                 "“train-images-idx3-ubyte” and “train-labels-idx1-ubyte”, in one folder."), file_name);
  return FALSE;
}

static gboolean
choose (Set *self, GFile *file, gboolean is_folder, guint n_folders, GError **error)
{
  g_autofree char *file_name = g_file_get_basename (file);
  const Name *train;

  if (!(is_folder ? choose_in_folder (self, n_folders, error) : choose_by_file (self, file_name, error)))
    return FALSE;
  train = self->names[HL_IDX_TRAIN][HL_IDX_IMAGES];
  if (!train->test)
    self->names[HL_IDX_TEST][HL_IDX_IMAGES] = pick (self->list, HL_IDX_IMAGES, TRUE, train->stem, train->type);
  return !self->names[HL_IDX_TEST][HL_IDX_IMAGES] || find_partner (self, HL_IDX_TEST, HL_IDX_IMAGES, error);
}

static guint
count_images (GFile *folder)
{
  guint n_folders = 0, n_images = 0;
  g_autoptr (GPtrArray) list = list_names (folder, &n_folders, NULL, NULL);

  for (guint i = 0; list && i < list->len; i++)
    n_images += ((Name *) list->pdata[i])->kind == HL_IDX_IMAGES;
  return n_images;
}

/* torchvision keeps the files in a folder “raw” below the set's own. */
static GFile *
find_folder (GFile *folder)
{
  g_autoptr (GFile) raw = g_file_get_child (folder, "raw");

  return g_object_ref (count_images (folder) == 0 && count_images (raw) > 0 ? raw : folder);
}

gboolean
hl_idx_names_find (HlIdxNames *self, GFile *file, GCancellable *cancellable, GError **error)
{
  gboolean is_folder = g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, cancellable) == G_FILE_TYPE_DIRECTORY;
  g_autoptr (GFile) folder = is_folder ? find_folder (file) : g_file_get_parent (file);
  guint n_folders = 0;
  g_autoptr (GPtrArray) list = list_names (folder, &n_folders, cancellable, error);
  Set set = { .folder = folder, .list = list };

  if (!list)
    return FALSE;
  g_ptr_array_sort (list, compare_names);
  if (!choose (&set, file, is_folder, n_folders, error))
    return FALSE;
  self->folder = g_object_ref (folder);
  for (guint i = 0; i < HL_IDX_N_SETS; i++)
    for (guint j = 0; j < HL_IDX_N_KINDS; j++)
      self->name[i][j] = set.names[i][j] ? g_strdup (set.names[i][j]->name) : NULL;
  return TRUE;
}

void
hl_idx_names_clear (HlIdxNames *self)
{
  g_clear_object (&self->folder);
  for (guint i = 0; i < HL_IDX_N_SETS; i++)
    for (guint j = 0; j < HL_IDX_N_KINDS; j++)
      g_clear_pointer (&self->name[i][j], g_free);
}

gboolean
hl_idx_name_is_telling (const char *file_name)
{
  Name *name = name_parse (file_name);

  if (!name)
    return FALSE;
  name_free (name);
  return TRUE;
}

guint
hl_idx_names_count_images (GFile *folder)
{
  g_autoptr (GFile) found = find_folder (folder);

  return count_images (found);
}
