// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/halide/KernelCache.h"

#include "codegen/BesideFile.h"

#include "llvm/ADT/SmallString.h"
#include "llvm/ADT/StringExtras.h"
#include "llvm/Support/BLAKE3.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/Process.h"
#include "llvm/Support/Signals.h"
#include "llvm/Support/raw_ostream.h"

using namespace llvm;

namespace maek::halide {

/// An entry is this mark, the hash of the data, then the data.
static constexpr StringLiteral magic = "maek-kernel-2\n";
static constexpr size_t hashSize = 64;

std::string hashContent(StringRef content) {
  BLAKE3 hasher;
  hasher.update(content);
  return toHex(hasher.final(), /*LowerCase=*/true);
}

static std::string getDefaultDirectory() {
  if (std::optional<std::string> own = sys::Process::GetEnv("MAEK_CACHE_DIR");
      own && !own->empty())
    return *own;
  SmallString<128> path;
  // $XDG_CACHE_HOME, else ~/.cache
  if (!sys::path::cache_directory(path))
    return "";
  sys::path::append(path, "maek");
  return path.str().str();
}

KernelCache::KernelCache(StringRef directory)
    : directory(directory.empty() ? getDefaultDirectory() : directory.str()) {}

std::string KernelCache::getPath(StringRef key) const {
  SmallString<128> path(directory);
  sys::path::append(path, key.take_front(2), key + ".o");
  return path.str().str();
}

std::optional<std::string> KernelCache::load(StringRef key) const {
  if (directory.empty())
    return std::nullopt;
  auto file = MemoryBuffer::getFile(getPath(key), /*IsText=*/false,
                                    /*RequiresNullTerminator=*/false);
  if (!file)
    return std::nullopt;
  StringRef data = (*file)->getBuffer();
  if (!data.consume_front(magic) || data.size() < hashSize)
    return std::nullopt;
  StringRef hash = data.take_front(hashSize);
  data = data.drop_front(hashSize);
  if (hash != hashContent(data))
    return std::nullopt;
  return data.str();
}

void KernelCache::store(StringRef key, StringRef data) const {
  if (directory.empty())
    return;
  std::string path = getPath(key);
  if (sys::fs::create_directories(sys::path::parent_path(path)))
    return;
  SmallString<128> partial;
  int descriptor;
  if (createBeside(path, descriptor, partial))
    return;
  sys::RemoveFileOnSignal(partial);
  raw_fd_ostream stream(descriptor, /*shouldClose=*/true);
  stream << magic << hashContent(data) << data;
  stream.close();
  bool isWritten = !stream.has_error();
  stream.clear_error();
  if (!isWritten || sys::fs::rename(partial, path)) [[maybe_unused]]
    std::error_code ignored = sys::fs::remove(partial);
  sys::DontRemoveFileOnSignal(partial);
}

} // namespace maek::halide
