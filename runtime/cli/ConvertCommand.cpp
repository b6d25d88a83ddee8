// Part of Maek, under the MIT licence; see LICENSE.
// `convert`: weights from the names and layout of one program to another's.
#include "runtime/cli/Commands.h"
#include "runtime/data/Dataset.h"

#include <cstdio>

using namespace maek::runtime;

int maek::runtime::runConvert(const Program &program, Arguments arguments) {
  CommandLine line = program.commandLine(
      "convert", "Writes weights under the names of one of the model's weights "
                 "blocks, or under the model's own. Reading recognises the "
                 "format by the names.");
  line.add("weights", "FILE", "safetensors file to read");
  line.add("output", "FILE", "safetensors file to write");
  line.add("to", "FORMAT", "name of a weights block (the model's own names)");
  line.add("device", "NAME", "where layouts are made, as of train (cpu)");
  if (std::optional<int> code = line.parse(arguments))
    return *code;
  std::string weights = line.required("weights");
  std::string output = line.required("output");
  std::string format = line.string("to");
  DeviceChoice device = readDevice(line);
  // What would be gained there is lost on the way.
  if (!device.name)
    device.name = "cpu";
  checkDistinct(line, {"weights", "output"});
  if (std::optional<int> code = line.check())
    return *code;

  Expected<LoadedModel> loaded = loadModel(program, device, weights);
  if (!loaded)
    return report(program, loaded.takeError());
  Expected<Metadata> about = readAbout(loaded->metadata, weights);
  if (!about)
    return report(program, about.takeError());
  Error error = format.empty()
                    ? loaded->model->save(output, *about)
                    : loaded->model->exportTo(output, format, *about);
  if (error)
    return report(program, error);
  return ExitSuccess;
}
