// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/OutputFile.h"

#include "codegen/BesideFile.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"
#include <climits>
#include <csignal>
#include <cstring>
#include <dirent.h>
#include <fcntl.h>
#include <sys/syscall.h>
#include <unistd.h>

using namespace mlir;
namespace fs = llvm::sys::fs;

namespace maek {

static InFlightDiagnostic fail(Location location, StringRef output,
                               std::error_code error) {
  return emitError(location)
         << "cannot write " << output << ": " << error.message();
}

LogicalResult checkWritable(StringRef output, Location location) {
  if (output.ends_with(".maek"))
    return emitError(location) << "cannot write " << output
                               << ": a name of a model file; nothing is "
                                  "written over one";
  if (fs::is_directory(output))
    return fail(location, output,
                std::make_error_code(std::errc::is_a_directory));
  // Moving a file over a device or a pipe would destroy it.
  if (fs::exists(output) && !fs::is_regular_file(output))
    return emitError(location)
           << "cannot write " << output << ": not a regular file";
  StringRef folder = llvm::sys::path::parent_path(output);
  if (folder.empty())
    folder = ".";
  if (!fs::is_directory(folder))
    return fail(location, output,
                std::make_error_code(std::errc::no_such_file_or_directory));
  if (std::error_code error = fs::access(folder, fs::AccessMode::Write))
    return fail(location, output, error);
  return success();
}

LogicalResult moveIntoPlace(StringRef finished, StringRef output,
                            Location location) {
  if (failed(checkWritable(output, location)))
    return failure();
  SmallString<128> target, sibling;
  if (fs::real_path(output, target))
    target = output; // there is none yet
  int descriptor;
  if (std::error_code error = createBeside(target, descriptor, sibling))
    return fail(location, output, error);
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true).flush();
  std::error_code error = fs::copy_file(finished, sibling);
  if (!error)
    if (auto mode = fs::getPermissions(finished))
      error = fs::setPermissions(sibling, *mode);
  if (!error)
    error = fs::rename(sibling, target);
  if (!error)
    return success();
  [[maybe_unused]] std::error_code ignored = fs::remove(sibling);
  return fail(location, output, error);
}

std::error_code finish(llvm::raw_fd_ostream &file) {
  file.close();
  std::error_code error = file.error();
  // Left there, LLVM would end the program at the stream's end.
  file.clear_error();
  return error;
}

llvm::Error replaceFile(StringRef output, StringRef text) {
  SmallString<128> target, sibling;
  fs::file_status old;
  bool exists = !fs::real_path(output, target) && !fs::status(target, old);
  if (!exists)
    target = output;
  else if (!fs::is_regular_file(old))
    return llvm::createStringError("not a regular file");
  else if (std::error_code error = fs::access(target, fs::AccessMode::Write))
    return llvm::errorCodeToError(error);
  int descriptor;
  if (std::error_code error = createBeside(target, descriptor, sibling))
    return llvm::errorCodeToError(error);
  llvm::raw_fd_ostream file(descriptor, /*shouldClose=*/true);
  file << text;
  std::error_code error = finish(file);
  if (!error && exists)
    error = fs::setPermissions(sibling, old.permissions());
  if (!error)
    error = fs::rename(sibling, target);
  if (error) [[maybe_unused]]
    std::error_code ignored = fs::remove(sibling);
  return llvm::errorCodeToError(error);
}

LogicalResult writeTextFile(StringRef output, StringRef text,
                            Location location) {
  if (failed(checkWritable(output, location)))
    return failure();
  if (llvm::Error error = replaceFile(output, text))
    return emitError(location) << "cannot write " << output << ": "
                               << llvm::toString(std::move(error));
  return success();
}

LogicalResult makeFolder(StringRef folder, Location location) {
  if (std::error_code error =
          fs::create_directory(folder, /*IgnoreExisting=*/true, fs::all_all))
    return emitError(location)
           << "cannot make the folder " << folder << ": " << error.message();
  return success();
}

LogicalResult removeStale(StringRef folder, StringRef kind,
                          const llvm::StringSet<> &written, Location location) {
  SmallString<128> list(folder);
  llvm::sys::path::append(list, ".maek-" + kind.ltrim('.'));
  SmallVector<StringRef> former;
  auto known = llvm::MemoryBuffer::getFile(list);
  if (known)
    (*known)->getBuffer().split(former, '\n', -1, /*KeepEmpty=*/false);
  for (StringRef name : former) {
    SmallString<128> file(folder);
    llvm::sys::path::append(file, name);
    // The list is a file like others: it may say anything.
    if (written.contains(name) || llvm::sys::path::filename(name) != name ||
        !name.ends_with(kind))
      continue;
    if (std::error_code error = fs::remove(file))
      return fail(location, file, error);
  }
  SmallVector<StringRef> names(written.keys());
  llvm::sort(names);
  return writeTextFile(list, llvm::join(names, "\n") + "\n", location);
}

namespace {
/// What a signal removes before it ends the process. A handler may call little:
/// no allocation, no lock, so all of it stands here.
constexpr int deadly[] = {SIGHUP, SIGINT, SIGTERM};
struct sigaction former[std::size(deadly)];
char doomed[PATH_MAX];

// Entries that other threads make meanwhile are found by the next round.
void removeDoomed() {
  for (int round = 0; round < 100 && doomed[0] && rmdir(doomed) != 0; ++round) {
    int folder = open(doomed, O_RDONLY | O_DIRECTORY | O_CLOEXEC);
    if (folder < 0)
      return;
    // struct dirent64 of the system call
    alignas(8) char entries[8192];
    ssize_t size;
    while ((size = syscall(SYS_getdents64, folder, entries, sizeof(entries))) >
           0)
      for (char *at = entries; at < entries + size;) {
        auto *entry = reinterpret_cast<dirent64 *>(at);
        unlinkat(folder, entry->d_name, 0);
        at += entry->d_reclen;
      }
    close(folder);
  }
}

// The signal comes again when this returns, and does what it did before.
void removeAndLeave(int signal) {
  removeDoomed();
  for (size_t i = 0; i < std::size(deadly); ++i)
    if (deadly[i] == signal)
      sigaction(signal, &former[i], nullptr);
  raise(signal);
}

void removeOnSignals(StringRef path) {
  static bool isThere = false;
  if (std::exchange(isThere, true) || path.size() >= sizeof(doomed))
    return;
  std::memcpy(doomed, path.data(), path.size());
  struct sigaction action = {};
  action.sa_handler = removeAndLeave;
  sigemptyset(&action.sa_mask);
  for (size_t i = 0; i < std::size(deadly); ++i) {
    sigaction(deadly[i], nullptr, &former[i]);
    // What is ignored stays so: nohup, jobs in the background.
    if (former[i].sa_handler != SIG_IGN)
      sigaction(deadly[i], &action, nullptr);
  }
}
} // namespace

FailureOr<ScratchFolder> ScratchFolder::create(Location location) {
  SmallString<128> path;
  if (std::error_code error = fs::createUniqueDirectory("maek", path))
    return fail(location, path, error);
  removeOnSignals(path);
  return ScratchFolder(std::string(path));
}

ScratchFolder::~ScratchFolder() {
  if (!path.empty()) [[maybe_unused]]
    std::error_code ignored = fs::remove_directories(path);
}

} // namespace maek
