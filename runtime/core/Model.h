// Part of Maek, under the MIT licence; see LICENSE.
// An instance of a compiled model: its tensors, counters and buffers, and how
// an entry is called on them. What maek_model_t points to.
#ifndef MAEK_RUNTIME_CORE_MODEL_H
#define MAEK_RUNTIME_CORE_MODEL_H

#include "runtime/core/Mirror.h"
#include "runtime/core/ModuleInfo.h"
#include "runtime/core/Recordings.h"
#include <span>
#include <utility>

namespace maek::runtime {

struct SafetensorsHeader;
class SafetensorsFile;

class Model {
public:
  /// Makes all tensors, with first values drawn from `seed`. The module's code
  /// is that for the device, where there is one.
  static Expected<std::unique_ptr<Model>>
  create(const maek_module_t &module, uint64_t seed, uint64_t memoryLimit,
         std::unique_ptr<Device> device = nullptr);

  const ModuleInfo &module() const { return info; }
  /// Where entries run; null for the processor.
  const Device *device() const { return on.get(); }
  Error initialize(uint64_t seed);

  /// Runs the entry on tensors for its inputs and targets, in any order. What
  /// it carries is that of its latest run, at first zeros.
  Error run(size_t entry, std::span<const maek_tensor_t> arguments);
  /// The entry's next run begins with zeros in what is carried, which holds so
  /// many steps, if it is of a size of its own.
  void resetCarried(size_t entry, int64_t capacity);
  /// The same with a larger capacity from the next run on: what is carried
  /// stays.
  void growCarried(size_t entry, int64_t capacity);
  /// Runs `train_step` and counts the update. Where several batches make one
  /// update, it is made with the last of them, or with this one if it is the
  /// epoch's last. On a device it is queued: `checkLoss` waits for it.
  Error trainStep(std::span<const maek_tensor_t> arguments, double lr,
                  int64_t steps, bool isLast = false);
  /// MAEK_NOT_FINITE if the loss of the latest training step is not finite.
  Error checkLoss();
  /// Waits for what runs queued on a device.
  Error finish() { return on ? on->synchronize() : Error::success(); }
  /// Bytes of arena that the entry needs for these values of its symbols.
  int64_t arenaSize(size_t entry, const std::vector<int64_t> &dims) const;
  /// The values of the entry's symbols in its latest run.
  const std::vector<int64_t> &dims(size_t entry) const {
    return entries[entry].dims;
  }

  /// A result of the entry's latest run, by index into its results.
  Expected<maek_tensor_t> result(size_t entry, size_t index);
  /// A result of rank 0 as a number, 0 if the entry did not run.
  Expected<double> scalar(size_t entry, size_t index);
  bool hasRun(size_t entry) const { return entries[entry].ran; }

  Expected<maek_tensor_t> parameter(size_t index);
  Error setParameter(const maek_tensor_t &value);

  /// Reads a safetensors file; its metadata comes back. Nothing is changed on
  /// failure. With `complete`, every state must be in the file; without, the
  /// names in the file may be those of one of the model's weights blocks. For
  /// `fresh` see loadToBegin.
  Expected<Metadata> load(const std::string &path, bool complete,
                          std::span<const std::string> fresh = {});
  /// Reads weights, as `load` does of an incomplete file, for a new run to
  /// begin with: of a checkpoint with averages the averages, and nothing of its
  /// optimizer. What one of the patterns `fresh` takes keeps its first value,
  /// whatever the file has; one that takes nothing is an error.
  Expected<Metadata> loadToBegin(const std::string &path,
                                 std::span<const std::string> fresh = {});
  /// Reads the weights of a model that this one uses from a file of that
  /// model's own, checkpoint or not. Nothing is changed on failure.
  Error loadUsed(const UseInfo &use, const std::string &path);
  /// MAEK_NOT_FINITE, with its name, if a number of a parameter is not finite:
  /// nothing can be learned or told from such weights.
  Error checkParameters();
  /// The first parameter with a number that is not finite, or null.
  Expected<const TensorInfo *> findNotFinite();
  /// Writes all tensors, `extra` and the step counter.
  Error save(const std::string &path, const Metadata &extra);
  /// An error if what `save` would write could not be read again.
  Error checkSave(const std::string &path, const Metadata &extra);

  /// Writes the weights as the weights block `format` names and lays them out,
  /// and `extra`.
  Error exportTo(const std::string &path, const std::string &format,
                 const Metadata &extra = {});

  int64_t step = 0;    ///< updates made
  int64_t pending = 0; ///< batches since the latest update
  /// Of the random numbers in training, which depend on it and these counts
  /// alone.
  uint64_t seed = 0;

private:
  /// Of a number among the results.
  static constexpr size_t slotBytes = 8;

  struct Stored {
    const TensorInfo *info;
    Mirror data;
  };
  struct Result {
    Mirror data; ///< not of rank 0
    std::vector<int64_t> shape;
    size_t slot = 0; ///< of rank 0, in the entry's `numbers`
  };
  /// What one run of an entry hands to the next.
  struct Carried {
    Mirror data;
    std::vector<int64_t> shape; ///< empty before the first run
  };
  struct EntryState {
    const EntryInfo *info;
    maek_entry_code_t code;
    std::vector<const maek_tensor_t *> given; ///< per argument, or null
    std::vector<int64_t> dims;                ///< per symbol
    /// What the code gets: these, and the values of its `hostReads`.
    std::vector<int64_t> words;
    std::vector<void *> buffers; ///< arguments, then results
    std::vector<double> scalars; ///< storage, per argument
    std::vector<Result> results; ///< per result
    Mirror numbers; ///< the results of rank 0, read from a device together
    Recordings recordings;
    std::vector<Carried> carried;         ///< per argument of that role
    std::optional<size_t> capacitySymbol; ///< see EntryInfo::findCapacity
    int64_t capacity = 0;                 ///< its value; 0 = none chosen
    bool begins = true;                   ///< carries zeros
    bool ran = false;
    bool needsPrepared = false;
    bool updates = false; ///< what is trained, or states
  };

  Model() = default;
  Error allocate(const std::vector<TensorInfo> &infos, std::vector<Stored> &out,
                 std::string_view kind);
  Error setUpEntries(const maek_module_t &module);
  void reset(Stored &stored, uint64_t seed);
  /// Forgets what was made of the weights before: prepared tensors, and sums of
  /// gradients unless they are those of `batches` batches with the new ones.
  void takeNewWeights(int64_t batches = 0);

  static Expected<bool> isFinite(Stored &stored);
  Error match(EntryState &entry, std::span<const maek_tensor_t> arguments);
  Error bindSymbols(EntryState &entry);
  Error checkSizes(const EntryState &entry);
  Error checkClasses(const EntryState &entry);
  Error checkOverlaps(EntryState &entry);
  Error sizeResults(EntryState &entry);
  /// Room for the results of rank 0, once.
  Error makeNumbers(EntryState &entry);
  static Expected<int64_t> sizeArena(const EntryState &entry);
  Error makeRoom(EntryState &entry);
  Error sizeCarried(EntryState &entry);
  Error resizeCarried(const PortInfo &port, bool begins,
                      std::vector<int64_t> shape, Carried &carried);
  Error call(EntryState &entry);
  Error growFor(EntryState &entry);
  Error bindBuffers(EntryState &entry);
  void noteWritten(EntryState &entry);
  /// Puts what the call gives to a device there, in one copy, and the addresses
  /// into `buffers`.
  Error bringArguments(EntryState &entry);
  Error runCode(EntryState &entry);
  Error runOnDevice(EntryState &entry);
  Error prepare();
  Error checkScalars(double lr, int64_t steps) const;
  static std::string blameInputs(const EntryState &entry);
  Error update(double lr, int64_t steps);
  void setScalars(EntryState &entry, double lr, int64_t steps);
  /// The tensor of the model that the port is, or null.
  Mirror *storageOf(EntryState &entry, const PortInfo &port);
  Mirror &writtenBy(EntryState &entry, size_t result);
  /// A parameter's average, where the model has one, begins as the parameter.
  Error resetAverage(size_t parameter);
  Expected<std::vector<maek_tensor_t>> allTensors();
  Metadata allMetadata(const Metadata &extra) const;
  /// The entry that reads such a file, if its names are not the model's own.
  std::optional<size_t> findImport(const SafetensorsHeader &header) const;
  Error importFrom(const SafetensorsFile &file, size_t entry,
                   std::span<const std::string> fresh);
  /// Runs the entry and leaves what a pattern takes as it was.
  Error runImport(size_t entry, std::span<const maek_tensor_t> tensors,
                  std::span<const std::string> fresh);
  bool startsAnew(bool isState, size_t index,
                  std::span<const std::string> fresh) const;
  /// An error if products multiply codes and the file does not say of which
  /// ranges.
  Error checkRanges(const SafetensorsFile &file,
                    std::span<const std::string> fresh) const;
  Error checkFresh(std::span<const std::string> fresh) const;

  ModuleInfo info;
  MemoryBudget budget;
  std::unique_ptr<Device> on; ///< outlives what lies there
  std::vector<Stored> parameters, states, prepared;
  std::vector<EntryState> entries;
  Mirror arena;
  Buffer descriptors;      ///< what kernels are told of tensors
  Mirror given;            ///< on a device: the arguments that a call gives
  bool mustPrepare = true; ///< parameters are newer than `prepared`
};

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_MODEL_H
