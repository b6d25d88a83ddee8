// Part of Maek, under the MIT licence; see LICENSE.
#include "tools/maek/Reporter.h"

#include "dsl/Diagnostics.h"

#include "llvm/Support/raw_ostream.h"

namespace maek::cli {

Reporter::Reporter(mlir::MLIRContext &context)
    : handler(&context,
              [this](mlir::Diagnostic &diagnostic) { print(diagnostic); }) {}

/// Of what several ops became, the first one's.
Reporter::Place Reporter::getPlace(mlir::Location location) {
  auto found = location->findInstanceOf<mlir::FileLineColLoc>();
  if (!found)
    return {};
  return {found.getFilename().str(), found.getLine(), found.getColumn()};
}

void Reporter::print(llvm::raw_ostream &os, const Place &place,
                     llvm::StringRef kind, llvm::StringRef message) {
  auto [entry, isNew] = buffers.try_emplace(place.file, 0);
  if (isNew && !place.file.empty())
    if (auto buffer = llvm::MemoryBuffer::getFile(place.file))
      entry->second = sources.AddNewSourceBuffer(std::move(*buffer), {});
  llvm::SMLoc loc;
  if (entry->second)
    loc = sources.FindLocForLineAndColumn(entry->second, place.line,
                                          place.column);
  if (!loc.isValid() && !place.file.empty())
    os << place.file << ":" << place.line << ":" << place.column << ": ";
  dsl::printLocated(os, sources, loc, kind, message);
}

static llvm::StringRef getKind(mlir::DiagnosticSeverity severity) {
  switch (severity) {
  case mlir::DiagnosticSeverity::Error:
    return "error";
  case mlir::DiagnosticSeverity::Warning:
    return "warning";
  case mlir::DiagnosticSeverity::Remark:
    return "remark";
  case mlir::DiagnosticSeverity::Note:
    return "note";
  }
  return "";
}

void Reporter::print(const mlir::Diagnostic &diagnostic) {
  print(llvm::errs(), getPlace(diagnostic.getLocation()),
        getKind(diagnostic.getSeverity()), diagnostic.str());
  for (const mlir::Diagnostic &note : diagnostic.getNotes())
    print(llvm::errs(), getPlace(note.getLocation()), "note", note.str());
}

void Reporter::keep(const mlir::remark::detail::Remark &remark) {
  if (!keepsRemarks)
    return;
  bool isMissed = remark.getRemarkType() == llvm::remarks::Type::Missed;
  std::string pass = isMissed ? "missed: " : "passed: ";
  pass += remark.getRemarkName();
  std::string message;
  for (const mlir::remark::detail::Remark::Arg &piece : remark.getArgs())
    message += piece.val;
  std::scoped_lock lock(mutex);
  ++remarks[{getPlace(remark.getLocation()), pass, message}]
           [remark.getFunction().str()];
}

void Reporter::printRemarks(llvm::raw_ostream &os) {
  for (auto &[remark, entries] : remarks) {
    auto &[place, pass, message] = remark;
    std::string text = message + " [" + pass + "] in ";
    bool isFirst = true;
    for (auto &[entry, count] : entries) {
      text += (isFirst ? "" : ", ") + entry;
      if (count > 1)
        text += " (" + std::to_string(count) + " times)";
      isFirst = false;
    }
    print(os, place, "remark", text);
  }
}

} // namespace maek::cli
