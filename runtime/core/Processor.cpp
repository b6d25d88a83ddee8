// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/core/Processor.h"

#include <algorithm>
#include <string>
#include <vector>

using namespace maek::runtime;

namespace {
/// The compiler's builtin takes literals only.
struct Probe {
  std::string_view feature;
  bool (*isThere)();
};
#define MAEK_PROBE(feature)                                                    \
  Probe {                                                                      \
    feature, [] { return __builtin_cpu_supports(feature) != 0; }               \
  }

constexpr Probe probes[] = {
    MAEK_PROBE("sse4.1"),
    MAEK_PROBE("avx"),
    MAEK_PROBE("f16c"),
    MAEK_PROBE("fma"),
    MAEK_PROBE("fma4"),
    MAEK_PROBE("avx2"),
    MAEK_PROBE("bmi"),
    MAEK_PROBE("bmi2"),
    MAEK_PROBE("avxvnni"),
    MAEK_PROBE("avx512f"),
    MAEK_PROBE("avx512cd"),
    MAEK_PROBE("avx512bw"),
    MAEK_PROBE("avx512dq"),
    MAEK_PROBE("avx512vl"),
    MAEK_PROBE("avx512ifma"),
    MAEK_PROBE("avx512vbmi"),
    MAEK_PROBE("avx512vbmi2"),
    MAEK_PROBE("avx512bf16"),
    MAEK_PROBE("avx512vnni"),
    MAEK_PROBE("avx512bitalg"),
    MAEK_PROBE("avx512vpopcntdq"),
};
#undef MAEK_PROBE

/// What the code for a feature of Halide's targets uses. LLVM makes code for
/// the first processor that has the feature, with all that vector loops need.
struct TargetFeature {
  std::string_view name, needs;
};

constexpr TargetFeature targetFeatures[] = {
    {"sse41", "sse4.1"},
    {"avx", "avx"},
    {"f16c", "f16c"},
    {"fma", "fma"},
    {"avx2", "avx2 fma bmi bmi2"},
    {"avx512", "avx512f avx512cd"},
    {"avx512_skylake", "avx512f avx512cd avx512bw avx512dq avx512vl"},
    // Up to here they are proposed.
    {"fma4", "fma4"},
    {"avxvnni", "avxvnni"},
    {"avx512_knl", "avx512f avx512cd"},
    {"avx512_cannonlake", "avx512f avx512cd avx512bw avx512dq avx512vl "
                          "avx512ifma avx512vbmi"},
    {"avx512_zen4", "avx512f avx512cd avx512bw avx512dq avx512vl avx512ifma "
                    "avx512vbmi avx512vbmi2 avx512bf16 avx512vnni "
                    "avx512bitalg avx512vpopcntdq"},
    {"avx512_zen5", "avx512f avx512cd avx512bw avx512dq avx512vl avx512ifma "
                    "avx512vbmi avx512vbmi2 avx512bf16 avx512vnni "
                    "avx512bitalg avx512vpopcntdq avxvnni"},
    {"avx512_sapphirerapids",
     "avx512f avx512cd avx512bw avx512dq avx512vl avx512ifma avx512vbmi "
     "avx512vbmi2 avx512bf16 avx512vnni avx512bitalg avx512vpopcntdq avxvnni"},
};
constexpr size_t numProposed = 7;
} // namespace

bool maek::runtime::processorHas(std::string_view feature) {
  __builtin_cpu_init();
  const Probe *probe = std::find_if(
      std::begin(probes), std::end(probes),
      [&](const Probe &known) { return known.feature == feature; });
  return probe != std::end(probes) && probe->isThere();
}

/// Calls `visit` with each part of `list`.
template <typename Visit>
static void forEachPart(std::string_view list, char separator, Visit visit) {
  while (!list.empty()) {
    size_t end = std::min(list.find(separator), list.size());
    visit(list.substr(0, end));
    list.remove_prefix(std::min(end + 1, list.size()));
  }
}

static bool hasAll(std::string_view needs, bool (*has)(std::string_view)) {
  bool all = true;
  forEachPart(needs, ' ', [&](std::string_view need) { all &= has(need); });
  return all;
}

bool maek::runtime::processorRuns(std::string_view feature,
                                  bool (*has)(std::string_view)) {
  for (const TargetFeature &known : targetFeatures)
    if (known.name == feature)
      return hasAll(known.needs, has);
  return true;
}

Error maek::runtime::checkProcessor(std::string_view target,
                                    bool (*has)(std::string_view)) {
  std::vector<std::string_view> missing;
  auto note = [&](std::string_view need) {
    if (!has(need) && std::ranges::find(missing, need) == missing.end())
      missing.push_back(need);
  };
  forEachPart(target, '-', [&](std::string_view part) {
    for (const TargetFeature &feature : targetFeatures)
      if (feature.name == part)
        forEachPart(feature.needs, ' ', note);
  });
  if (missing.empty())
    return Error::success();
  std::string names, possible = "x86-64-linux";
  for (std::string_view name : missing)
    append(names, text(names.empty() ? "" : ", ", name));
  for (size_t i = 0; i < numProposed; ++i)
    if (hasAll(targetFeatures[i].needs, has))
      append(possible, text("-", targetFeatures[i].name));
  return makeError(MAEK_BAD_MODULE, "this processor has no ", names,
                   ", which the model was compiled for (", target,
                   "); build it with --target=", possible);
}
