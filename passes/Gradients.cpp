// Part of Maek, under the MIT licence; see LICENSE.
// Registers the gradient rules of all ops.
#include "passes/Gradients.h"

#include "passes/AdjointBuilder.h"

using namespace mlir;

namespace maek {

void registerGradientModels(DialectRegistry &registry) {
  registry.addExtension(+[](MLIRContext *context, MaekDialect *) {
    attachElementwiseGradients(*context);
    attachShapeGradients(*context);
    attachAttentionGradients(*context);
    attachContractionGradients(*context);
    attachWindowGradients(*context);
    attachIndexingGradients(*context);
    attachScanGradient(*context);
  });
}

} // namespace maek
