// Part of Maek, under the MIT licence; see LICENSE.
// Figures of a training run as CSV and JSON lines.
#include "runtime/cli/RunLog.h"
#include "runtime/core/Files.h"
#include "runtime/core/Json.h"

#include <algorithm>
#include <cstring>
#include <span>

using namespace maek::runtime;

RunLog::~RunLog() {
  for (std::FILE *file : {csv, json})
    if (file)
      std::fclose(file);
}

static std::string quoteCsv(const std::string &field) {
  if (field.find_first_of(",\"\n") == std::string::npos)
    return field;
  std::string out = "\"";
  for (char c : field)
    out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

// What a file begins with that is gone on with must be `head`. Whether its last
// line has no end: the run before was killed as it wrote it.
static Expected<bool> checkOld(const InputFile &old, std::string_view head) {
  std::vector<std::byte> start(
      std::min(head.size(), static_cast<size_t>(old.size())));
  std::byte last{};
  if (Error error = old.read(0, start))
    return error;
  if (Error error = old.read(old.size() - 1, std::span(&last, 1)))
    return error;
  if (start.size() < head.size() ||
      std::memcmp(start.data(), head.data(), head.size()) != 0)
    return makeError(MAEK_BAD_FILE, old.path(),
                     ": has other columns than this run; nothing is added to "
                     "it");
  return last != std::byte{'\n'};
}

Error RunLog::openOne(const std::string &path, bool append,
                      std::string_view head, std::FILE *&out) {
  if (path.empty())
    return Error::success();
  if (Error error = checkOutputName(path))
    return error;
  std::string_view first = head;
  if (append)
    if (Expected<InputFile> old = InputFile::open(path);
        old && old->size() > 0) {
      Expected<bool> isCut = checkOld(*old, head);
      if (!isCut)
        return isCut.takeError();
      first = *isCut ? "\n" : "";
    }
  out = std::fopen(path.c_str(), append ? "ae" : "we");
  if (!out)
    return systemError(path, "cannot write");
  std::fwrite(first.data(), 1, first.size(), out);
  std::fflush(out);
  return Error::success();
}

Error RunLog::open(const std::string &csvName, const std::string &jsonName,
                   bool append, std::vector<std::string> names) {
  csvPath = csvName;
  jsonPath = jsonName;
  columns = std::move(names);
  std::string head = "epoch,step,split";
  for (const std::string &column : columns)
    head += ',' + quoteCsv(column);
  head += ",seconds,samples_per_second\n";
  if (Error error = openOne(csvPath, append, head, csv))
    return error;
  return openOne(jsonPath, append, "", json);
}

void RunLog::write(const LogRow &row, const Meter &meter) {
  bool isStep = std::strcmp(row.split, "step") == 0;
  auto figure = [&](size_t i) {
    return isStep ? meter.latest(i) : meter.value(i);
  };
  if (csv) {
    std::string line = text(row.epoch, ',', row.step, ',', row.split);
    for (const std::string &column : columns) {
      line += ',';
      for (size_t i = 0; i < meter.size(); ++i)
        if (meter.name(i) == column)
          append(line, figure(i));
    }
    append(line, text(',', row.seconds, ',', row.samplesPerSecond, '\n'));
    std::fputs(line.c_str(), csv);
    std::fflush(csv);
  }
  if (json) {
    std::string line = text("{\"epoch\":", row.epoch, ",\"step\":", row.step,
                            ",\"split\":", quoteJson(row.split));
    for (size_t i = 0; i < meter.size(); ++i)
      line += ',' + quoteJson(meter.name(i)) + ':' + numberJson(figure(i));
    line += ",\"seconds\":" + numberJson(row.seconds) +
            ",\"samples_per_second\":" + numberJson(row.samplesPerSecond) +
            "}\n";
    std::fputs(line.c_str(), json);
    std::fflush(json);
  }
}

Error RunLog::check() const {
  if (csv && std::ferror(csv))
    return makeError(MAEK_IO_ERROR, csvPath, ": cannot write");
  if (json && std::ferror(json))
    return makeError(MAEK_IO_ERROR, jsonPath, ": cannot write");
  return Error::success();
}
