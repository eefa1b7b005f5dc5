/* SPDX-License-Identifier: GPL-3.0-or-later
 *
 * hillock-cli: finds the command and runs it. */

#include "config.h"

#include <locale.h>
#include <stdio.h>
#include <string.h>

#include "app/cli/cli.h"

static const HlCliCommand commands[] = {
  { "devices", "", N_("Lists the OpenCL devices and tests them"), hl_cli_devices },
  { "describe", N_("[FAMILY [NAME]]"), N_("Explains layers, losses, optimizers and their parameters"), hl_cli_describe },
  { "check", N_("PROJECT"), N_("Shows shapes, parameters, cost and problems of a network"), hl_cli_check },
  { "train", N_("PROJECT"), N_("Trains a network"), hl_cli_train },
  { "eval", N_("PROJECT"), N_("Measures loss and accuracy of a trained network"), hl_cli_eval },
  { "predict", N_("PROJECT IMAGE…"), N_("Classifies image files"), hl_cli_predict },
  { "export", N_("PROJECT"), N_("Writes the trained weights for other programs"), hl_cli_export },
  { "import", N_("FILE.onnx"), N_("Makes a project of an ONNX file"), hl_cli_import },
  { "run", N_("FILE.onnx"), N_("Runs an ONNX file on tensors"), hl_cli_run },
  { "test-onnx", N_("FOLDER…"), N_("Runs test cases in the form ONNX publishes them"), hl_cli_test_onnx },
  { NULL, NULL, NULL, NULL }
};

const HlCliCommand *
hl_cli_commands (void)
{
  return commands;
}

/* The translation of an empty message is the catalogue's head. */
static const char *
get_arguments (const HlCliCommand *self)
{
  return *self->arguments ? _(self->arguments) : "";
}

static void
print_help (FILE *stream)
{
  fprintf (stream, _("Usage: hillock-cli COMMAND [OPTION…] [ARGUMENT…]\n\nCommands:\n"));
  for (const HlCliCommand *command = commands; command->name; command++)
    {
      g_autofree char *call = g_strdup_printf ("%s %s", command->name, get_arguments (command));
      int padding = 26 - (int) g_utf8_strlen (call, -1);

      fprintf (stream, "  %s%*s%s\n", call, MAX (padding, 1), "", _(command->summary));
    }
  fprintf (stream, _("\n\"hillock-cli COMMAND --help\" tells a command's options; the manual page tells more.\n"));
}

int
hl_cli_fail (const GError *error)
{
  g_printerr ("hillock-cli: %s\n", error->message);
  return HL_CLI_FAILED;
}

int
hl_cli_usage (const char *command, const char *format, ...)
{
  g_autofree char *sentence = NULL;
  va_list arguments;

  va_start (arguments, format);
  sentence = g_strdup_vprintf (format, arguments);
  va_end (arguments);
  g_printerr (_("hillock-cli %s: %s See \"hillock-cli %s --help\".\n"), command, sentence, command);
  return HL_CLI_USAGE;
}

static const HlCliCommand *
find_command (const char *name)
{
  for (const HlCliCommand *command = commands; command->name; command++)
    if (g_str_equal (command->name, name))
      return command;
  return NULL;
}

gboolean
hl_cli_parse (const char *command, const GOptionEntry *entries, int *argc, char ***argv, int n_arguments, int *status)
{
  const HlCliCommand *self = find_command (command);
  g_autoptr (GOptionContext) context = g_option_context_new (get_arguments (self));
  g_autofree char *program = g_strdup_printf ("hillock-cli %s", command);
  g_autoptr (GError) error = NULL;
  int given;

  g_set_prgname (program);
  g_option_context_set_summary (context, _(self->summary));
  g_option_context_set_translation_domain (context, GETTEXT_PACKAGE);
  if (entries)
    g_option_context_add_main_entries (context, entries, GETTEXT_PACKAGE);
  if (!g_option_context_parse (context, argc, argv, &error))
    {
      *status = hl_cli_usage (command, "%s.", error->message);
      return FALSE;
    }
  given = *argc - 1;
  if (n_arguments >= 0 ? given != n_arguments : given < 1)
    {
      *status = given == 0 ? hl_cli_usage (command, _("%s is missing."), get_arguments (self))
                           : hl_cli_usage (command, _("Too many arguments: %d instead of %d."), given, n_arguments);
      return FALSE;
    }
  return TRUE;
}

int
main (int argc, char **argv)
{
  const HlCliCommand *command;

  hl_device_init_environment ();
  setlocale (LC_ALL, "");
  bindtextdomain (GETTEXT_PACKAGE, HL_LOCALE_DIR);
  bind_textdomain_codeset (GETTEXT_PACKAGE, "UTF-8");
  textdomain (GETTEXT_PACKAGE);

  if (argc < 2)
    {
      print_help (stderr);
      return HL_CLI_USAGE;
    }
  if (g_str_equal (argv[1], "--help") || g_str_equal (argv[1], "-h") || g_str_equal (argv[1], "help"))
    {
      print_help (stdout);
      return 0;
    }
  if (g_str_equal (argv[1], "--version"))
    {
      printf ("hillock-cli %s\n", HL_VERSION);
      return 0;
    }
  command = find_command (argv[1]);
  if (!command)
    {
      g_printerr (_("hillock-cli: There is no command \"%s\". \"hillock-cli --help\" lists them.\n"), argv[1]);
      return HL_CLI_USAGE;
    }
  return command->run (argc - 1, argv + 1);
}
