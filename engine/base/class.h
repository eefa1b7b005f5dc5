/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * HlClass: the descriptor every choosable thing begins with (layers, losses, optimizers,
 * schedules, initializers, dataset formats, exchange formats): names for files and people,
 * and a table of parameters over a plain C struct. One inspector, one JSON codec and one
 * contract test serve every family. Classes are constant data; any thread may read them. */
#pragma once

#include <glib.h>
#include <glib/gi18n.h>   /* N_() where a string is stored, _() where it is shown */
#include <stddef.h>

G_BEGIN_DECLS

typedef enum
{
  HL_PARAM_INT,    /* field: int    */
  HL_PARAM_FLOAT,  /* field: double */
  HL_PARAM_BOOL,   /* field: gboolean */
  HL_PARAM_CHOICE, /* field: int, an index into choices */
} HlParamKind;

typedef enum
{
  HL_UNIT_NONE,
  HL_UNIT_PIXEL,
  HL_UNIT_RATIO, /* 0..1, shown as such */
} HlUnit;

typedef struct
{
  const char *name;            /* key in files, snake_case; never changes */
  const char *label;           /* translatable; NULL ends a table */
  HlParamKind kind;
  HlUnit unit;
  gsize offset;                /* of the field in the params struct */
  double min, max, initial;    /* inclusive; CHOICE: 0 .. n - 1; BOOL: 0 .. 1 */
  const char *const *choices;  /* CHOICE: NULL-terminated names as in files; otherwise NULL */
  const char *help;            /* one translatable sentence; may be NULL */
  gboolean was_bool;           /* CHOICE: files may say false for the first choice and true for the second */
} HlParam;

typedef struct
{
  const char *name;       /* key in files, snake_case, unique in its family; never changes */
  const char *title;      /* translatable, "Max pooling" */
  const char *group;      /* translatable palette group, "Pooling"; NULL outside palettes */
  const char *summary;    /* one translatable sentence: what it does */
  const char *help;       /* translatable paragraph(s): formula, paper, pitfalls; may be NULL */
  gsize params_size;      /* 0 when there are no parameters */
  const HlParam *params;  /* ends with HL_PARAM_END; NULL when there are none */
} HlClass;

/* Table entries. Struct is the params type, field its member; the file key is the member's name.
 * A member of the wrong C type does not compile. */
#define HL_CHECKED_OFFSET(Struct, field, ctype)                                                \
  (offsetof (Struct, field)                                                                    \
   + 0 * sizeof (char[_Generic (((Struct *) 0)->field, ctype: 1, default: -1)]))
#define HL_INT(Struct, field, label, unit, min, max, initial, help)                            \
  { #field, label, HL_PARAM_INT, unit, HL_CHECKED_OFFSET (Struct, field, int), min, max, initial, NULL, help }
#define HL_FLOAT(Struct, field, label, unit, min, max, initial, help)                          \
  { #field, label, HL_PARAM_FLOAT, unit, HL_CHECKED_OFFSET (Struct, field, double), min, max, initial, NULL, help }
#define HL_BOOL(Struct, field, label, initial, help)                                           \
  { #field, label, HL_PARAM_BOOL, HL_UNIT_NONE, HL_CHECKED_OFFSET (Struct, field, gboolean), 0, 1, initial, NULL, help }
#define HL_CHOICE(Struct, field, label, choices, n_choices, initial, help)                     \
  { #field, label, HL_PARAM_CHOICE, HL_UNIT_NONE, HL_CHECKED_OFFSET (Struct, field, int), 0, (n_choices) - 1, initial, choices, help }
/* A choice that was a HL_BOOL in earlier files. */
#define HL_CHOICE_WAS_BOOL(Struct, field, label, choices, n_choices, initial, help)            \
  { #field, label, HL_PARAM_CHOICE, HL_UNIT_NONE, HL_CHECKED_OFFSET (Struct, field, int), 0, (n_choices) - 1, initial, choices, \
    help, TRUE }
#define HL_PARAM_END { NULL }

guint          hl_class_get_n_params (const HlClass *klass);
const HlParam *hl_class_find_param   (const HlClass *klass, const char *name);   /* NULL when unknown */
void           hl_class_init_params  (const HlClass *klass, void *params);       /* writes every initial value */
gpointer       hl_class_new_params   (const HlClass *klass) G_GNUC_WARN_UNUSED_RESULT; /* g_free; NULL when size is 0 */
gboolean       hl_class_params_equal (const HlClass *klass, const void *a, const void *b);

/* FALSE with HL_GRAPH_ERROR_PARAM naming class, parameter, value and range when one is out of range
 * or not finite. */
gboolean       hl_class_check_params (const HlClass *klass, const void *params, GError **error);

double         hl_param_get          (const HlParam *param, const void *params);
/* Clamps to the range and rounds where the field is an int; TRUE when the stored value changed. */
gboolean       hl_param_set          (const HlParam *param, void *params, double value);

G_END_DECLS
