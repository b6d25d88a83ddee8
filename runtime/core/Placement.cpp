// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/core/Placement.h"
#include "runtime/core/EntryNames.h"

#include <algorithm>

using namespace maek::runtime;

namespace {
/// A module's code for a kind of device.
struct Variant {
  const maek_module_t *module;
  DeviceNeeds needs;
};
} // namespace

// Whoever knows an entry's number by the processor's code means the same one.
static Error checkEntries(const ModuleInfo &own, const ModuleInfo &variant) {
  for (size_t i = 0; i < own.entries.size(); ++i) {
    const std::string &name = own.entries[i].name;
    if (name != kPrepare && variant.findEntry(name) != i)
      return makeError(MAEK_BAD_MODULE, "the code for ", variant.device->kind,
                       " has no entry '", name, "' in its place");
  }
  return Error::success();
}

static Expected<std::vector<Variant>>
readVariants(const maek_module_t &module) {
  std::vector<Variant> variants;
  if (module.num_variants == 0)
    return variants;
  Expected<ModuleInfo> own = readModule(module);
  if (!own)
    return own.takeError();
  for (uint32_t i = 0; i < module.num_variants; ++i) {
    const maek_module_t *code = module.variants[i];
    Expected<ModuleInfo> info = readModule(*code);
    if (!info)
      return info.takeError();
    if (!info->device)
      return makeError(MAEK_BAD_MODULE,
                       "a variant does not say which device it is for");
    if (Error error = checkEntries(*own, *info))
      return error;
    variants.push_back({code, *info->device});
  }
  return variants;
}

Expected<std::vector<DeviceNeeds>>
maek::runtime::listVariants(const maek_module_t &module) {
  Expected<std::vector<Variant>> variants = readVariants(module);
  if (!variants)
    return variants.takeError();
  std::vector<DeviceNeeds> needs;
  for (const Variant &variant : *variants)
    needs.push_back(variant.needs);
  return needs;
}

// Of the code that the device can run, that for the newest.
static const Variant *findBest(const std::vector<Variant> &variants,
                               const DeviceDescription &about) {
  const Variant *best = nullptr;
  for (const Variant &variant : variants)
    if (variant.needs.kind == kindName(about.kind) &&
        variant.needs.capability <= about.computeCapability &&
        (!best || variant.needs.capability > best->needs.capability))
      best = &variant;
  return best;
}

static Expected<Placement> placeOn(const std::vector<Variant> &variants,
                                   const DeviceName &name) {
  std::string_view kind = kindName(*name.kind);
  int64_t least = INT64_MAX;
  for (const Variant &variant : variants)
    if (variant.needs.kind == kind)
      least = std::min(least, variant.needs.capability);
  if (least == INT64_MAX)
    return makeError(MAEK_INVALID_ARGUMENT, "the model has no code for ", kind,
                     "; build it with --target=host,", kind);
  Expected<std::unique_ptr<Device>> device = openDevice(name);
  if (!device)
    return device.takeError();
  const DeviceDescription &about = (*device)->description();
  const Variant *variant = findBest(variants, about);
  if (!variant)
    return makeError(MAEK_DEVICE_ERROR, about.str(), " is of ",
                     about.capability, ", and the model's code is for sm_",
                     least, " or newer; build it with --target=host,cuda-",
                     about.capability, ", or use --device cpu");
  return Placement{variant->module, std::move(*device), ""};
}

// The first device of the kind that is more than the processor once more.
static Expected<DeviceName> findDevice(const std::string &kind) {
  Expected<DeviceName> name = parseDeviceName(kind);
  if (!name || !name->kind)
    return makeError(MAEK_BAD_MODULE, "unknown device '", kind, "'");
  Expected<std::vector<DeviceDescription>> found = listDevices(*name->kind);
  if (!found)
    return found.takeError();
  for (const DeviceDescription &about : *found) {
    if (!about.isHost)
      return name;
    ++name->ordinal;
  }
  return makeError(MAEK_DEVICE_ERROR, "there is no device of ", kind,
                   found->empty() ? "" : " but the processor");
}

static Expected<Placement> placeAnywhere(const maek_module_t &module,
                                         const std::vector<Variant> &variants) {
  std::string passedOver;
  std::vector<std::string> tried;
  for (const Variant &variant : variants) {
    const std::string &kind = variant.needs.kind;
    if (std::ranges::find(tried, kind) != tried.end())
      continue;
    tried.push_back(kind);
    Expected<DeviceName> name = findDevice(kind);
    Expected<Placement> place =
        name ? placeOn(variants, *name) : name.takeError();
    if (place)
      return place;
    append(passedOver,
           text(passedOver.empty() ? "" : "; ", place.takeError().message()));
  }
  return Placement{&module, nullptr, passedOver};
}

std::string maek::runtime::placeName(const Model &model) {
  const Device *device = model.device();
  return device ? text(device->description().str(), ", ",
                       device->description().capability)
                : "cpu";
}

Expected<Placement>
maek::runtime::placeModel(const maek_module_t &module,
                          std::optional<std::string_view> name) {
  DeviceName chosen;
  if (name) {
    Expected<DeviceName> parsed = parseDeviceName(*name);
    if (!parsed)
      return parsed.takeError();
    chosen = *parsed;
  }
  if (name && !chosen.kind)
    return Placement{&module, nullptr, ""};
  Expected<std::vector<Variant>> variants = readVariants(module);
  if (!variants)
    return variants.takeError();
  return name ? placeOn(*variants, chosen) : placeAnywhere(module, *variants);
}
