// Part of Maek, under the MIT licence; see LICENSE.
// A file of a name is the old one or the new one, complete: with every system
// call of a save failing in turn, and with the process killed at any moment.
#include "runtime/core/Files.h"
#include "FakeModule.h"
#include "Scratch.h"
#include "SystemCalls.h"
#include "maek/cli.h"
#include "runtime/core/Model.h"
#include "runtime/core/Safetensors.h"

#include <cerrno>
#include <csignal>
#include <cstdlib>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <gtest/gtest.h>
#include <sys/file.h>
#include <sys/stat.h>
#include <sys/wait.h>
#include <unistd.h>

using namespace maek::runtime;
using namespace maek::fake;

static Error writeAll(const std::string &path, std::string_view content) {
  Expected<AtomicFile> file = AtomicFile::create(path);
  if (!file)
    return file.takeError();
  if (Error error = file->write(content))
    return error;
  return file->commit();
}

TEST(AtomicFile, ReplacesTheOldFile) {
  Scratch scratch;
  std::string path = scratch / "f";
  for (const char *content : {"old", "new and longer", ""}) {
    Error error = writeAll(path, content);
    ASSERT_FALSE(error) << error.message();
    EXPECT_EQ(readFile(path), content);
  }
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"f"});
}

TEST(AtomicFile, KeepsSymbolicLinks) {
  namespace fs = std::filesystem;
  Scratch scratch;
  fs::create_directory(scratch / "folder");
  fs::create_symlink("folder/g", scratch / "f");
  fs::create_symlink(scratch / "f", scratch / "chain");
  // The first time there is no g yet.
  for (const char *name : {"f", "chain"}) {
    Error error = writeAll(scratch / name, name);
    ASSERT_FALSE(error) << error.message();
    EXPECT_EQ(readFile(scratch / "folder/g"), name);
    EXPECT_EQ(fs::read_symlink(scratch / "f"), "folder/g");
  }
  fs::create_symlink("circle", scratch / "circle");
  EXPECT_EQ(writeAll(scratch / "circle", "new").message(),
            scratch / "circle" + ": cannot follow this link");
}

TEST(AtomicFile, WithoutCommitNothingIsLeft) {
  Scratch scratch;
  writeFile(scratch / "f", "old");
  {
    Expected<AtomicFile> file = AtomicFile::create(scratch / "f");
    ASSERT_TRUE(file);
    ASSERT_FALSE(file->write("new"));
  }
  EXPECT_EQ(readFile(scratch / "f"), "old");
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"f"});
}

// Each call in turn fails with "no space", "input/output error", or writes
// only the half.
TEST(AtomicFile, AnyFailingCallLeavesOneWholeFile) {
  Scratch scratch;
  std::string path = scratch / "f";
  for (int error : {ENOSPC, EIO, EINTR, 0})
    for (int after = 0;; ++after) {
      writeFile(path, "old");
      injection() = {error, after};
      Error result = writeAll(path, "new and longer");
      bool wasReached = injection().after < 0;
      std::string call = injection().last;
      injection() = {};
      std::string content = readFile(path);
      // An error after the rename is one of the folder's sync.
      if (!result || content == "new and longer") {
        EXPECT_EQ(content, "new and longer") << error << ' ' << call;
      } else {
        EXPECT_EQ(content, "old") << error << ' ' << call;
      }
      EXPECT_EQ(scratch.files(), std::vector<std::string>{"f"})
          << error << ' ' << call;
      if (error == ENOSPC && call == "write") {
        EXPECT_EQ(result.message(),
                  path + ": cannot write: No space left on device");
      }
      if (!wasReached)
        break;
    }
}

TEST(AtomicFile, OddTargetsAreRefused) {
  Scratch scratch;
  EXPECT_EQ(AtomicFile::create(scratch.path()).takeError().message(),
            scratch.path() + ": not a regular file");
  EXPECT_EQ(AtomicFile::create("/dev/null").takeError().message(),
            "/dev/null: not a regular file");
  EXPECT_EQ(AtomicFile::create(scratch / "no/f").takeError().message(),
            scratch / "no/f" + ": cannot write: No such file or directory");
  symlink("elsewhere", (scratch / "f.partial").c_str());
  EXPECT_EQ(AtomicFile::create(scratch / "f").takeError().message(),
            scratch / "f" + ": cannot write: Too many levels of symbolic "
                            "links");
  EXPECT_FALSE(exists(scratch / "elsewhere"));
}

TEST(AtomicFile, TwoWritersDoNotMix) {
  Scratch scratch;
  Expected<AtomicFile> first = AtomicFile::create(scratch / "f");
  ASSERT_TRUE(first);
  EXPECT_EQ(AtomicFile::create(scratch / "f").takeError().message(),
            scratch / "f" + ": another program is writing this file");
  ASSERT_FALSE(first->write("first"));
  ASSERT_FALSE(first->commit());
  EXPECT_EQ(readFile(scratch / "f"), "first");
}

// Between opening and locking the partial file, the other one makes it the
// file.
TEST(AtomicFile, AFileThatIsFinishedMeanwhileStaysWhole) {
  Scratch scratch;
  std::string path = scratch / "f";
  Expected<AtomicFile> other = AtomicFile::create(path);
  ASSERT_TRUE(other);
  ASSERT_FALSE(other->write("finished"));
  injection().beforeLock = [&] { EXPECT_FALSE(other->commit()); };
  EXPECT_EQ(writeAll(path, "new").message(),
            path + ": another program is writing this file");
  EXPECT_EQ(injection().beforeLock, nullptr);
  EXPECT_EQ(readFile(path), "finished");
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"f"});
  ASSERT_FALSE(writeAll(path, "new"));
  EXPECT_EQ(readFile(path), "new");
}

TEST(AtomicFile, RemainsOfAKilledWriterAreOverwritten) {
  Scratch scratch;
  writeFile(scratch / "f.partial", "remains that are longer than the new one");
  ASSERT_FALSE(writeAll(scratch / "f", "new"));
  EXPECT_EQ(readFile(scratch / "f"), "new");
  EXPECT_EQ(scratch.files(), std::vector<std::string>{"f"});
}

TEST(InputFile, AFileThatShrinksIsAnError) {
  Scratch scratch;
  std::string path = scratch / "f";
  writeFile(path, "0123456789");
  Expected<InputFile> file = InputFile::open(path);
  ASSERT_TRUE(file);
  ASSERT_EQ(truncate(path.c_str(), 4), 0);
  std::byte bytes[8];
  EXPECT_EQ(file->read(2, bytes).message(),
            path + ": ends at byte 4, needed 6 bytes more");
}

// Trains in a child that saves after each step, kills it at some moment, and
// looks at what it left; then lets a last child finish from there.
TEST(Checkpoint, IsWholeWheneverTheProcessIsKilled) {
  Scratch scratch;
  writeNpyData(scratch);
  std::string path = scratch / "c.safetensors";
  auto run = [&](bool resume, const std::string &save) {
    std::string data = scratch.path();
    std::vector<const char *> arguments = {
        "fake",         "train",    "--data", "npy",    "--data-dir",
        data.c_str(),   "--epochs", "8",      "--save", save.c_str(),
        "--save-every", "1",        "--quiet"};
    if (resume)
      arguments.insert(arguments.end(), {"--resume", path.c_str()});
    pid_t child = fork();
    if (child == 0)
      _exit(maek_main(&logistic(), static_cast<int>(arguments.size()),
                      const_cast<char **>(arguments.data())));
    return child;
  };
  auto wait = [](pid_t child) {
    int status;
    EXPECT_EQ(waitpid(child, &status, 0), child);
    return status;
  };
  std::srand(1);
  int kills = 0;
  for (int i = 0; i < 30; ++i) {
    pid_t child = run(exists(path), path);
    usleep(static_cast<useconds_t>(5000 + std::rand() % 20'000));
    kill(child, SIGKILL);
    int status = wait(child);
    kills += WIFSIGNALED(status);
    if (exists(path)) {
      Expected<SafetensorsFile> file = SafetensorsFile::open(path);
      ASSERT_TRUE(file) << file.takeError().message();
    }
  }
  EXPECT_GT(kills, 0);
  ASSERT_EQ(wait(run(exists(path), path)), 0);
  std::string whole = scratch / "whole.safetensors";
  ASSERT_EQ(wait(run(false, whole)), 0);
  EXPECT_EQ(readFile(path), readFile(whole));
}
