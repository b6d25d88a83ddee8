// Part of Maek, under the MIT licence; see LICENSE.
// From the module's JSON to ModuleInfo. A compiler of another version may have
// written it, so every field is checked.
#include "runtime/core/EntryNames.h"
#include "runtime/core/Json.h"
#include "runtime/core/ModuleInfo.h"
#include "runtime/core/Tensor.h"

#include <algorithm>
#include <charconv>

using namespace maek::runtime;

namespace {
/// Reads one description. `where` words the place for messages.
class Reader {
public:
  Expected<ModuleInfo> read(const Json &root);

private:
  template <typename... Parts>
  static Error bad(const Parts &...parts) {
    return makeError(MAEK_BAD_MODULE, "module description: ", parts...);
  }

  Error getString(const Json &object, std::string_view where, const char *key,
                  std::string &out);
  Error getDtype(const Json &object, std::string_view where, maek_dtype_t &out);
  Error getArray(const Json &object, std::string_view where, const char *key,
                 const Json *&out);
  Error readTensors(const Json &root, const char *key, bool hasInit,
                    std::vector<TensorInfo> &out);
  Error linkAverages(const Json &states);
  Error readInit(const Json &json, std::string_view where, InitInfo &out);
  Error readDevice(const Json &root);
  Error readSettings(const Json &root);
  Error readUses(const Json &settings);
  Error readAugment(const Json &settings);
  Error readSchedule(const Json &settings);
  Error readEntry(const Json &json, EntryInfo &out);
  Error readLimits(const Json &json, EntryInfo &out);
  Error readHostReads(const Json &json, EntryInfo &out);
  Error readPort(const Json &json, const EntryInfo &entry, bool isResult,
                 PortInfo &out);
  Error readReads(const Json &json, const EntryInfo &entry,
                  std::string_view where, std::vector<size_t> &out);
  Error readExtent(const Json &json, std::string_view where,
                   const EntryInfo &entry, Extent &out);
  Error linkStorage(std::string_view where, PortInfo &port);
  Error checkInPlace(const EntryInfo &entry);
  static void linkCarried(EntryInfo &entry);

  ModuleInfo info;
};
} // namespace

Error Reader::getString(const Json &object, std::string_view where,
                        const char *key, std::string &out) {
  const Json *value = object.find(key);
  if (!value || !value->isString())
    return bad(where, " has no string \"", key, '"');
  out = value->string;
  return Error::success();
}

Error Reader::getDtype(const Json &object, std::string_view where,
                       maek_dtype_t &out) {
  std::string name;
  if (Error error = getString(object, where, "dtype", name))
    return error;
  std::optional<maek_dtype_t> dtype = parseDtype(name);
  if (!dtype)
    return bad(where, " has the unknown dtype '", name, "'");
  out = *dtype;
  return Error::success();
}

Error Reader::getArray(const Json &object, std::string_view where,
                       const char *key, const Json *&out) {
  out = object.find(key);
  if (!out || !out->isArray())
    return bad(where, " has no array \"", key, '"');
  return Error::success();
}

Error Reader::readInit(const Json &json, std::string_view where,
                       InitInfo &out) {
  const Json *init = json.find("init");
  if (!init || !init->isObject())
    return bad(where, " has no \"init\"");
  std::string kind;
  if (Error error = getString(*init, where, "kind", kind))
    return error;
  const Json *arguments;
  if (Error error = getArray(*init, where, "arguments", arguments))
    return error;
  size_t needed = 2;
  if (kind == "constant") {
    out.kind = InitInfo::Kind::Constant;
    needed = 1;
  } else if (kind == "uniform") {
    out.kind = InitInfo::Kind::Uniform;
  } else if (kind == "normal") {
    out.kind = InitInfo::Kind::Normal;
  } else {
    return bad(where, " has the unknown initialiser '", kind, "'");
  }
  const std::vector<Json> &numbers = arguments->elements;
  if (numbers.size() != needed ||
      !std::all_of(numbers.begin(), numbers.end(),
                   [](const Json &number) { return number.isNumber(); }))
    return bad(where, ": ", kind, " takes ", needed, " numbers");
  out.first = numbers[0].number;
  out.second = numbers[needed - 1].number;
  return Error::success();
}

Error Reader::readTensors(const Json &root, const char *key, bool hasInit,
                          std::vector<TensorInfo> &out) {
  const Json *array;
  if (Error error = getArray(root, "the model", key, array))
    return error;
  for (const Json &json : array->elements) {
    TensorInfo tensor;
    if (Error error = getString(json, key, "name", tensor.name))
      return error;
    std::string where = text("'", tensor.name, "'");
    for (const TensorInfo &other : out)
      if (other.name == tensor.name)
        return bad(where, " comes twice in \"", key, '"');
    if (Error error = getDtype(json, where, tensor.dtype))
      return error;
    const Json *shape;
    if (Error error = getArray(json, where, "shape", shape))
      return error;
    for (const Json &size : shape->elements) {
      if (!size.isInteger() || size.integer < 0)
        return bad(where, " has a size that is no count");
      tensor.shape.push_back(size.integer);
    }
    if (!countBytes(tensor.shape, tensor.dtype))
      return bad(where, " is too large to address");
    tensor.count = *countElements(tensor.shape);
    if (hasInit)
      if (Error error = readInit(json, where, tensor.init))
        return error;
    out.push_back(std::move(tensor));
  }
  return Error::success();
}

// A state may be the average of a parameter.
Error Reader::linkAverages(const Json &states) {
  for (size_t i = 0; i < info.states.size(); ++i) {
    const TensorInfo &state = info.states[i];
    std::string where = text("'", state.name, "'"), name;
    if (!states.elements[i].find("average_of"))
      continue;
    if (Error error = getString(states.elements[i], where, "average_of", name))
      return error;
    auto parameter =
        std::find_if(info.parameters.begin(), info.parameters.end(),
                     [&](const TensorInfo &known) {
                       return known.name == name &&
                              known.dtype == state.dtype &&
                              known.shape == state.shape && !known.average;
                     });
    if (parameter == info.parameters.end())
      return bad(where, " is the average of '", name,
                 "', which is no such parameter");
    parameter->average = i;
  }
  return Error::success();
}

Error Reader::readUses(const Json &settings) {
  const Json *uses = settings.find("uses");
  for (size_t i = 0; uses && i < uses->keys.size(); ++i) {
    UseInfo use;
    const Json &json = uses->elements[i];
    use.name = uses->keys[i];
    std::string where = text("the used model '", use.name, "'");
    if (Error error = getString(json, where, "model", use.model))
      return error;
    if (Error error = getString(json, where, "file", use.file))
      return error;
    const Json *frozen = json.find("frozen");
    if (!frozen || frozen->kind != Json::Kind::Boolean)
      return bad(where, " does not say whether it is frozen");
    use.frozen = frozen->boolean;
    info.settings.uses.push_back(std::move(use));
  }
  return Error::success();
}

Error Reader::readAugment(const Json &settings) {
  const Json *augment = settings.find("augment");
  for (size_t i = 0; augment && i < augment->keys.size(); ++i) {
    const std::string &key = augment->keys[i];
    const Json &number = augment->elements[i];
    const Augmentation *known = findAugmentation(key);
    if (!known)
      return bad("unknown augmentation '", key, "'");
    if (!number.isNumber() || number.number < known->least ||
        number.number > known->most)
      return bad("augmentation '", key, "' has no number from ", known->least,
                 " to ", known->most);
    info.settings.augment.*known->number = number.number;
  }
  return Error::success();
}

Error Reader::readSchedule(const Json &settings) {
  const Json *numbers = settings.find("schedule_arguments");
  for (size_t i = 0; numbers && i < numbers->keys.size(); ++i) {
    if (!numbers->elements[i].isNumber())
      return bad("'", numbers->keys[i], "' of the schedule is no number");
    info.settings.scheduleArguments.emplace_back(numbers->keys[i],
                                                 numbers->elements[i].number);
  }
  return Error::success();
}

Error Reader::readSettings(const Json &root) {
  const Json *json = root.find("settings");
  if (!json)
    return Error::success();
  SettingsInfo &settings = info.settings;
  auto getInteger = [&](const char *key, std::optional<int64_t> &out) {
    if (const Json *value = json->find(key)) {
      if (!value->isInteger() || value->integer < 0)
        return bad("setting \"", key, "\" is no count");
      out = value->integer;
    }
    return Error::success();
  };
  if (Error error = readUses(*json))
    return error;
  if (Error error = readAugment(*json))
    return error;
  if (Error error = readSchedule(*json))
    return error;
  for (auto [key, out] : {std::pair{"data", &settings.data},
                          {"optimizer", &settings.optimizer},
                          {"schedule", &settings.schedule}})
    if (json->find(key))
      if (Error error = getString(*json, "settings", key, *out))
        return error;
  if (Error error = getInteger("batch", settings.batch))
    return error;
  if (Error error = getInteger("epochs", settings.epochs))
    return error;
  if (Error error = getInteger("seed", settings.seed))
    return error;
  if (Error error = getInteger("accumulate", settings.accumulate))
    return error;
  for (auto [key, out] : {std::pair{"lr", &settings.lr},
                          {"clip_norm", &settings.clipNorm},
                          {"average", &settings.average}})
    if (const Json *value = json->find(key)) {
      if (!value->isNumber())
        return bad("setting \"", key, "\" is no number");
      *out = value->number;
    }
  return Error::success();
}

// "2*B*T"
Error Reader::readExtent(const Json &json, std::string_view where,
                         const EntryInfo &entry, Extent &out) {
  if (json.isInteger() && json.integer >= 0) {
    out.factor = json.integer;
    return Error::success();
  }
  std::string_view rest = json.string;
  if (!json.isString() || rest.empty())
    return bad(where, " has a size that is neither count nor product");
  while (!rest.empty()) {
    std::string_view part = rest.substr(0, rest.find('*'));
    rest.remove_prefix(std::min(part.size() + 1, rest.size()));
    int64_t factor;
    auto [end, status] =
        std::from_chars(part.data(), part.data() + part.size(), factor);
    if (status == std::errc() && end == part.data() + part.size()) {
      std::optional<int64_t> product = multiplyChecked(out.factor, factor);
      if (!product)
        return bad(where, " has the impossible size '", json.string, "'");
      out.factor = *product;
      continue;
    }
    std::optional<size_t> symbol = entry.findSymbol(part);
    if (!symbol)
      return bad(where, " has the unknown size '", part, "'");
    out.symbols.push_back(static_cast<uint32_t>(*symbol));
  }
  return Error::success();
}

Error Reader::linkStorage(std::string_view where, PortInfo &port) {
  const std::vector<TensorInfo> *tensors = nullptr;
  if (port.role == Role::Parameter)
    tensors = &info.parameters;
  else if (port.role == Role::State)
    tensors = &info.states;
  else if (port.role == Role::Prepared)
    tensors = &info.prepared;
  else
    return Error::success();
  for (size_t i = 0; i < tensors->size(); ++i) {
    const TensorInfo &tensor = (*tensors)[i];
    if (tensor.name != port.name)
      continue;
    bool same =
        tensor.dtype == port.dtype && tensor.shape.size() == port.shape.size();
    for (size_t axis = 0; same && axis < tensor.shape.size(); ++axis)
      same = port.shape[axis].isStatic() &&
             port.shape[axis].factor == tensor.shape[axis];
    if (!same)
      return bad(where, " differs from the ", roleName(port.role),
                 " of its name in shape or dtype");
    port.storage = i;
    return Error::success();
  }
  return bad(where, " is no ", roleName(port.role), " of the model");
}

Error Reader::readPort(const Json &json, const EntryInfo &entry, bool isResult,
                       PortInfo &out) {
  std::string role;
  std::string where = text("entry '", entry.name, "'");
  if (Error error = getString(json, where, "role", role))
    return error;
  if (Error error = getString(json, where, "name", out.name))
    return error;
  append(where,
         text(", ", isResult ? "result" : "argument", " '", out.name, "'"));
  const RoleRow *row = findRole(role);
  if (!row || !(isResult ? row->isResult : row->isArgument))
    return bad(where, " has the unknown role '", role, "'");
  out.role = row->role;
  if (Error error = getDtype(json, where, out.dtype))
    return error;
  const Json *shape;
  if (Error error = getArray(json, where, "shape", shape))
    return error;
  for (const Json &size : shape->elements)
    if (Error error = readExtent(size, where, entry, out.shape.emplace_back()))
      return error;
  bool isKey = out.name == kKeyLowName || out.name == kKeyHighName;
  if (out.role == Role::Scalar &&
      (!out.shape.empty() || isKey != (out.dtype == MAEK_I32)))
    return bad(where,
               isKey ? " is no scalar of i32" : " is no floating-point scalar");
  if (const Json *classes = json.find("classes")) {
    if (!classes->isInteger() || classes->integer < 1)
      return bad(where, " has a wrong number of classes");
    out.classes = classes->integer;
  }
  if (Error error = readReads(json, entry, where, out.reads))
    return error;
  return linkStorage(where, out);
}

Error Reader::readReads(const Json &json, const EntryInfo &entry,
                        std::string_view where, std::vector<size_t> &out) {
  const Json *names = json.find("reads");
  for (size_t i = 0; names && i < names->elements.size(); ++i) {
    const Json &name = names->elements[i];
    auto port = std::find_if(entry.arguments.begin(), entry.arguments.end(),
                             [&](const PortInfo &argument) {
                               return argument.role == Role::Input &&
                                      argument.name == name.string;
                             });
    if (!name.isString() || port == entry.arguments.end())
      return bad(where, " is made of '", name.string, "', which is no input");
    out.push_back(static_cast<size_t>(port - entry.arguments.begin()));
  }
  return Error::success();
}

// A new value is written over the argument, so there must be one.
Error Reader::checkInPlace(const EntryInfo &entry) {
  for (const PortInfo &result : entry.results) {
    if (!getRow(result.role).isUpdate)
      continue;
    auto found = std::find_if(entry.arguments.begin(), entry.arguments.end(),
                              [&](const PortInfo &argument) {
                                return argument.role == result.role &&
                                       argument.name == result.name;
                              });
    if (found == entry.arguments.end())
      return bad("entry '", entry.name, "' writes the ", roleName(result.role),
                 " '", result.name, "' that it does not take");
    if (found->dtype != result.dtype || found->shape != result.shape)
      return bad("entry '", entry.name, "' takes the ", roleName(result.role),
                 " '", result.name, "' in another shape than it gives");
  }
  return Error::success();
}

// Numbers the tensors that the entry carries, by their arguments.
void Reader::linkCarried(EntryInfo &entry) {
  size_t next = 0;
  for (PortInfo &argument : entry.arguments) {
    if (argument.role != Role::Carried)
      continue;
    argument.storage = next++;
    for (PortInfo &result : entry.results)
      if (result.role == Role::Carried && result.name == argument.name)
        result.storage = argument.storage;
  }
}

// For people only, so nothing depends on what it says.
static std::vector<SlotInfo> readMemory(const Json &json) {
  std::vector<SlotInfo> slots;
  const Json *memory = json.find("memory");
  if (!memory)
    return slots;
  for (const Json &slot : memory->elements) {
    auto word = [&](const char *key) {
      const Json *value = slot.find(key);
      if (!value)
        return std::string();
      return value->isString() ? value->string : text(value->integer);
    };
    slots.push_back({word("slot"), word("bytes")});
  }
  return slots;
}

Error Reader::readLimits(const Json &json, EntryInfo &out) {
  const Json *limits = json.find("limits");
  if (!limits)
    return Error::success();
  std::string where = text("a limit of entry '", out.name, "'");
  for (const Json &given : limits->elements) {
    LimitInfo limit;
    const Json *size = given.find("size"), *most = given.find("most");
    if (!size || !most || !most->isInteger() || most->integer < 1)
      return bad(where, " is no size and a count");
    if (Error error = readExtent(*size, where, out, limit.size))
      return error;
    if (Error error = getString(given, where, "table", limit.table))
      return error;
    limit.most = most->integer;
    out.limits.push_back(std::move(limit));
  }
  return Error::success();
}

// Values of inputs and scalars, which are on the host.
Error Reader::readHostReads(const Json &json, EntryInfo &out) {
  const Json *names = json.find("host_reads");
  if (!names)
    return Error::success();
  for (const Json &name : names->elements) {
    size_t i = 0;
    while (i < out.arguments.size() && out.arguments[i].name != name.string)
      ++i;
    bool isThere = i < out.arguments.size();
    Role role = isThere ? out.arguments[i].role : Role::Output;
    if (!isThere || out.arguments[i].dtype != MAEK_I32 ||
        !out.arguments[i].shape.empty() ||
        (role != Role::Input && role != Role::Target && role != Role::Scalar))
      return bad("entry '", out.name, "' reads '", name.string,
                 "', which is no whole number");
    out.hostReads.push_back(i);
  }
  return Error::success();
}

Error Reader::readEntry(const Json &json, EntryInfo &out) {
  if (Error error = getString(json, "an entry", "name", out.name))
    return error;
  std::string where = text("entry '", out.name, "'");
  if (info.findEntry(out.name))
    return bad(where, " comes twice");
  const Json *array;
  if (Error error = getArray(json, where, "symbols", array))
    return error;
  for (const Json &symbol : array->elements) {
    if (!symbol.isString() || out.findSymbol(symbol.string))
      return bad(where, " has a wrong list of symbols");
    out.symbols.push_back(symbol.string);
  }
  for (bool isResult : {false, true}) {
    const char *key = isResult ? "results" : "arguments";
    if (Error error = getArray(json, where, key, array))
      return error;
    std::vector<PortInfo> &ports = isResult ? out.results : out.arguments;
    for (const Json &port : array->elements)
      if (Error error = readPort(port, out, isResult, ports.emplace_back()))
        return error;
  }
  if (Error error = readLimits(json, out))
    return error;
  if (const Json *ignored = json.find("ignore"))
    for (const Json &pattern : ignored->elements)
      out.ignored.push_back(pattern.string);
  out.memory = readMemory(json);
  if (Error error = readHostReads(json, out))
    return error;
  linkCarried(out);
  return checkInPlace(out);
}

Error Reader::readDevice(const Json &root) {
  const Json *json = root.find("device");
  if (!json)
    return Error::success();
  DeviceNeeds &device = info.device.emplace();
  if (Error error = getString(*json, "the device", "interface", device.kind))
    return error;
  const Json *capability = json->find("capability");
  if (!capability || !capability->isInteger() || capability->integer < 0)
    return bad("the device's capability is no count");
  device.capability = capability->integer;
  return Error::success();
}

Expected<ModuleInfo> Reader::read(const Json &root) {
  if (!root.isObject())
    return bad("it is no object");
  std::string precision;
  if (Error error = getString(root, "the model", "name", info.name))
    return error;
  if (Error error = getString(root, "the model", "target", info.target))
    return error;
  if (Error error = getString(root, "the model", "precision", precision))
    return error;
  if (Error error = readDevice(root))
    return error;
  if (root.find("source"))
    if (Error error = getString(root, "the model", "source", info.source))
      return error;
  constexpr std::string_view known[] = {"f32", "f64", "bf16", "int8", "tf32"};
  if (std::ranges::find(known, precision) == std::end(known))
    return bad("unknown precision '", precision, "'");
  info.precision = precision;
  if (const Json *versions = root.find("versions"))
    for (size_t i = 0; i < versions->keys.size(); ++i)
      info.versions.emplace_back(versions->keys[i],
                                 versions->elements[i].string);
  if (Error error = readSettings(root))
    return error;
  if (Error error = readTensors(root, "parameters", true, info.parameters))
    return error;
  if (Error error = readTensors(root, "states", true, info.states))
    return error;
  if (Error error = linkAverages(*root.find("states")))
    return error;
  for (const TensorInfo &state : info.states)
    for (const TensorInfo &parameter : info.parameters)
      if (state.name == parameter.name)
        return bad("'", state.name, "' is both parameter and state");
  if (root.find("prepared"))
    if (Error error = readTensors(root, "prepared", false, info.prepared))
      return error;
  const Json *entries;
  if (Error error = getArray(root, "the model", "entries", entries))
    return error;
  for (const Json &json : entries->elements) {
    EntryInfo entry;
    if (Error error = readEntry(json, entry))
      return error;
    info.entries.push_back(std::move(entry));
  }
  if (const Json *unused = root.find("unused"))
    for (const Json &name : unused->elements)
      info.unused.push_back(name.string);
  if (const Json *kernels = root.find("kernels"))
    for (const Json &kernel : kernels->elements)
      info.kernels.push_back(kernel.string);
  info.memory = readMemory(root);
  return std::move(info);
}

Expected<ModuleInfo> maek::runtime::readModule(const maek_module_t &module) {
  if (module.abi != MAEK_MODULE_ABI)
    return makeError(MAEK_BAD_MODULE, "the module has ABI ", module.abi,
                     ", this runtime reads ", MAEK_MODULE_ABI);
  if (!module.json || !module.entries)
    return makeError(MAEK_BAD_MODULE, "the module has no ",
                     module.json ? "entries" : "description");
  Expected<Json> root = parseJson({module.json, module.json_size});
  if (!root) {
    Error error = root.takeError();
    return makeError(MAEK_BAD_MODULE, "module description: ", error.message());
  }
  return Reader().read(*root);
}
