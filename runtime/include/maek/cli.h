/* Part of Maek, under the MIT licence; see LICENSE.
 * The command line of a compiled program. The compiler's main is one call.
 */
#ifndef MAEK_CLI_H
#define MAEK_CLI_H

#include "maek/maek.h"

#ifdef __cplusplus
extern "C" {
#endif

/** Runs the command that `argv` names: train, eval, predict, generate,
 *  convert, bench, info.
 *  Returns the exit code: 0, 1 after an error, 2 after a wrong command line,
 *  130 after an interrupt. */
MAEK_API int maek_main(const maek_module_t *module, int argc, char **argv);

#ifdef __cplusplus
}
#endif

#endif /* MAEK_CLI_H */
