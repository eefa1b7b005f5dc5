/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * Fuzzing target: any bytes as ONNX model; what can be read is imported for every output, as samples and as a whole. */

#include "engine/exchange/onnx.h"

int LLVMFuzzerTestOneInput (const guint8 *data, gsize size);

int
LLVMFuzzerTestOneInput (const guint8 *data, gsize size)
{
  g_autoptr (GBytes) bytes = g_bytes_new_static (data, size);
  g_autoptr (GFile) folder = g_file_new_for_path ("/nonexistent");
  g_autoptr (GError) error = NULL;
  g_autoptr (HlOnnxModel) model = hl_onnx_model_new_from_bytes (bytes, folder, &error);

  g_assert ((model == NULL) == (error != NULL));
  for (guint i = 0; model && i < MIN (hl_onnx_model_get_n_outputs (model), 4); i++)
    {
      const HlOnnxImportOptions options = { .output = i };
      g_autoptr (GError) refused = NULL;
      g_autoptr (HlOnnxNetwork) network = hl_onnx_import_any (model, &options, &refused);

      g_assert ((network == NULL) == (refused != NULL));
    }
  return 0;
}
