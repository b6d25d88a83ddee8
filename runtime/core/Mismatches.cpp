// Part of Maek, under the MIT licence; see LICENSE.
#include "runtime/core/Mismatches.h"
#include "runtime/core/Names.h"

using namespace maek::runtime;

/// Of each kind. More would hide the other kinds.
static constexpr size_t mostNamed = 3;

static std::string typeText(std::string_view dtype,
                            const std::vector<int64_t> &shape) {
  return text(dtype, shapeText(shape));
}

void Mismatches::add(Kind &kind, std::string_view name,
                     std::string_view remark) {
  if (kind.count++ < mostNamed)
    kind.first.push_back(remark.empty() ? text('\'', name, '\'')
                                        : text('\'', name, "' (", remark, ')'));
}

void Mismatches::addMissing(const TensorInfo &needed) {
  add(missing, needed.name,
      typeText(safetensorsName(needed.dtype), needed.shape));
}

void Mismatches::checkFound(const FileTensor &found, const TensorInfo &needed) {
  if (found.shape == needed.shape && canRead(found.dtype, needed.dtype))
    return;
  add(misshaped, needed.name,
      text(typeText(found.dtype, found.shape), ", needed ",
           typeText(safetensorsName(needed.dtype), needed.shape)));
}

void Mismatches::addExtra(std::string_view name,
                          std::span<const std::string_view> known) {
  std::string_view nearest =
      extra.count < mostNamed ? findNearest(name, known) : std::string_view();
  add(extra, name,
      nearest.empty() ? "" : text("did you mean '", nearest, "'?"));
}

/// "tensor 'a'", "tensors 'a', 'b' and 3 others".
std::string Mismatches::list(const Kind &kind) {
  std::string out = kind.count > 1 ? "tensors " : "tensor ";
  size_t others = kind.count - kind.first.size();
  for (size_t i = 0; i < kind.first.size(); ++i) {
    bool isLast = i + 1 == kind.first.size() && others == 0;
    append(out, i == 0 ? "" : isLast ? " and " : ", ");
    append(out, kind.first[i]);
  }
  if (others > 0)
    append(out, text(" and ", others, others > 1 ? " others" : " other"));
  return out;
}

Error Mismatches::makeError(std::string_view path,
                            std::string_view whose) const {
  std::string message;
  auto say = [&](const std::string &part) {
    append(message, message.empty() ? "" : "; ");
    append(message, part);
  };
  if (missing.count > 0)
    say(text("has no ", list(missing), needs));
  if (misshaped.count > 0)
    say(text(list(misshaped), misshaped.count > 1 ? " do" : " does",
             " not fit"));
  if (extra.count > 0)
    say(text(list(extra), extra.count > 1 ? " are" : " is", " not in ", place));
  if (message.empty())
    return Error::success();
  return maek::runtime::makeError(MAEK_BAD_FILE, path, ": ", whose, message);
}
