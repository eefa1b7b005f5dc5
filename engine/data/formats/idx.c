/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * IDX files, the form of MNIST and its many descendants: images in one file, labels in another, a second pair for
 * the test. Which file is which shows in its name; what the elements are, in its header. */

#include "engine/data/dataset.h"
#include "engine/data/idx-file.h"
#include "engine/data/idx-names.h"

#include <inttypes.h>
#include <string.h>

#define PIECE_ELEMENTS (1u << 20)
#define MOST_CLASSES 10000
#define MOST_NAMES_BYTES (1 << 20)

/* ---- Reading ---- */

typedef struct
{
  HlIdxNames names;
  HlIdxFile *files[HL_IDX_N_SETS][HL_IDX_N_KINDS];
  gsize n[HL_IDX_N_SETS];
  HlShape shape;
  HlDType type;
  gpointer values;
  gint32 *labels;
  guint n_classes;
  GStrv class_names;
  const char *title;             /* of a well-known set; NULL: the folder's name */
} Reader;

static void
reader_clear (Reader *self)
{
  hl_idx_names_clear (&self->names);
  for (guint i = 0; i < HL_IDX_N_SETS * HL_IDX_N_KINDS; i++)
    g_clear_pointer (&self->files[i / HL_IDX_N_KINDS][i % HL_IDX_N_KINDS], hl_idx_file_free);
  g_clear_pointer (&self->values, hl_dataset_free_values);
  g_clear_pointer (&self->labels, g_free);
  g_clear_pointer (&self->class_names, g_strfreev);
}

G_DEFINE_AUTO_CLEANUP_CLEAR_FUNC (Reader, reader_clear)

/* sample, row, column; with four dimensions sample, channel, row, column; with fewer one row of numbers. */
static HlShape
sample_shape (const HlIdxFile *file)
{
  const guint32 *dims = hl_idx_file_get_dims (file);

  switch (hl_idx_file_get_n_dims (file))
    {
    case 1:
      return HL_SHAPE_3 (1, 1, 1);
    case 2:
      return HL_SHAPE_3 (1, 1, dims[1]);
    case 3:
      return HL_SHAPE_3 (1, dims[1], dims[2]);
    default:
      return HL_SHAPE_3 (dims[1], dims[2], dims[3]);
    }
}

static gboolean
check_pair (Reader *self, guint set, GError **error)
{
  HlIdxFile *images = self->files[set][HL_IDX_IMAGES], *labels = self->files[set][HL_IDX_LABELS];
  guint32 n_images = hl_idx_file_get_dims (images)[0], n_labels = hl_idx_file_get_dims (labels)[0];

  if (hl_idx_file_get_n_dims (labels) != 1)
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                 _("“%s” has %u dimensions, but labels are expected to have 1. Choose a file of labels."),
                 hl_idx_file_get_path (labels), hl_idx_file_get_n_dims (labels));
  else if (hl_idx_file_get_type (labels) > HL_IDX_I32)
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                 _("“%s” holds values of type %s, but labels are expected to be whole numbers. Choose a file of "
                   "labels."),
                 hl_idx_file_get_path (labels), hl_idx_type_get_name (hl_idx_file_get_type (labels)));
  else if (n_images != n_labels)
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                 _("“%s” holds %u samples, but “%s” holds %u labels. The two files do not belong together: get both "
                   "from one place."), hl_idx_file_get_path (images), n_images, hl_idx_file_get_path (labels),
                 n_labels);
  else
    return TRUE;
  return FALSE;
}

/* Training and test samples must be of one kind. */
static gboolean
check_sets (Reader *self, GError **error)
{
  const HlIdxFile *train = self->files[HL_IDX_TRAIN][HL_IDX_IMAGES], *test = self->files[HL_IDX_TEST][HL_IDX_IMAGES];
  HlShape test_shape = sample_shape (test);
  g_autofree char *train_text = hl_shape_to_string (&self->shape);
  g_autofree char *test_text = hl_shape_to_string (&test_shape);

  if (!hl_shape_equal (&self->shape, &test_shape))
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                 _("The samples of “%s” are %s, but those of “%s” are %s. Training and test samples must be equally "
                   "large."), hl_idx_file_get_path (train), train_text, hl_idx_file_get_path (test), test_text);
  else if (hl_idx_file_get_type (train) != hl_idx_file_get_type (test))
    g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                 _("“%s” holds values of type %s, but “%s” of type %s. Training and test samples must be of one type."),
                 hl_idx_file_get_path (train), hl_idx_type_get_name (hl_idx_file_get_type (train)),
                 hl_idx_file_get_path (test), hl_idx_type_get_name (hl_idx_file_get_type (test)));
  else
    return TRUE;
  return FALSE;
}

static gboolean
open_files (Reader *self, GCancellable *cancellable, GError **error)
{
  for (guint i = 0; i < HL_IDX_N_SETS * HL_IDX_N_KINDS; i++)
    {
      const char *name = self->names.name[i / HL_IDX_N_KINDS][i % HL_IDX_N_KINDS];
      g_autoptr (GFile) file = name ? g_file_get_child (self->names.folder, name) : NULL;

      if (file)
        self->files[i / HL_IDX_N_KINDS][i % HL_IDX_N_KINDS] = hl_idx_file_open (file, cancellable, error);
      if (file && !self->files[i / HL_IDX_N_KINDS][i % HL_IDX_N_KINDS])
        return FALSE;
    }
  self->shape = sample_shape (self->files[HL_IDX_TRAIN][HL_IDX_IMAGES]);
  self->type = HL_DTYPE_F32;
  if (hl_idx_file_get_type (self->files[HL_IDX_TRAIN][HL_IDX_IMAGES]) == HL_IDX_U8)
    self->type = HL_DTYPE_U8;
  for (guint set = 0; set < HL_IDX_N_SETS; set++)
    if (self->files[set][HL_IDX_IMAGES])
      {
        if (!check_pair (self, set, error) || (set == HL_IDX_TEST && !check_sets (self, error)))
          return FALSE;
        self->n[set] = hl_idx_file_get_dims (self->files[set][HL_IDX_IMAGES])[0];
      }
  return TRUE;
}

static gboolean
read_images (Reader *self, guint set, const HlProgress *progress, GCancellable *cancellable, GError **error)
{
  HlIdxFile *file = self->files[set][HL_IDX_IMAGES];
  gsize sample = hl_shape_get_count (&self->shape), n = self->n[set] * sample;
  gsize first = set == HL_IDX_TEST ? self->n[HL_IDX_TRAIN] * sample : 0;
  gsize total = (self->n[HL_IDX_TRAIN] + self->n[HL_IDX_TEST]) * sample;

  for (gsize done = 0; done < n;)
    {
      gsize piece = MIN (n - done, PIECE_ELEMENTS);
      gboolean good;

      hl_progress_report (progress, (double) (first + done) / (double) total, _("Reading %s"),
                          self->names.name[set][HL_IDX_IMAGES]);
      if (self->type == HL_DTYPE_U8)
        good = hl_idx_file_read_bytes (file, (guint8 *) self->values + first + done, piece, cancellable, error);
      else
        good = hl_idx_file_read_floats (file, (float *) self->values + first + done, piece, cancellable, error);
      if (!good)
        return FALSE;
      done += piece;
    }
  return hl_idx_file_check_end (file, cancellable, error);
}

static gboolean
read_labels (Reader *self, guint set, GCancellable *cancellable, GError **error)
{
  HlIdxFile *file = self->files[set][HL_IDX_LABELS];
  gint32 *labels = self->labels + (set == HL_IDX_TEST ? self->n[HL_IDX_TRAIN] : 0);

  return hl_idx_file_read_ints (file, labels, self->n[set], cancellable, error)
         && hl_idx_file_check_end (file, cancellable, error);
}

static gboolean
read_all (Reader *self, const HlProgress *progress, GCancellable *cancellable, GError **error)
{
  gsize n = self->n[HL_IDX_TRAIN] + self->n[HL_IDX_TEST];
  guint64 n_bytes;

  if (!g_uint64_checked_mul (&n_bytes, n, hl_shape_get_count (&self->shape))
      || !g_uint64_checked_mul (&n_bytes, n_bytes, hl_dtype_get_size (self->type)))
    n_bytes = G_MAXSIZE;
  self->labels = g_new (gint32, n);
  for (guint set = 0; set < HL_IDX_N_SETS; set++)
    if (self->files[set][HL_IDX_LABELS] && !read_labels (self, set, cancellable, error))
      return FALSE;
  self->values = hl_dataset_alloc_values (n_bytes, error);
  if (!self->values)
    {
      g_prefix_error (error, _("“%s”: "), hl_idx_file_get_path (self->files[HL_IDX_TRAIN][HL_IDX_IMAGES]));
      return FALSE;
    }
  for (guint set = 0; set < HL_IDX_N_SETS; set++)
    if (self->files[set][HL_IDX_IMAGES] && !read_images (self, set, progress, cancellable, error))
      return FALSE;
  hl_progress_report (progress, 1, _("Read %zu samples"), n);
  return TRUE;
}

/* ---- Classes ---- */

/* The files do not say what their classes are called, but some sets everybody knows. */
static const struct
{
  const char *md5;               /* of the training labels */
  const char *title;
  const char *class_names;
} known_sets[] = {
  { "a25bea736e30d166cdddb491f175f624", "MNIST", NULL },
  { "9018921c3c673c538a1fc5bad174d6f9", "Fashion-MNIST",
    "T-shirt/top|Trouser|Pullover|Dress|Coat|Sandal|Shirt|Sneaker|Bag|Ankle boot" },
  { "0b8da1613512399e4c031f1c3a79ea05", "USPS", NULL },
};

static void
recognise (Reader *self)
{
  g_autoptr (GChecksum) checksum = g_checksum_new (G_CHECKSUM_MD5);
  guint32 n = (guint32) self->n[HL_IDX_TRAIN], big_endian[2] = { GUINT32_TO_BE (0x801), GUINT32_TO_BE (n) };

  g_checksum_update (checksum, (const guchar *) big_endian, sizeof big_endian);
  for (guint32 i = 0; i < n; i++)
    g_checksum_update (checksum, &(guchar) { (guchar) self->labels[i] }, 1);
  for (guint i = 0; i < G_N_ELEMENTS (known_sets); i++)
    if (g_str_equal (g_checksum_get_string (checksum), known_sets[i].md5))
      {
        self->title = known_sets[i].title;
        if (known_sets[i].class_names && !self->class_names)
          self->class_names = g_strsplit (known_sets[i].class_names, "|", -1);
      }
}

/* "class-names.txt" beside the files, one name a line, is the user's own word on the classes. */
static gboolean
read_class_names (Reader *self, GCancellable *cancellable, GError **error)
{
  g_autoptr (GFile) file = g_file_get_child (self->names.folder, "class-names.txt");
  g_autoptr (GFileInfo) info
      = g_file_query_info (file, G_FILE_ATTRIBUTE_STANDARD_TYPE "," G_FILE_ATTRIBUTE_STANDARD_SIZE,
                           G_FILE_QUERY_INFO_NONE, cancellable, NULL);
  g_autofree char *path = g_file_get_parse_name (file), *text = NULL;
  g_auto (GStrv) lines = NULL;
  g_autoptr (GStrvBuilder) names = g_strv_builder_new ();

  if (!info || g_file_info_get_file_type (info) != G_FILE_TYPE_REGULAR)
    return TRUE;
  if (g_file_info_get_size (info) > MOST_NAMES_BYTES)
    {
      g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
                   _("“%s” is %" PRId64 " bytes long; expected are the names of the classes, one a line, in at most "
                     "%d bytes. Correct or remove it."), path, g_file_info_get_size (info), MOST_NAMES_BYTES);
      return FALSE;
    }
  if (!g_file_load_contents (file, cancellable, &text, NULL, NULL, error))
    {
      g_prefix_error (error, _("“%s” cannot be read: "), path);
      return FALSE;
    }
  lines = g_strsplit (text, "\n", -1);
  for (guint i = 0; lines[i]; i++)
    {
      g_autofree char *name = g_utf8_make_valid (g_strstrip (lines[i]), -1);

      if (name[0] != '\0')
        g_strv_builder_add (names, name);
    }
  self->class_names = g_strv_builder_end (names);
  if (self->class_names[0])
    return TRUE;
  g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
               _("“%s” is empty; expected are the names of the classes, one a line. Correct or remove it."), path);
  return FALSE;
}

static gboolean
fail_label (Reader *self, gsize index, const char *expected, GError **error)
{
  guint set = index < self->n[HL_IDX_TRAIN] ? HL_IDX_TRAIN : HL_IDX_TEST;

  g_set_error (error, HL_DATA_ERROR, HL_DATA_ERROR_FORMAT,
               _("“%s” holds the label %d, at sample %zu (counted from 0); expected are %s. Correct the labels."),
               hl_idx_file_get_path (self->files[set][HL_IDX_LABELS]), self->labels[index],
               index - (set == HL_IDX_TEST ? self->n[HL_IDX_TRAIN] : 0), expected);
  return FALSE;
}

/* The classes are those with a name or, without names, those of the training labels. */
static gboolean
check_labels (Reader *self, GError **error)
{
  g_autofree char *expected = NULL;
  gint32 n_classes = self->class_names ? (gint32) g_strv_length (self->class_names) : 0;
  gboolean named = n_classes > 0;

  for (gsize i = 0; i < self->n[HL_IDX_TRAIN] + self->n[HL_IDX_TEST]; i++)
    {
      if (self->labels[i] < 0 || self->labels[i] >= MOST_CLASSES)
        {
          expected = g_strdup_printf (_("classes counted from 0, at most %d"), MOST_CLASSES);
          return fail_label (self, i, expected, error);
        }
      if (!named && i < self->n[HL_IDX_TRAIN])
        n_classes = MAX (n_classes, self->labels[i] + 1);
      if (self->labels[i] >= n_classes)
        {
          expected = g_strdup_printf (named ? _("0 to %d, for the %d class names")
                                            : _("0 to %d, the %d classes of the training labels"),
                                      n_classes - 1, n_classes);
          return fail_label (self, i, expected, error);
        }
    }
  self->n_classes = (guint) n_classes;
  return TRUE;
}

/* ---- The format ---- */

/* The name of the folder, or of the one above where it is only called “raw”. */
static char *
title_of_folder (GFile *folder)
{
  g_autofree char *name = g_file_get_basename (folder);
  g_autoptr (GFile) parent = g_file_get_parent (folder);

  return parent && g_str_equal (name, "raw") ? g_file_get_basename (parent) : g_steal_pointer (&name);
}

static HlDataset *
idx_open (GFile *file, const void *params, const HlProgress *progress, GCancellable *cancellable, GError **error)
{
  g_auto (Reader) self = { 0 };
  g_autofree char *folder = NULL;
  gsize n, n_test;

  if (!hl_idx_names_find (&self.names, file, cancellable, error) || !open_files (&self, cancellable, error)
      || !read_all (&self, progress, cancellable, error) || !read_class_names (&self, cancellable, error))
    return NULL;
  recognise (&self);
  if (!check_labels (&self, error))
    return NULL;
  folder = title_of_folder (self.names.folder);
  n = self.n[HL_IDX_TRAIN] + self.n[HL_IDX_TEST];
  n_test = self.n[HL_IDX_TEST];
  return hl_dataset_new (self.title ? self.title : folder, &self.shape, self.type, g_steal_pointer (&self.values), n,
                         n_test, g_steal_pointer (&self.labels), self.n_classes, g_steal_pointer (&self.class_names));
}

static guint
idx_probe (GFile *file, const guint8 *first, gsize n)
{
  g_autofree char *file_name = g_file_get_basename (file);

  if (g_file_query_file_type (file, G_FILE_QUERY_INFO_NONE, NULL) == G_FILE_TYPE_DIRECTORY)
    return hl_idx_names_count_images (file) > 0 ? 60 : 1;   /* at least say what is missing there */
  if (n >= 4 && first[0] == 0 && first[1] == 0 && first[2] >= 0x08 && first[2] <= 0x0E && first[3] >= 1
      && first[3] <= HL_IDX_MAX_DIMS)
    return 90;
  if (!hl_idx_name_is_telling (file_name))
    return strstr (file_name, "idx") ? 20 : 0;
  return n >= 2 && first[0] == 0x1f && first[1] == 0x8b ? 70 : 30;
}

const HlFormatClass hl_idx_format = {
  .base = {
    .name = "idx",
    .title = N_("IDX files"),
    .summary = N_("Images and labels in the files of MNIST and Fashion-MNIST, plain or gzip."),
    .help = N_("Choose the folder that holds the files, for instance “train-images-idx3-ubyte.gz” and "
               "“train-labels-idx1-ubyte.gz”, or one file of images: its labels are found by their name. Files whose "
               "name says “t10k” or “test” become the test part. Names of the classes may stand in a file "
               "“class-names.txt” beside them, one a line."),
  },
  .needs_path = TRUE,
  .probe = idx_probe,
  .open = idx_open,
};
