// Part of Maek, under the MIT licence; see LICENSE.
// Everything a tool must register to parse and run the passes.
#ifndef MAEK_PASSES_REGISTRATION_H
#define MAEK_PASSES_REGISTRATION_H

namespace mlir {
class DialectRegistry;
}

namespace maek {

/// Inserts the dialects that any stage's IR uses and attaches the ops'
/// external interface models of this layer.
void registerPassDialects(mlir::DialectRegistry &registry);

/// Registers the passes and the pipelines by their flags.
void registerAllPasses();

} // namespace maek

#endif // MAEK_PASSES_REGISTRATION_H
