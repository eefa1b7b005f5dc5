/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock: the program with a window. */

#include "config.h"

#include <glib/gi18n.h>
#include <locale.h>

#include "engine/device/device.h"
#include "ui/application.h"

int
main (int argc, char **argv)
{
  g_autoptr (HlApplication) application = NULL;

  /* Before any thread exists: the OpenCL library reads its environment when it is loaded. */
  hl_device_init_environment ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, HL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);
  application = hl_application_new ();
  return g_application_run (G_APPLICATION (application), argc, argv);
}
