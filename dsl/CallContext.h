// Part of Maek, under the MIT licence; see LICENSE.
#ifndef MAEK_DSL_CALLCONTEXT_H
#define MAEK_DSL_CALLCONTEXT_H

#include "dsl/AST.h"
#include "dsl/Diagnostics.h"

namespace maek::dsl {

/// While it lives, errors say that they are in a definition that is used at
/// this place. The standard library's own definitions are not mentioned.
class CallContext {
public:
  CallContext(Diagnostics &diagnostics, const Definition &definition,
              llvm::SMLoc at)
      : diagnostics(diagnostics), isPushed(!definition.isStandard) {
    if (isPushed)
      diagnostics.context.emplace(diagnostics.context.begin(), at,
                                  "in '" + definition.name.name.str() +
                                      "', used here");
  }
  ~CallContext() {
    if (isPushed)
      diagnostics.context.erase(diagnostics.context.begin());
  }
  CallContext(const CallContext &) = delete;
  CallContext &operator=(const CallContext &) = delete;

private:
  Diagnostics &diagnostics;
  bool isPushed;
};

} // namespace maek::dsl

#endif // MAEK_DSL_CALLCONTEXT_H
