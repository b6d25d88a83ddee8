// Part of Maek, under the MIT licence; see LICENSE.
// Descriptions of modules: the hand-written one, and damaged ones.
#include "FakeModule.h"
#include "Mutations.h"
#include "runtime/core/ModuleInfo.h"

#include <gtest/gtest.h>

using namespace maek::runtime;
using namespace maek::fake;

static std::string read(const std::string &json) {
  maek_module_t module = logistic();
  module.json = json.data();
  module.json_size = json.size();
  Expected<ModuleInfo> info = readModule(module);
  if (info)
    return "ok";
  Error error = info.takeError();
  EXPECT_EQ(error.code(), MAEK_BAD_MODULE);
  return std::string(error.message());
}

TEST(ModuleReader, ReadsEverything) {
  Expected<ModuleInfo> info = readModule(logistic());
  ASSERT_TRUE(info) << info.takeError().message();
  EXPECT_EQ(info->name, "Logistic");
  EXPECT_EQ(info->settings.data, "fashion_mnist");
  EXPECT_EQ(info->settings.batch, 8);
  EXPECT_EQ(info->settings.lr, 0.1);
  EXPECT_EQ(info->versions.size(), 2u);
  ASSERT_EQ(info->parameters.size(), 2u);
  EXPECT_EQ(info->parameters[0].count, 48);
  EXPECT_EQ(info->parameters[0].init.second, 0.25);
  ASSERT_EQ(info->entries.size(), 4u);
  const EntryInfo &train = info->entries[*info->findEntry("train_step")];
  EXPECT_EQ(train.arguments[5].classes, 3);
  EXPECT_EQ(train.arguments[4].shapeText(train.symbols), "[B, 4, 4]");
  EXPECT_EQ(train.results[3].storage, 0u);
}

/// The description with `what` among its settings, and one moment that is an
/// average.
static std::string withTraining(const std::string &what,
                                const std::string &averaged = "linear.b") {
  std::string json = logisticJson();
  auto insert = [&](const std::string &behind, const std::string &text) {
    json.insert(json.find(behind) + behind.size(), text);
  };
  insert("\"settings\": {", what + (what.empty() ? "" : ", "));
  insert("{\"name\": \"m.linear.b\", ",
         "\"average_of\": \"" + averaged + "\", ");
  return json;
}

TEST(ModuleReader, ReadsWhatTheHostReads) {
  auto withReads = [](const std::string &name) {
    std::string json = logisticJson();
    std::string entry = "\"name\": \"forward\",";
    json.insert(json.find(entry), "\"host_reads\": [\"" + name + "\"], ");
    return read(json);
  };
  // No whole number of rank 0, stored, not there.
  for (const char *name : {"image", "linear.b", "nothing"})
    EXPECT_NE(withReads(name).find("entry 'forward' reads '" +
                                   std::string(name) +
                                   "', which is no whole number"),
              std::string::npos)
        << withReads(name);
}

TEST(ModuleReader, ReadsWhatTrainingNeeds) {
  maek_module_t module = logistic();
  std::string json = withTraining(
      R"("accumulate": 4, "augment": {"crop": 2.0, "mixup": 0.5},
         "uses": {"teacher": {"model": "CNN", "file": "a", "frozen": true}})");
  module.json = json.data();
  module.json_size = json.size();
  Expected<ModuleInfo> info = readModule(module);
  ASSERT_TRUE(info) << info.takeError().message();
  const SettingsInfo &settings = info->settings;
  EXPECT_EQ(settings.accumulate, 4);
  EXPECT_TRUE(settings.augment.any());
  EXPECT_EQ(settings.augment.crop, 2);
  EXPECT_EQ(settings.augment.flip, 0);
  EXPECT_EQ(settings.augment.mixup, 0.5);
  ASSERT_EQ(settings.uses.size(), 1u);
  EXPECT_EQ(settings.uses[0].name, "teacher");
  EXPECT_EQ(settings.uses[0].model, "CNN");
  EXPECT_EQ(settings.uses[0].file, "a");
  EXPECT_TRUE(settings.uses[0].frozen);
  EXPECT_FALSE(info->parameters[0].average);
  EXPECT_EQ(info->parameters[1].average, 1u);
}

TEST(ModuleReader, WrongTrainingIsRefused) {
  struct {
    const char *settings, *averaged, *message;
  } cases[] = {
      {"\"accumulate\": -1", "linear.b", "setting \"accumulate\" is no count"},
      {R"("augment": {"blur": 1})", "linear.b", "unknown augmentation 'blur'"},
      {R"("augment": {"crop": -1})", "linear.b",
       "augmentation 'crop' has no number from 1 to 4096"},
      {R"("schedule_arguments": {"floor": "low"})", "linear.b",
       "'floor' of the schedule is no number"},
      {R"("uses": {"t": {"file": ""}})", "linear.b",
       "the used model 't' has no string \"model\""},
      {R"("uses": {"t": {"model": "M"}})", "linear.b",
       "the used model 't' has no string \"file\""},
      {R"("uses": {"t": {"model": "M", "file": "", "frozen": 1}})", "linear.b",
       "the used model 't' does not say whether it is frozen"},
      {"", "linear.W",
       "'m.linear.b' is the average of 'linear.W', which is no such parameter"},
      {"", "c",
       "'m.linear.b' is the average of 'c', which is no such parameter"},
  };
  for (const auto &[settings, averaged, message] : cases)
    EXPECT_EQ(read(withTraining(settings, averaged)),
              text("module description: ", message));
}

TEST(ModuleReader, DamageIsRefusedWithAReason) {
  auto replace = [](const std::string &from, const std::string &to) {
    std::string json = logisticJson();
    json.replace(json.find(from), from.size(), to);
    return read(json);
  };
  struct {
    const char *from, *to, *message;
  } cases[] = {
      {"\"name\": \"Logistic\"", "\"name\": 3",
       "the model has no string \"name\""},
      {"\"precision\": \"f32\"", "\"precision\": \"f16\"",
       "unknown precision 'f16'"},
      {"\"dtype\": \"f32\"", "\"dtype\": \"i1\"",
       "'linear.W' has the unknown dtype 'i1'"},
      {"\"shape\": [3, 16]", "\"shape\": [3, -16]",
       "'linear.W' has a size that is no count"},
      {"\"shape\": [3, 16]", "\"shape\": [3, 4611686018427387904]",
       "'linear.W' is too large to address"},
      {"\"shape\": [3, 16]", "\"shape\": [4, 16]",
       "entry 'train_step', argument 'linear.W' differs from the parameter of "
       "its name in shape or dtype"},
      {"[-0.25, 0.25]", "[-0.25]", "'linear.W': uniform takes 2 numbers"},
      {"\"uniform\"", "\"cauchy\"",
       "'linear.W' has the unknown initialiser 'cauchy'"},
      {"\"m.linear.W\"", "\"linear.W\"",
       "'linear.W' is both parameter and state"},
      {"\"batch\": 8", "\"batch\": -8", "setting \"batch\" is no count"},
      {"\"lr\": 0.1", "\"lr\": \"x\"", "setting \"lr\" is no number"},
      {"[\"B\"], \"arguments\"", "[\"B\", \"B\"], \"arguments\"",
       "entry 'forward' has a wrong list of symbols"},
      {"[\"B\", 4, 4]", "[\"C\", 4, 4]",
       "entry 'forward', argument 'image' has the unknown size 'C'"},
      {"\"role\": \"prepared\"", "\"role\": \"output\"",
       "entry 'forward', argument 'packed.W' has the unknown role 'output'"},
      {"\"classes\": 3", "\"classes\": 0",
       "entry 'evaluate', argument 'label' has a wrong number of classes"},
      {"\"name\": \"evaluate\"", "\"name\": \"forward\"",
       "entry 'forward' comes twice"},
      {"\"entries\"", "\"entires\"", "the model has no array \"entries\""},
      {"\"memory\"", R"("limits": [{"size": "B", "most": 0}], "memory")",
       "a limit of entry 'forward' is no size and a count"},
      {"\"memory\"", R"("limits": [{"size": "Q", "most": 3}], "memory")",
       "a limit of entry 'forward' has the unknown size 'Q'"},
      {"\"memory\"", R"("limits": [{"size": "B", "most": 3}], "memory")",
       "a limit of entry 'forward' has no string \"table\""},
  };
  for (const auto &[from, to, message] : cases)
    EXPECT_EQ(replace(from, to), text("module description: ", message));
  EXPECT_EQ(read("{"), "module description: malformed JSON at byte 1");
  EXPECT_EQ(read(R"({"a":1,"a":2})"),
            "module description: key 'a' comes twice");
  EXPECT_EQ(read("[]"), "module description: it is no object");
}

TEST(ModuleReader, OtherAbisAreRefused) {
  maek_module_t module = logistic();
  module.abi = 7;
  EXPECT_EQ(readModule(module).takeError().message(),
            "the module has ABI 7, this runtime reads 2");
  module = logistic();
  module.entries = nullptr;
  EXPECT_EQ(readModule(module).takeError().message(),
            "the module has no entries");
}

TEST(ModuleReader, NoDamageCrashesIt) {
  forEachMutation(logisticJson(),
                  [](const std::string &bad, const std::string &what) {
                    EXPECT_FALSE(read(bad).empty()) << what;
                  });
}
