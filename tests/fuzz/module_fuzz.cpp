// Part of Maek, under the MIT licence; see LICENSE.
// Any text as a module's description: refused, or safe to ask for its shapes.
#include "FakeModule.h"
#include "Mutator.h"
#include "runtime/core/ModuleInfo.h"

#include <cstdlib>

using namespace maek::runtime;

extern "C" int LLVMFuzzerTestOneInput(const uint8_t *data, size_t size) {
  maek_module_t module = maek::fake::logistic();
  module.json = reinterpret_cast<const char *>(data);
  module.json_size = size;
  Expected<ModuleInfo> info = readModule(module);
  if (!info) {
    if (info.takeError().message().empty())
      std::abort();
    return 0;
  }
  for (const EntryInfo &entry : info->entries)
    for (const auto *ports : {&entry.arguments, &entry.results})
      for (const PortInfo &port : *ports)
        if (port.shapeText(entry.symbols).empty())
          std::abort();
  return 0;
}

std::vector<std::string> fuzzSeeds() {
  const maek_module_t &lengths = maek::fake::lengths();
  return {maek::fake::logisticJson(), {lengths.json, lengths.json_size}};
}
