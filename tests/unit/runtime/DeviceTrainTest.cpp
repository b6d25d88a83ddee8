// Part of Maek, under the MIT licence; see LICENSE.
// Training on a device from the command line.
#include "FakeDevice.h"
#include "Run.h"
#include "Scratch.h"
#include "runtime/core/Placement.h"
#include "runtime/data/Npy.h"
#include "tests/support/StubCuda.h"

#include <gtest/gtest.h>

using namespace maek::runtime;
using namespace maek::fake;

namespace {
class DeviceTrainTest : public testing::Test {
protected:
  void SetUp() override {
    maek_stub_cuda_reset();
    defineStubKernels();
    // 10 examples: two batches of four and one of two.
    std::vector<float> values(10 * 4);
    for (size_t i = 0; i < values.size(); ++i)
      values[i] = static_cast<float>(i * 5 % 13) / 8;
    writeFile(scratch / "train-x.npy",
              makeNpyHeader(MAEK_F32, std::vector<int64_t>{10, 4}) +
                  std::string(reinterpret_cast<const char *>(values.data()),
                              values.size() * sizeof(float)));
  }
  void TearDown() override { maek_stub_cuda_reset(); }

  Result train(const std::string &device, const std::string &save,
               std::vector<std::string> more = {}) {
    std::vector<std::string> arguments = {
        "train",   "--data",   "npy",      "--data-dir", scratch.path(),
        "--batch", "4",        "--epochs", "4",          "--evaluate-every",
        "0",       "--device", device,     "--save",     scratch / save};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return run(arguments, steps());
  }
  static bool isThere(const char *device) {
    return static_cast<bool>(openDevice(device));
  }

  Scratch scratch;
};
} // namespace

TEST_F(DeviceTrainTest, GivesTheProcessorsNumbers) {
  Result here = train("cpu", "cpu.safetensors");
  ASSERT_EQ(here.code, 0) << here.err;
  EXPECT_EQ(here.err, "");
  for (const char *device : {"cuda", "opencl"}) {
    if (!isThere(device))
      continue;
    std::string file = std::string(device) + ".safetensors";
    Result there = train(device, file);
    ASSERT_EQ(there.code, 0) << there.err;
    EXPECT_TRUE(there.err.starts_with(text("fake: runs on ", device, ":0 (")))
        << there.err;
    // All but the last line, which names the file.
    auto epochs = [](const Result &result) {
      return hideTimes(result.out.substr(0, result.out.find("saved")));
    };
    EXPECT_EQ(epochs(there), epochs(here));
    EXPECT_EQ(readFile(scratch / file), readFile(scratch / "cpu.safetensors"));
  }
}

// Behind the first epochs a step is a batch's copy, a replay and the loss.
TEST_F(DeviceTrainTest, AsksTheDriverForNothingMore) {
  ASSERT_EQ(train("cuda", "a.safetensors", {"--quiet"}).code, 0);
  std::string lines = maek_stub_cuda_log();
  size_t recorded = lines.rfind("end recording");
  ASSERT_NE(recorded, std::string::npos);
  std::string after = lines.substr(recorded);
  size_t next = after.find("upload");
  ASSERT_NE(next, std::string::npos);
  const std::string launch = "launch descend 1x1x1 1x1x1 shared 0\n";
  auto step = [&](int bytes) {
    return text("upload ", bytes, "\nreplay\n", launch,
                "download 16\nsynchronize\n");
  };
  // The weights come back for the checkpoint of each epoch.
  const std::string saved = "download 16\nsynchronize\ndownload 4\n"
                            "synchronize\n";
  std::string epoch = step(772) + step(772) + step(772) + saved;
  EXPECT_TRUE(after.substr(next).starts_with(epoch)) << after;
}

TEST_F(DeviceTrainTest, ALostDeviceLeavesTheLastCheckpoint) {
  // Three steps an epoch: the seventh is the first of the third.
  maek_stub_cuda_set_lost(7);
  Result lost = train("cuda", "w.safetensors");
  EXPECT_EQ(lost.code, 1);
  EXPECT_NE(lost.err.find("fake: error: lost the device cuda:0 (Stub A) at a "
                          "download: an illegal memory access was encountered "
                          "(CUDA_ERROR_ILLEGAL_ADDRESS); what it held is gone: "
                          "begin again, from the last checkpoint (epoch 3); " +
                          (scratch / "w.safetensors") + " holds step 6\n"),
            std::string::npos)
      << lost.err;
  maek_stub_cuda_reset();
  Result resumed = run({"train", "--resume", scratch / "w.safetensors",
                        "--data-dir", scratch.path(), "--evaluate-every", "0"},
                       steps());
  EXPECT_EQ(resumed.code, 0) << resumed.err;
  ASSERT_EQ(train("cpu", "cpu.safetensors").code, 0);
  EXPECT_EQ(readFile(scratch / "w.safetensors"),
            readFile(scratch / "cpu.safetensors"));
}
