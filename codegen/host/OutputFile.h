// Part of Maek, under the MIT licence; see LICENSE.
// Outputs appear complete or not at all.
#ifndef MAEK_CODEGEN_HOST_OUTPUTFILE_H
#define MAEK_CODEGEN_HOST_OUTPUTFILE_H

#include "mlir/IR/Location.h"
#include "mlir/Support/LLVM.h"
#include "llvm/ADT/StringSet.h"
#include "llvm/Support/Error.h"
#include <string>
#include <system_error>

namespace llvm {
class raw_fd_ostream;
}

namespace maek {

/// Moves a finished file to `output`, through a sibling so that the last step
/// is one rename. Keeps the file's permissions. A link stays one: what it names
/// is written.
mlir::LogicalResult moveIntoPlace(llvm::StringRef finished,
                                  llvm::StringRef output,
                                  mlir::Location location);

/// Writes the file so that its name has all of the old text or of the new one.
/// A link stays one: what it names is written. An old file's permissions stay.
llvm::Error replaceFile(llvm::StringRef output, llvm::StringRef text);

/// Writes a text file that way, if it may be written.
mlir::LogicalResult writeTextFile(llvm::StringRef output, llvm::StringRef text,
                                  mlir::Location location);

/// An error at `location` if no file can be made at `output`: its folder is
/// missing or not writable, or it is a folder. Asked before the work begins.
mlir::LogicalResult checkWritable(llvm::StringRef output,
                                  mlir::Location location);

/// Makes the folder unless it is there, with the mode that the umask leaves.
mlir::LogicalResult makeFolder(llvm::StringRef folder, mlir::Location location);

/// Removes files that an earlier run wrote to the folder, and this one did not.
/// What a run writes, names that end in `kind`, is listed in `.maek-stmt` or
/// the like.
mlir::LogicalResult removeStale(llvm::StringRef folder, llvm::StringRef kind,
                                const llvm::StringSet<> &written,
                                mlir::Location location);

/// Closes the file: an error if what was written to it did not arrive.
std::error_code finish(llvm::raw_fd_ostream &file);

/// A folder for intermediate files, deleted with its contents at the end; that
/// of a process's first one also where a signal ends it (Ctrl-C).
class ScratchFolder {
public:
  static mlir::FailureOr<ScratchFolder> create(mlir::Location location);
  ScratchFolder(ScratchFolder &&other) noexcept : path(std::move(other.path)) {
    other.path.clear();
  }
  ScratchFolder &operator=(ScratchFolder &&) = delete;
  ~ScratchFolder();

  llvm::StringRef getPath() const { return path; }
  std::string getFile(llvm::StringRef name) const {
    return path + "/" + name.str();
  }

private:
  explicit ScratchFolder(std::string path) : path(std::move(path)) {}
  std::string path;
};

} // namespace maek

#endif // MAEK_CODEGEN_HOST_OUTPUTFILE_H
