// Part of Maek, under the MIT licence; see LICENSE.
// What arguments and results of entries stand for. Nothing that must be linked,
// so that the compiler has the same table; see
// docs/rationale/shared-headers.md.
#ifndef MAEK_RUNTIME_CORE_ROLETABLE_H
#define MAEK_RUNTIME_CORE_ROLETABLE_H

#include <cstddef>
#include <string_view>

namespace maek::runtime {

enum class Role {
  Parameter, ///< a tensor of the model, trained or running
  State,     ///< what training keeps beside it, such as moments
  Prepared,  ///< made of parameters by the entry `prepare`
  Carried,   ///< what a call of the entry leaves to its next one
  Input,
  Target,
  Scalar, ///< that the runtime sets; see EntryNames.h
  Output,
  Loss,
  Metric,
  Report ///< a scalar for the log, such as `grad_norm`
};

/// One role.
struct RoleRow {
  const char *name;
  Role role;
  bool isArgument, isResult;
  /// A result is the new value of the argument of the same role and name, and
  /// written over it.
  bool isUpdate;
  /// An update changes what files of weights hold.
  bool isStored;
};

/// In the order of Role.
inline constexpr RoleRow roleTable[] = {
    {"parameter", Role::Parameter, true, true, true, true},
    {"state", Role::State, true, true, true, true},
    {"prepared", Role::Prepared, true, true, false, false},
    {"carried", Role::Carried, true, true, true, false},
    {"input", Role::Input, true, false, false, false},
    {"target", Role::Target, true, false, false, false},
    {"scalar", Role::Scalar, true, false, false, false},
    {"output", Role::Output, false, true, false, false},
    {"loss", Role::Loss, false, true, false, false},
    {"metric", Role::Metric, false, true, false, false},
    {"report", Role::Report, false, true, false, false},
};

inline constexpr const RoleRow &getRow(Role role) {
  return roleTable[static_cast<size_t>(role)];
}

inline constexpr const char *roleName(Role role) { return getRow(role).name; }

/// Null if there is none of that name.
inline constexpr const RoleRow *findRole(std::string_view name) {
  for (const RoleRow &row : roleTable)
    if (row.name == name)
      return &row;
  return nullptr;
}

} // namespace maek::runtime

#endif // MAEK_RUNTIME_CORE_ROLETABLE_H
