// Part of Maek, under the MIT licence; see LICENSE.
// Where a model runs: on the processor, or on a device that its module has
// code for.
#ifndef MAEK_RUNTIME_CORE_PLACEMENT_H
#define MAEK_RUNTIME_CORE_PLACEMENT_H

#include "maek/module.h"
#include "runtime/core/Model.h"
#include "runtime/device/Devices.h"

namespace maek::runtime {

struct Placement {
  const maek_module_t *module;    ///< with the code for the device
  std::unique_ptr<Device> device; ///< null: the processor
  std::string passedOver;         ///< why no device was taken; may be empty
};

/// The place of that name. With none it is the first device that the module has
/// code for and that is there, else the processor; then nothing but the
/// module's own faults is an error. No driver is loaded for a module without
/// code for devices.
Expected<Placement> placeModel(const maek_module_t &module,
                               std::optional<std::string_view> name);

/// What the module has code for, "cuda from sm_80", in the order of preference.
Expected<std::vector<DeviceNeeds>> listVariants(const maek_module_t &module);

/// "cpu", "cuda:0 (NVIDIA H100), sm_90".
std::string placeName(const Model &model);

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_PLACEMENT_H
