/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * GoldenFile: a file of expected values in tests/golden. Strict: every tensor must have the shape that is asked for, and
 * must be asked for. */
#pragma once

#include <json-glib/json-glib.h>

#include "engine/exchange/safetensors.h"

G_BEGIN_DECLS

typedef struct _GoldenFile GoldenFile;

GoldenFile *golden_file_open        (const char *name);      /* "conv2d" */
void        golden_file_free        (GoldenFile *self);
guint       golden_file_get_n_cases (GoldenFile *self);
JsonObject *golden_file_get_case    (GoldenFile *self, guint i);   /* borrowed */
const HlTensorFileEntry *golden_file_entry (GoldenFile *self, const char *name);
gboolean    golden_file_has         (GoldenFile *self, const char *name);
float      *golden_file_read        (GoldenFile *self, const char *name, gsize n);
/* Fails when a value is off by more than tolerance × the largest expected magnitude, or not a number. */
void        golden_file_compare     (GoldenFile *self, const char *name, const double *values, gsize n, double tolerance);
void        golden_file_assert_all_used (GoldenFile *self);

G_DEFINE_AUTOPTR_CLEANUP_FUNC (GoldenFile, golden_file_free)

G_END_DECLS
