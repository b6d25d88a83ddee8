// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/RuntimeFiles.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"

using namespace mlir;

namespace maek {

namespace {
/// Looks files up and remembers the first one that is missing.
struct Finder {
  std::string folder, missing;

  std::string find(const Twine &name) {
    SmallString<128> path(folder);
    llvm::sys::path::append(path, name);
    if (!llvm::sys::fs::exists(path) && missing.empty())
      missing = path.str();
    return std::string(path);
  }

  std::string read(const Twine &name) {
    auto file = llvm::MemoryBuffer::getFile(find(name));
    return file ? (*file)->getBuffer().str() : std::string();
  }

  /// A library of the system, by its run-time name.
  std::string findSystem(StringRef name) {
    for (StringRef place : {"/lib/x86_64-linux-gnu", "/lib64", "/usr/lib64",
                            "/usr/lib", "/lib"}) {
      SmallString<128> path(place);
      llvm::sys::path::append(path, name);
      if (llvm::sys::fs::exists(path))
        return std::string(path);
    }
    if (missing.empty())
      missing = name;
    return "";
  }
};
} // namespace

FailureOr<RuntimeFiles> findRuntimeFiles(Location location) {
  static int anchor;
  SmallString<128> prefix(llvm::sys::path::parent_path(
      llvm::sys::fs::getMainExecutable("maek", &anchor)));
  llvm::sys::path::append(prefix, "..", "lib", "maek");
  llvm::sys::path::remove_dots(prefix, /*remove_dot_dot=*/true);
  Finder finder{std::string(prefix), ""};
  RuntimeFiles files;
  files.folder = finder.folder;
  files.startObject = finder.find("start.o");
  files.supportObject = finder.find("support.o");
  files.halideRuntime = finder.find("halide_runtime.o");
  files.archives = {finder.find("libmaek_runtime.a")};
  files.cliArchives = {finder.find("libmaek_runtime_cli.a"),
                       finder.find("libboost_program_options.a"),
                       finder.find("libpng16.a"), finder.find("libjpeg.a"),
                       finder.find("libz.a")};
  files.languageArchives = {finder.find("libstdc++.a"),
                            finder.find("libgcc_eh.a"),
                            finder.find("libgcc.a")};
  files.moduleHeader = finder.read("include/maek/module.h");
  files.apiHeader = finder.read("include/maek/maek.h");
  files.systemLibraries = {finder.findSystem("libm.so.6"),
                           finder.findSystem("libc.so.6"),
                           finder.findSystem("ld-linux-x86-64.so.2")};
  files.dynamicLinker = "/lib64/ld-linux-x86-64.so.2";
  if (!finder.missing.empty())
    return emitError(location) << "cannot find " << finder.missing
                               << ", which every compiled model is linked with";
  return files;
}

} // namespace maek
