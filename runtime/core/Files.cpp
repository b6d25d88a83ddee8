// Part of Maek, under the MIT licence; see LICENSE.
// Files on POSIX calls, because only they say what has reached the disk.
#include "runtime/core/Files.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fcntl.h>
#include <filesystem>
#include <sys/file.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace maek::runtime;
namespace fs = std::filesystem;

Error maek::runtime::systemError(const std::string &path,
                                 std::string_view what) {
  int reason = errno;
  return makeError(MAEK_IO_ERROR, path, ": ", what, ": ",
                   std::strerror(reason));
}

Expected<InputFile> InputFile::open(const std::string &path) {
  // Without O_NONBLOCK, a pipe of that name would wait for its writer.
  InputFile file(-1, path, 0);
  file.descriptor = ::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK);
  struct stat info;
  if (file.descriptor < 0 || fstat(file.descriptor, &info) != 0)
    return systemError(path, "cannot open");
  if (!S_ISREG(info.st_mode))
    return makeError(MAEK_IO_ERROR, path, ": not a regular file");
  file.bytes = static_cast<uint64_t>(info.st_size);
  return file;
}

InputFile::InputFile(InputFile &&other) noexcept
    : descriptor(std::exchange(other.descriptor, -1)),
      name(std::move(other.name)), bytes(other.bytes) {}

InputFile::~InputFile() {
  if (descriptor >= 0)
    close(descriptor);
}

// Some systems refuse single transfers of 2 GiB and more.
static constexpr size_t maxTransfer = size_t{1} << 30;

Error InputFile::read(uint64_t offset, std::span<std::byte> out) const {
  while (!out.empty()) {
    ssize_t got =
        pread(descriptor, out.data(), std::min(out.size(), maxTransfer),
              static_cast<off_t>(offset));
    if (got < 0 && errno == EINTR)
      continue;
    if (got < 0)
      return systemError(name, "cannot read");
    if (got == 0)
      return makeError(MAEK_IO_ERROR, name, ": ends at byte ", offset,
                       ", needed ", out.size(), " bytes more");
    offset += static_cast<uint64_t>(got);
    out = out.subspan(static_cast<size_t>(got));
  }
  return Error::success();
}

Expected<std::vector<std::byte>> InputFile::readAll() const {
  std::vector<std::byte> content(bytes);
  if (Error error = read(0, content))
    return error;
  return content;
}

Expected<std::vector<std::byte>> InputFile::readAll(const std::string &path) {
  Expected<InputFile> file = open(path);
  if (!file)
    return file.takeError();
  return file->readAll();
}

static std::string partialName(const std::string &path) {
  return path + ".partial";
}

Error maek::runtime::checkOutputName(const std::string &path) {
  if (path.ends_with(".maek"))
    return makeError(MAEK_IO_ERROR, path,
                     ": a name of a model file; nothing is written over one");
  std::error_code error;
  if (fs::equivalent(path, "/proc/self/exe", error))
    return makeError(MAEK_IO_ERROR, path,
                     ": the program that runs; nothing is written over it");
  return Error::success();
}

// What a chain of symbolic links ends at, which need not exist.
static Expected<std::string> followLinks(const std::string &path) {
  fs::path name = path;
  std::error_code error;
  for (int links = 0; fs::is_symlink(fs::symlink_status(name, error));
       ++links) {
    fs::path target = fs::read_symlink(name, error);
    if (error || links == 40) // as many as Linux follows
      return makeError(MAEK_IO_ERROR, path, ": cannot follow this link");
    name = name.parent_path() / target;
  }
  return name.string();
}

Expected<AtomicFile> AtomicFile::create(const std::string &given) {
  Expected<std::string> followed = followLinks(given);
  if (!followed)
    return followed.takeError();
  const std::string &path = *followed;
  if (Error error = checkOutputName(path))
    return error;
  struct stat info;
  // Moving a file over a device or a pipe would destroy it.
  if (stat(path.c_str(), &info) == 0 && !S_ISREG(info.st_mode))
    return makeError(MAEK_IO_ERROR, path, ": not a regular file");
  // The lock keeps two programs from writing one file; a killed one leaves no
  // lock, and its remains are overwritten here. The object owns the file only
  // once it is locked: what another program writes must not be removed.
  std::string partial = partialName(path);
  AtomicFile file(-1, path);
  int descriptor =
      ::open(partial.c_str(),
             O_WRONLY | O_CREAT | O_CLOEXEC | O_NOFOLLOW | O_NONBLOCK, 0666);
  if (descriptor < 0)
    return systemError(path, "cannot write");
  if (flock(descriptor, LOCK_EX | LOCK_NB) != 0) {
    close(descriptor);
    return makeError(MAEK_IO_ERROR, path,
                     ": another program is writing this file");
  }
  file.descriptor = descriptor;
  struct stat named;
  if (fstat(descriptor, &info) != 0 || !S_ISREG(info.st_mode))
    return file.fail("cannot write");
  // Whoever held the lock before may have moved this very file away: then it
  // is what that one has written, and whole.
  if (stat(partial.c_str(), &named) != 0 || named.st_ino != info.st_ino ||
      named.st_dev != info.st_dev) {
    close(std::exchange(file.descriptor, -1));
    return makeError(MAEK_IO_ERROR, path,
                     ": another program is writing this file");
  }
  if (ftruncate(descriptor, 0) != 0)
    return file.fail("cannot write");
  return file;
}

AtomicFile::AtomicFile(AtomicFile &&other) noexcept
    : descriptor(std::exchange(other.descriptor, -1)),
      path(std::move(other.path)) {}

AtomicFile::~AtomicFile() {
  if (descriptor < 0)
    return;
  unlink(partialName(path).c_str());
  close(descriptor);
}

Error AtomicFile::fail(std::string_view what) const {
  return systemError(path, what);
}

Error AtomicFile::write(const void *data, size_t size) {
  const char *bytes = static_cast<const char *>(data);
  while (size > 0) {
    ssize_t done = ::write(descriptor, bytes, std::min(size, maxTransfer));
    if (done < 0 && errno == EINTR)
      continue;
    if (done == 0)
      errno = ENOSPC;
    if (done <= 0)
      return fail("cannot write");
    bytes += done;
    size -= static_cast<size_t>(done);
  }
  return Error::success();
}

Error AtomicFile::commit() {
  if (fsync(descriptor) != 0)
    return fail("cannot write");
  std::string partial = partialName(path);
  if (rename(partial.c_str(), path.c_str()) != 0)
    return fail("cannot write");
  // From here on the partial name is not ours: the destructor must not touch
  // it.
  int closed = close(std::exchange(descriptor, -1));
  size_t slash = path.rfind('/');
  std::string folder = slash == std::string::npos ? "."
                       : slash == 0               ? "/"
                                                  : path.substr(0, slash);
  int handle = ::open(folder.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  // Some file systems cannot sync a folder; the rename itself is done.
  bool synced = handle >= 0 && (fsync(handle) == 0 || errno == EINVAL);
  int reason = errno;
  if (handle >= 0)
    close(handle);
  errno = reason;
  if (closed != 0 || !synced)
    return fail("written, but perhaps not yet on the disk");
  return Error::success();
}
