// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/OutputFile.h"

#include "mlir/IR/Diagnostics.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

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
  SmallString<128> sibling;
  int descriptor;
  if (std::error_code error =
          fs::createUniqueFile(output + ".%%%%%%", descriptor, sibling))
    return fail(location, output, error);
  llvm::raw_fd_ostream(descriptor, /*shouldClose=*/true).flush();
  std::error_code error = fs::copy_file(finished, sibling);
  if (!error)
    if (auto mode = fs::getPermissions(finished))
      error = fs::setPermissions(sibling, *mode);
  if (!error)
    error = fs::rename(sibling, output);
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
  if (std::error_code error =
          fs::createUniqueFile(target + ".%%%%%%", descriptor, sibling))
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

FailureOr<ScratchFolder> ScratchFolder::create(Location location) {
  SmallString<128> path;
  if (std::error_code error = fs::createUniqueDirectory("maek", path))
    return fail(location, path, error);
  return ScratchFolder(std::string(path));
}

ScratchFolder::~ScratchFolder() {
  if (!path.empty()) [[maybe_unused]]
    std::error_code ignored = fs::remove_directories(path);
}

} // namespace maek
