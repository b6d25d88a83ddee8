// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Link.h"

#include "codegen/host/HideSymbols.h"
#include "codegen/host/OutputFile.h"

#include "lld/Common/CommonLinkerContext.h"
#include "lld/Common/Driver.h"
#include "mlir/IR/Diagnostics.h"
#include "llvm/ADT/STLExtras.h"
#include "llvm/Object/Archive.h"
#include "llvm/Object/ArchiveWriter.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/Path.h"
#include "llvm/Support/raw_ostream.h"

LLD_HAS_DRIVER(elf)

using namespace mlir;

namespace maek {

/// Runs ld.lld; its diagnostics become one of ours.
static LogicalResult runLinker(ArrayRef<std::string> arguments,
                               Location location) {
  std::vector<const char *> argv{"ld.lld"};
  for (const std::string &argument : arguments)
    argv.push_back(argument.c_str());
  std::string messages;
  llvm::raw_string_ostream out(messages);
  lld::Result result =
      lld::lldMain(argv, out, out, {{lld::Gnu, &lld::elf::link}});
  if (result.retCode == 0)
    return success();
  return emitError(location)
         << "linking failed: " << StringRef(messages).trim();
}

/// A version script that exports the C API and the job's own names only.
static FailureOr<std::string> writeVersionScript(const LinkJob &job,
                                                 Location location) {
  SmallString<128> path(job.scratch);
  llvm::sys::path::append(path, "exports.ver");
  std::error_code error;
  llvm::raw_fd_ostream out(path, error);
  if (!error) {
    out << "{ global: maek_*;";
    for (const std::string &name : job.exports)
      out << " " << name << ";";
    out << " local: *; };\n";
    error = finish(out);
  }
  if (error)
    return emitError(location)
           << "cannot write " << path << ": " << error.message();
  return std::string(path);
}

static void append(std::vector<std::string> &words,
                   ArrayRef<std::string> more) {
  words.insert(words.end(), more.begin(), more.end());
}

/// The model as one object that shows its exports only.
static FailureOr<std::string> linkModel(const LinkJob &job, Location location) {
  std::string joined = job.scratch + "/joined.o";
  std::string hidden = job.scratch + "/model.o";
  std::vector<std::string> words{"-r", "-o", joined};
  append(words, job.objects);
  if (failed(runLinker(words, location)) ||
      failed(hideSymbols(joined, hidden, job.exports, location)))
    return failure();
  return hidden;
}

static LogicalResult linkLoaded(const LinkJob &job, const RuntimeFiles &files,
                                const std::string &output, Location location) {
  std::vector<std::string> words{"-o",
                                 output,
                                 "--gc-sections",
                                 "--eh-frame-hdr",
                                 "--hash-style=gnu",
                                 "--build-id=none",
                                 "-O2",
                                 "--icf=safe",
                                 "-z",
                                 "relro",
                                 "-z",
                                 "now",
                                 "--strip-debug"};
  bool program = job.kind == LinkKind::Executable;
  if (program) {
    append(words, {"-pie", "--dynamic-linker=" + files.dynamicLinker,
                   files.startObject});
  } else {
    FailureOr<std::string> script = writeVersionScript(job, location);
    if (failed(script))
      return failure();
    append(words, {"-shared", "-Bsymbolic", "--soname=" + job.soname,
                   "--version-script=" + *script, "-z", "defs"});
  }
  words.push_back(files.supportObject);
  if (program || job.objects.empty()) {
    append(words, job.objects);
  } else {
    // Parts of kernels have names of the API's form.
    FailureOr<std::string> model = linkModel(job, location);
    if (failed(model))
      return failure();
    words.push_back(*model);
  }
  words.push_back(files.halideRuntime);
  words.push_back("--start-group");
  if (program) {
    append(words, files.cliArchives);
    append(words, files.archives);
  } else {
    // Nothing in the model refers to the API; the whole archive is wanted.
    words.push_back("--whole-archive");
    append(words, files.archives);
    words.push_back("--no-whole-archive");
  }
  append(words, files.languageArchives);
  append(words, {"--end-group", "--as-needed"});
  append(words, files.systemLibraries);
  return runLinker(words, location);
}

/// An archive of `objects` and of the members of the runtime's archives.
static LogicalResult writeArchive(ArrayRef<std::string> objects,
                                  const RuntimeFiles &files,
                                  const std::string &output,
                                  Location location) {
  std::vector<llvm::NewArchiveMember> members;
  std::vector<std::unique_ptr<llvm::MemoryBuffer>> buffers;
  std::vector<std::unique_ptr<llvm::object::Archive>> archives;
  auto fail = [&](llvm::Error error) {
    return emitError(location)
           << "cannot make the archive: " << llvm::toString(std::move(error));
  };
  for (const std::string &object : objects) {
    auto member =
        llvm::NewArchiveMember::getFile(object, /*Deterministic=*/true);
    if (!member)
      return fail(member.takeError());
    member->MemberName = llvm::sys::path::filename(object);
    members.push_back(std::move(*member));
  }
  for (const std::string &path : files.archives) {
    auto buffer = llvm::MemoryBuffer::getFile(path);
    if (!buffer)
      return fail(llvm::errorCodeToError(buffer.getError()));
    auto archive = llvm::object::Archive::create((*buffer)->getMemBufferRef());
    if (!archive)
      return fail(archive.takeError());
    llvm::Error error = llvm::Error::success();
    for (const llvm::object::Archive::Child &child :
         (*archive)->children(error)) {
      auto member = llvm::NewArchiveMember::getOldMember(child, true);
      if (!member)
        return fail(member.takeError());
      members.push_back(std::move(*member));
    }
    if (error)
      return fail(std::move(error));
    buffers.push_back(std::move(*buffer));
    archives.push_back(std::move(*archive));
  }
  if (llvm::Error error = llvm::writeArchive(
          output, members, llvm::SymtabWritingMode::NormalSymtab,
          llvm::object::Archive::K_GNU, /*Deterministic=*/true, /*Thin=*/false))
    return fail(std::move(error));
  return success();
}

LogicalResult linkKernels(ArrayRef<std::string> objects,
                          const std::string &output, Location location) {
  std::vector<std::string> words{"-shared", "-Bsymbolic", "-o", output};
  append(words, objects);
  return runLinker(words, location);
}

LogicalResult link(const LinkJob &job, const RuntimeFiles &files,
                   Location location) {
  SmallString<128> made(job.scratch);
  llvm::sys::path::append(made, "linked");
  std::string temporary(made);
  LogicalResult linked = success();
  if (job.kind == LinkKind::Executable || job.kind == LinkKind::SharedLibrary) {
    linked = linkLoaded(job, files, temporary, location);
  } else {
    FailureOr<std::string> model = linkModel(job, location);
    if (failed(model))
      return failure();
    linked =
        job.kind == LinkKind::Object
            ? runLinker({"-r", "-o", temporary, *model, files.halideRuntime},
                        location)
            : writeArchive({*model, files.halideRuntime}, files, temporary,
                           location);
  }
  if (failed(linked))
    return failure();
  return moveIntoPlace(temporary, job.output, location);
}

} // namespace maek
