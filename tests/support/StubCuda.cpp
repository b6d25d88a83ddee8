// Part of Maek, under the MIT licence; see LICENSE.
// A stand-in for CUDA's driver, a library of its name. See StubCuda.h.
#include "tests/support/StubCuda.h"

#include "runtime/device/CudaDriver.h"
#include "tests/support/StubMemory.h"

#include <charconv>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <map>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

using namespace maek::cuda;
using Reach = maek::fake::StubMemory::Reach;

// The names are the driver's.
// NOLINTBEGIN(readability-identifier-naming)
namespace {
constexpr auto CUDA_ERROR_INVALID_VALUE = static_cast<CUresult>(1);
constexpr auto CUDA_ERROR_INVALID_CONTEXT = static_cast<CUresult>(201);
constexpr auto CUDA_ERROR_INVALID_PTX = static_cast<CUresult>(218);
constexpr auto CUDA_ERROR_NOT_FOUND = static_cast<CUresult>(500);
constexpr auto CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED =
    static_cast<CUresult>(900);

/// The number that the text begins with, 0 if there is none.
int readNumber(std::string_view text) {
  int number = 0;
  std::from_chars(text.data(), text.data() + text.size(), number);
  return number;
}

int readEnvironment(const char *name, int otherwise) {
  const char *value = std::getenv(name);
  return value ? readNumber(value) : otherwise;
}

struct Function {
  std::string name;
  std::vector<size_t> sizes; ///< of its arguments
};
struct Module {
  std::vector<std::unique_ptr<Function>> functions;
};
struct Operation {
  std::string line;
  std::function<void()> work;
};
using Recording = std::vector<Operation>;

/// All of the driver's state: tests use it from one thread.
struct State {
  std::string log;
  maek::fake::StubMemory memory;
  int untilNoMemory = readEnvironment("MAEK_STUB_CUDA_NO_MEMORY", 0);
  int untilLost = readEnvironment("MAEK_STUB_CUDA_LOST", 0);
  bool isLost = false;
  int contexts = 0; ///< that were pushed
  Recording *recording = nullptr;
  bool isBroken = false; ///< the recording
  std::map<std::string, maek_stub_kernel_t> kernels;
};

State &state() {
  static auto *state = new State;
  return *state;
}

void write(const std::string &line) {
  state().log += line + "\n";
  if (const char *path = std::getenv("MAEK_STUB_CUDA_LOG"))
    if (std::FILE *file = std::fopen(path, "a")) {
      std::fprintf(file, "%s\n", line.c_str());
      std::fclose(file);
    }
}

/// What every call on a context answers first.
CUresult answer() {
  if (state().contexts == 0)
    return CUDA_ERROR_INVALID_CONTEXT;
  return state().isLost ? CUDA_ERROR_ILLEGAL_ADDRESS : CUDA_SUCCESS;
}

/// Work of a stream: done, or recorded.
CUresult queue(const std::string &line, std::function<void()> work) {
  if (CUresult result = answer(); result != CUDA_SUCCESS)
    return result;
  if (state().recording) {
    write("record " + line);
    state().recording->push_back({line, std::move(work)});
    return CUDA_SUCCESS;
  }
  write(line);
  work();
  return CUDA_SUCCESS;
}

/// What waits cannot be recorded, and breaks the recording.
CUresult refuseRecording() {
  state().isBroken = true;
  return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
}

bool isHeld(CUdeviceptr address, size_t bytes) {
  return state().memory.holds(address, bytes);
}

void *pointer(CUdeviceptr address) { return reinterpret_cast<void *>(address); }

/// Of a type such as "u64".
size_t parameterSize(std::string_view type) {
  return static_cast<size_t>(readNumber(type.substr(1))) / 8;
}

/// The kernels of a PTX text and the sizes of their parameters.
std::unique_ptr<Module> parse(std::string_view text) {
  auto module = std::make_unique<Module>();
  constexpr std::string_view entry = ".entry ", param = ".param .";
  for (size_t at = text.find(entry); at != text.npos;
       at = text.find(entry, at)) {
    at += entry.size();
    size_t open = text.find('(', at), close = text.find(')', at);
    if (open == text.npos || close == text.npos)
      return nullptr;
    auto function = std::make_unique<Function>();
    function->name = text.substr(at, open - at);
    for (size_t next = text.find(param, open); next < close;
         next = text.find(param, next)) {
      next += param.size();
      function->sizes.push_back(parameterSize(text.substr(next)));
    }
    module->functions.push_back(std::move(function));
    at = close;
  }
  return module->functions.empty() ? nullptr : std::move(module);
}

/// Copies of a launch's arguments, which the caller may change.
struct Arguments {
  std::vector<std::vector<std::byte>> values;

  Arguments(const Function &function, void **given) {
    for (size_t i = 0; i < function.sizes.size(); ++i) {
      auto *bytes = static_cast<const std::byte *>(given[i]);
      values.emplace_back(bytes, bytes + function.sizes[i]);
    }
  }
  void run(maek_stub_kernel_t work) const {
    std::vector<void *> pointers;
    for (const auto &value : values)
      pointers.push_back(const_cast<std::byte *>(value.data()));
    if (work)
      work(pointers.data());
  }
};

struct ErrorText {
  CUresult error;
  const char *name, *meaning;
};
constexpr ErrorText errorTexts[] = {
    {CUDA_ERROR_OUT_OF_MEMORY, "CUDA_ERROR_OUT_OF_MEMORY", "out of memory"},
    {CUDA_ERROR_NO_DEVICE, "CUDA_ERROR_NO_DEVICE",
     "no CUDA-capable device is detected"},
    {CUDA_ERROR_INVALID_PTX, "CUDA_ERROR_INVALID_PTX",
     "a PTX JIT compilation failed"},
    {CUDA_ERROR_NOT_FOUND, "CUDA_ERROR_NOT_FOUND", "named symbol not found"},
    {CUDA_ERROR_ILLEGAL_ADDRESS, "CUDA_ERROR_ILLEGAL_ADDRESS",
     "an illegal memory access was encountered"}};

const ErrorText *findText(CUresult error) {
  for (const ErrorText &text : errorTexts)
    if (text.error == error)
      return &text;
  return nullptr;
}

std::string dimensions(unsigned x, unsigned y, unsigned z) {
  return std::to_string(x) + "x" + std::to_string(y) + "x" + std::to_string(z);
}
} // namespace

extern "C" {
#define MAEK_EXPORT __attribute__((visibility("default")))

MAEK_EXPORT void maek_stub_cuda_reset() {
  State &now = state();
  now.log.clear();
  now.untilNoMemory = now.untilLost = 0;
  now.isLost = false;
}
MAEK_EXPORT const char *maek_stub_cuda_log() { return state().log.c_str(); }
MAEK_EXPORT void maek_stub_cuda_define(const char *name,
                                       maek_stub_kernel_t work) {
  state().kernels[name] = work;
}
MAEK_EXPORT void maek_stub_cuda_set_no_memory(int allocation) {
  state().untilNoMemory = allocation;
}
MAEK_EXPORT void maek_stub_cuda_set_lost(int launch) {
  state().untilLost = launch;
}
MAEK_EXPORT unsigned long long maek_stub_cuda_held() {
  return state().memory.held();
}
MAEK_EXPORT void maek_stub_cuda_reach(int isReachable) {
  state().memory.setReachable(0, isReachable != 0);
}

MAEK_EXPORT CUresult cuInit(unsigned) {
  return readEnvironment("MAEK_STUB_CUDA_DEVICES", 2) > 0
             ? CUDA_SUCCESS
             : CUDA_ERROR_NO_DEVICE;
}
MAEK_EXPORT CUresult cuDriverGetVersion(int *version) {
  *version = readEnvironment("MAEK_STUB_CUDA_VERSION", 12040);
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuGetErrorName(CUresult error, const char **text) {
  const ErrorText *found = findText(error);
  *text = found ? found->name : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}
MAEK_EXPORT CUresult cuGetErrorString(CUresult error, const char **text) {
  const ErrorText *found = findText(error);
  *text = found ? found->meaning : nullptr;
  return found ? CUDA_SUCCESS : CUDA_ERROR_INVALID_VALUE;
}

MAEK_EXPORT CUresult cuDeviceGetCount(int *count) {
  *count = readEnvironment("MAEK_STUB_CUDA_DEVICES", 2);
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuDeviceGet(CUdevice *device, int ordinal) {
  *device = ordinal;
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuDeviceGetName(char *name, int length, CUdevice device) {
  std::snprintf(name, static_cast<size_t>(length), "Stub %c", 'A' + device);
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuDeviceGetAttribute(int *value, int attribute, CUdevice) {
  *value = attribute == CU_DEVICE_ATTRIBUTE_COMPUTE_CAPABILITY_MAJOR ? 9 : 0;
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuDeviceTotalMem_v2(size_t *bytes, CUdevice) {
  *bytes =
      static_cast<size_t>(readEnvironment("MAEK_STUB_CUDA_MEMORY", 1 << 30));
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuDevicePrimaryCtxRetain(CUcontext *context, CUdevice) {
  *context = reinterpret_cast<CUcontext>(&state());
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuDevicePrimaryCtxRelease_v2(CUdevice) {
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuCtxPushCurrent_v2(CUcontext) {
  ++state().contexts;
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuCtxPopCurrent_v2(CUcontext *) {
  --state().contexts;
  return CUDA_SUCCESS;
}

MAEK_EXPORT CUresult cuMemGetInfo_v2(size_t *left, size_t *all) {
  cuDeviceTotalMem_v2(all, 0);
  *left = *all - state().memory.held();
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuMemAlloc_v2(CUdeviceptr *address, size_t bytes) {
  if (CUresult result = answer(); result != CUDA_SUCCESS)
    return result;
  State &now = state();
  size_t left, all;
  cuMemGetInfo_v2(&left, &all);
  if (now.untilNoMemory > 1)
    --now.untilNoMemory;
  else if (now.untilNoMemory == 1)
    left = 0;
  if (bytes > left) {
    write("no memory for " + std::to_string(bytes));
    return CUDA_ERROR_OUT_OF_MEMORY;
  }
  write("allocate " + std::to_string(bytes));
  *address = now.memory.allocate(bytes);
  return *address ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
MAEK_EXPORT CUresult cuMemFree_v2(CUdeviceptr address) {
  size_t bytes;
  if (!state().memory.release(address, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  write("free " + std::to_string(bytes));
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuMemHostAlloc(void **memory, size_t bytes, unsigned) {
  if (CUresult result = answer(); result != CUDA_SUCCESS)
    return result;
  write("allocate host " + std::to_string(bytes));
  *memory = std::malloc(bytes);
  return *memory ? CUDA_SUCCESS : CUDA_ERROR_OUT_OF_MEMORY;
}
MAEK_EXPORT CUresult cuMemFreeHost(void *memory) {
  std::free(memory);
  return CUDA_SUCCESS;
}

MAEK_EXPORT CUresult cuMemcpyHtoDAsync_v2(CUdeviceptr to, const void *from,
                                          size_t bytes, CUstream) {
  if (!isHeld(to, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  return queue("upload " + std::to_string(bytes), [=] {
    Reach reach(state().memory, to);
    std::memcpy(pointer(to), from, bytes);
  });
}
MAEK_EXPORT CUresult cuMemcpyDtoHAsync_v2(void *to, CUdeviceptr from,
                                          size_t bytes, CUstream) {
  if (!isHeld(from, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  return queue("download " + std::to_string(bytes), [=] {
    Reach reach(state().memory, from);
    std::memcpy(to, pointer(from), bytes);
  });
}
MAEK_EXPORT CUresult cuMemcpyDtoDAsync_v2(CUdeviceptr to, CUdeviceptr from,
                                          size_t bytes, CUstream) {
  if (!isHeld(to, bytes) || !isHeld(from, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  return queue("copy " + std::to_string(bytes), [=] {
    Reach reach(state().memory, from), other(state().memory, to);
    std::memmove(pointer(to), pointer(from), bytes);
  });
}
MAEK_EXPORT CUresult cuMemsetD8Async(CUdeviceptr at, unsigned char value,
                                     size_t bytes, CUstream) {
  if (!isHeld(at, bytes))
    return CUDA_ERROR_INVALID_VALUE;
  return queue("clear " + std::to_string(bytes), [=] {
    Reach reach(state().memory, at);
    std::memset(pointer(at), value, bytes);
  });
}

MAEK_EXPORT CUresult cuModuleLoadDataEx(CUmodule *module, const void *image,
                                        unsigned count, int *options,
                                        void **values) {
  if (CUresult result = answer(); result != CUDA_SUCCESS)
    return result;
  std::unique_ptr<Module> parsed = parse(static_cast<const char *>(image));
  if (!parsed) {
    for (unsigned i = 0; i < count; ++i)
      if (options[i] == CU_JIT_ERROR_LOG_BUFFER)
        std::strcpy(static_cast<char *>(values[i]), "no .entry in there");
    return CUDA_ERROR_INVALID_PTX;
  }
  write("load " + std::to_string(parsed->functions.size()) +
        (parsed->functions.size() == 1 ? " kernel" : " kernels"));
  *module = reinterpret_cast<CUmodule>(parsed.release());
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuModuleUnload(CUmodule module) {
  delete reinterpret_cast<Module *>(module);
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuModuleGetFunction(CUfunction *function, CUmodule module,
                                         const char *name) {
  for (const auto &known : reinterpret_cast<Module *>(module)->functions)
    if (known->name == name) {
      *function = reinterpret_cast<CUfunction>(known.get());
      return CUDA_SUCCESS;
    }
  return CUDA_ERROR_NOT_FOUND;
}
MAEK_EXPORT CUresult cuLaunchKernel(CUfunction handle, unsigned blocksX,
                                    unsigned blocksY, unsigned blocksZ,
                                    unsigned threadsX, unsigned threadsY,
                                    unsigned threadsZ, unsigned sharedBytes,
                                    CUstream, void **arguments, void **) {
  const auto &function = *reinterpret_cast<const Function *>(handle);
  if (!blocksX || !blocksY || !blocksZ || !threadsX || !threadsY || !threadsZ ||
      threadsX * threadsY * threadsZ > 1024 || sharedBytes > 48 * 1024)
    return CUDA_ERROR_INVALID_VALUE;
  Arguments kept(function, arguments);
  CUresult result = queue("launch " + function.name + " " +
                              dimensions(blocksX, blocksY, blocksZ) + " " +
                              dimensions(threadsX, threadsY, threadsZ) +
                              " shared " + std::to_string(sharedBytes),
                          [kept, name = function.name] {
                            State &now = state();
                            if (now.untilLost > 0 && --now.untilLost == 0)
                              now.isLost = true;
                            auto known = now.kernels.find(name);
                            if (known == now.kernels.end() || now.isLost)
                              return;
                            Reach reach(now.memory);
                            kept.run(known->second);
                          });
  return result;
}

MAEK_EXPORT CUresult cuStreamCreate(CUstream *stream, unsigned) {
  *stream = reinterpret_cast<CUstream>(&state());
  return answer();
}
MAEK_EXPORT CUresult cuStreamDestroy_v2(CUstream) { return CUDA_SUCCESS; }
MAEK_EXPORT CUresult cuStreamSynchronize(CUstream) {
  if (state().recording)
    return refuseRecording();
  write("synchronize");
  return answer();
}
MAEK_EXPORT CUresult cuEventCreate(CUevent *event, unsigned) {
  *event = reinterpret_cast<CUevent>(&state());
  return answer();
}
MAEK_EXPORT CUresult cuEventDestroy_v2(CUevent) { return CUDA_SUCCESS; }
MAEK_EXPORT CUresult cuEventRecord(CUevent, CUstream) { return answer(); }
MAEK_EXPORT CUresult cuEventSynchronize(CUevent) {
  return state().recording ? refuseRecording() : answer();
}

MAEK_EXPORT CUresult cuStreamBeginCapture_v2(CUstream, int) {
  if (CUresult result = answer(); result != CUDA_SUCCESS)
    return result;
  write("begin recording");
  state().recording = new Recording;
  state().isBroken = false;
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuStreamEndCapture(CUstream, CUgraph *graph) {
  std::unique_ptr<Recording> recording(state().recording);
  state().recording = nullptr;
  if (!recording)
    return CUDA_ERROR_INVALID_VALUE;
  if (state().isBroken)
    return CUDA_ERROR_STREAM_CAPTURE_UNSUPPORTED;
  write("end recording, " + std::to_string(recording->size()) + " operations");
  *graph = reinterpret_cast<CUgraph>(recording.release());
  return answer();
}
MAEK_EXPORT CUresult cuGraphInstantiateWithFlags(CUgraphExec *work,
                                                 CUgraph graph,
                                                 unsigned long long) {
  if (state().untilNoMemory == 1)
    return CUDA_ERROR_OUT_OF_MEMORY;
  *work = reinterpret_cast<CUgraphExec>(
      new Recording(*reinterpret_cast<Recording *>(graph)));
  return answer();
}
MAEK_EXPORT CUresult cuGraphLaunch(CUgraphExec work, CUstream) {
  if (CUresult result = answer(); result != CUDA_SUCCESS)
    return result;
  write("replay");
  for (const Operation &operation : *reinterpret_cast<Recording *>(work)) {
    write(operation.line);
    operation.work();
  }
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuGraphExecDestroy(CUgraphExec work) {
  delete reinterpret_cast<Recording *>(work);
  return CUDA_SUCCESS;
}
MAEK_EXPORT CUresult cuGraphDestroy(CUgraph graph) {
  delete reinterpret_cast<Recording *>(graph);
  return CUDA_SUCCESS;
}
}
// NOLINTEND(readability-identifier-naming)
