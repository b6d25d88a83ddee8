// Part of Maek, under the MIT licence; see LICENSE.
// Figures of a training run as CSV and JSON lines.
#include "runtime/cli/RunLog.h"
#include "runtime/core/Files.h"
#include "runtime/core/Json.h"

#include <cstring>

using namespace maek::runtime;

RunLog::~RunLog() {
  for (std::FILE *file : {csv, json})
    if (file)
      std::fclose(file);
}

Error RunLog::openOne(const std::string &path, bool append, std::FILE *&out) {
  if (path.empty())
    return Error::success();
  if (Error error = checkOutputName(path))
    return error;
  out = std::fopen(path.c_str(), append ? "ae" : "we");
  return out ? Error::success() : systemError(path, "cannot write");
}

static std::string quoteCsv(const std::string &field) {
  if (field.find_first_of(",\"\n") == std::string::npos)
    return field;
  std::string out = "\"";
  for (char c : field)
    out += c == '"' ? std::string("\"\"") : std::string(1, c);
  return out + '"';
}

Error RunLog::open(const std::string &csvName, const std::string &jsonName,
                   bool append, std::vector<std::string> names) {
  csvPath = csvName;
  jsonPath = jsonName;
  columns = std::move(names);
  if (Error error = openOne(csvPath, append, csv))
    return error;
  if (Error error = openOne(jsonPath, append, json))
    return error;
  if (!csv || (std::fseek(csv, 0, SEEK_END) == 0 && std::ftell(csv) > 0))
    return Error::success();
  std::string head = "epoch,step,split";
  for (const std::string &column : columns)
    head += ',' + quoteCsv(column);
  head += ",seconds,samples_per_second\n";
  std::fputs(head.c_str(), csv);
  std::fflush(csv);
  return Error::success();
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
