// Part of Maek, under the MIT licence; see LICENSE.
// The public headers in C++17: they compile, and nothing more.
#include "maek/cli.h"
#include "maek/maek.h"
#include "maek/module.h"

static_assert(sizeof(maek_options_t) == 40, "part of the binary interface");
static_assert(sizeof(maek_module_t) == 40, "part of the binary interface");
static_assert(MAEK_OK == 0, "success is zero");
