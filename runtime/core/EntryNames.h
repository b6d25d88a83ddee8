// Part of Maek, under the MIT licence; see LICENSE.
// Names that the compiler gives and the runtime finds: those of entries, and
// those of what they take beside the model's own tensors. Nothing that must be
// linked, so that the compiler has the same; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_ENTRYNAMES_H
#define MAEK_RUNTIME_CORE_ENTRYNAMES_H

#include <optional>
#include <string_view>

namespace maek::runtime {

// Entries.
inline constexpr char kForward[] = "forward";
/// Beside the outputs the loss and the metrics.
inline constexpr char kEvaluate[] = "evaluate";
inline constexpr char kTrainStep[] = "train_step";
/// Of a model whose gradients are accumulated: their sums become an update.
inline constexpr char kUpdate[] = "update";
/// Makes what other entries compute of the weights alone.
inline constexpr char kPrepare[] = "prepare";
/// Goes on with a text.
inline constexpr char kGenerateStep[] = "generate_step";
/// What such an entry computes of the other inputs, once a text.
inline constexpr char kGenerateSource[] = "generate_source";
/// Of a model whose products multiply shorter numbers: the same as `evaluate`
/// (or `forward`) without that. It also observes what decides the codes of
/// products' operands, see kRangeSuffix.
inline constexpr char kReference[] = "reference";
/// All of these.
inline constexpr const char *kEntries[] = {
    kForward, kEvaluate,     kTrainStep,      kUpdate,
    kPrepare, kGenerateStep, kGenerateSource, kReference,
};
/// A parameter with this behind another one's name: the largest magnitude of
/// what products multiply that one by, as far as `reference` has seen it.
inline constexpr char kRangeSuffix[] = ".input_range";
/// The other one's name; nothing if it is not named so.
inline constexpr std::optional<std::string_view>
findRanged(std::string_view name) {
  if (!name.ends_with(kRangeSuffix))
    return std::nullopt;
  return name.substr(0, name.size() - std::string_view(kRangeSuffix).size());
}
/// The format's name follows: from a file's tensors to the model's, and back.
inline constexpr char kImportPrefix[] = "import_";
inline constexpr char kExportPrefix[] = "export_";

// Scalars of a training step.
inline constexpr char kRateName[] = "lr";
/// Updates, this one included; of the whole run.
inline constexpr char kStepName[] = "step";
inline constexpr char kStepsName[] = "steps";
/// The halves of the key of the step's random numbers.
inline constexpr char kKeyLowName[] = "key_low";
inline constexpr char kKeyHighName[] = "key_high";

// What an entry that goes on with a text takes beside the text: what its latest
// call left, and where in the text it stands.
/// All of them begin so.
inline constexpr char kCarriedPrefix[] = "state.";
/// The input that is above 0 for the examples whose text begins.
inline constexpr char kBeginsName[] = "state.begins";
/// The input that counts the steps before this call.
inline constexpr char kPositionName[] = "state.position";

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_ENTRYNAMES_H
