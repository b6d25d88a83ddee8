// Part of Maek, under the MIT licence; see LICENSE.
// The interface by which an op says how its axes correspond.
#ifndef MAEK_IR_AXISOPINTERFACE_TD
#define MAEK_IR_AXISOPINTERFACE_TD

include "mlir/IR/Interfaces.td"

def AxisOpInterface : OpInterface<"AxisOpInterface"> {
  let cppNamespace = "::maek";
  let description = [{
    Which axes of an op's operands and results run over one index, and which
    ones the op needs as they are. By default all operands and results have the
    same axes.
  }];
  let methods = [
    InterfaceMethod<"Tells `axes` of every axis that corresponds or is fixed.",
    "void", "relateAxes", (ins "::maek::AxisRelations &":$axes),
    "", [{ axes.sameAll($_op.getOperation()); }]>,
    InterfaceMethod<[{
      Puts other numbers into the attributes that name axes. Called before the
      types change.
    }], "void", "renumberAxes", (ins "::maek::AxisNumbering":$numbering),
    "", [{ /* No attribute names an axis. */ }]>,
  ];
}

/// For ops whose attributes name axes.
defvar Maek_NamesAxes =
    DeclareOpInterfaceMethods<AxisOpInterface, ["relateAxes", "renumberAxes"]>;
defvar Maek_RelatesAxes =
    DeclareOpInterfaceMethods<AxisOpInterface, ["relateAxes"]>;

#endif // MAEK_IR_AXISOPINTERFACE_TD
