// Part of Maek, under the MIT licence; see LICENSE.
// What a model for another processor says before a kernel of it runs.
#include "runtime/core/Processor.h"

#include "FakeModule.h"

#include <fstream>
#include <gtest/gtest.h>
#include <string>

using namespace maek::fake;
using namespace maek::runtime;

static bool hasUpToAvx2(std::string_view feature) {
  return feature.substr(0, 6) != "avx512" && feature != "fma4" &&
         feature != "avxvnni";
}
static bool hasNothing(std::string_view) { return false; }

TEST(ProcessorTest, TargetsThatItCanRun) {
  for (const char *target :
       {"x86-64-linux", "x86-64-linux-avx-avx2-f16c-fma-sse41", "any", ""})
    EXPECT_FALSE(checkProcessor(target, hasUpToAvx2)) << target;
  EXPECT_FALSE(checkProcessor("x86-64-linux", hasNothing));
}

TEST(ProcessorTest, FeaturesThatItCanRun) {
  for (const char *feature : {"avx2", "fma", "x86", "tune_znver4"})
    EXPECT_TRUE(processorRuns(feature, hasUpToAvx2)) << feature;
  EXPECT_FALSE(processorRuns("avx512_zen4", hasUpToAvx2));
  EXPECT_FALSE(processorRuns("avx2", hasNothing));
}

TEST(ProcessorTest, NamesWhatIsMissingAndAnotherTarget) {
  Error error =
      checkProcessor("x86-64-linux-avx2-avx512-avx512_skylake", hasUpToAvx2);
  EXPECT_EQ(error.code(), MAEK_BAD_MODULE);
  EXPECT_EQ(error.message(),
            "this processor has no avx512f, avx512cd, avx512bw, avx512dq, "
            "avx512vl, which the model was compiled for "
            "(x86-64-linux-avx2-avx512-avx512_skylake); build it with "
            "--target=x86-64-linux-sse41-avx-f16c-fma-avx2");
  EXPECT_EQ(checkProcessor("x86-64-linux-fma-fma4-sse41", hasNothing).message(),
            "this processor has no fma, fma4, sse4.1, which the model was "
            "compiled for (x86-64-linux-fma-fma4-sse41); build it with "
            "--target=x86-64-linux");
}

// /proc/cpuinfo is where users look; names that differ are left out.
TEST(ProcessorTest, KnowsThisProcessor) {
  std::ifstream file("/proc/cpuinfo");
  std::string line, flags;
  while (flags.empty() && std::getline(file, line))
    if (line.rfind("flags", 0) == 0)
      flags = line + ' ';
  if (flags.empty())
    GTEST_SKIP() << "/proc/cpuinfo has no flags";
  for (std::string name : {"avx", "avx2", "f16c", "fma", "fma4", "bmi2",
                           "avx512f", "avx512bw", "avx512vl"})
    EXPECT_EQ(processorHas(name),
              flags.find(' ' + name + ' ') != std::string::npos)
        << name;
  EXPECT_FALSE(processorHas("avx1024"));
}

TEST(ProcessorTest, CreationIsRefused) {
  if (processorHas("fma4"))
    GTEST_SKIP() << "this processor has fma4, which was one maker's alone";
  std::string json = logisticJson();
  json.replace(json.find("x86-64-linux"), 12, "x86-64-linux-fma4");
  maek_module_t module = logistic();
  module.json = json.data();
  module.json_size = json.size();
  maek_model_t *model = nullptr;
  EXPECT_EQ(maek_model_create(&module, nullptr, &model), MAEK_BAD_MODULE);
  EXPECT_EQ(model, nullptr);
  EXPECT_EQ(std::string(maek_model_last_error(nullptr))
                .rfind("this processor has no fma4, which the model", 0),
            0u);
}
