// Part of Maek, under the MIT licence; see LICENSE.
// Columns: the signs of neighbouring assignments and declarations stand below
// one another, and so do the comments behind them.
#include "dsl/Formatter.h"

#include "dsl/Unicode.h"

#include "llvm/ADT/ArrayRef.h"

using namespace llvm;

namespace maek::dsl {

using Kind = FormattedLine::Kind;
using Lines = MutableArrayRef<FormattedLine>;

/// Columns from the line's indent to piece `end`.
static unsigned getWidth(const FormattedLine &line, size_t end) {
  unsigned width = 0;
  for (const FormattedLine::Piece &piece :
       ArrayRef(line.pieces).take_front(end))
    width += piece.spaces + displayWidth(piece.text);
  return width;
}

/// Moves the piece that `column` names to the same place in all lines.
static void alignPiece(Lines lines, unsigned FormattedLine::*column,
                       unsigned gap) {
  unsigned width = 0;
  for (const FormattedLine &line : lines)
    if (line.*column)
      width = std::max(width, getWidth(line, line.*column));
  for (FormattedLine &line : lines)
    if (line.*column)
      line.pieces[line.*column].spaces =
          width - getWidth(line, line.*column) + gap;
}

/// Lines of one kind (and, of declarations, one keyword) within a paragraph
/// share columns, even if other lines stand between them.
static void alignGroup(ArrayRef<FormattedLine *> group) {
  if (group.size() < 2)
    return;
  std::vector<FormattedLine> copy;
  for (FormattedLine *line : group)
    copy.push_back(*line);
  if (copy.front().kind == Kind::Assign) {
    alignPiece(copy, &FormattedLine::init, 1);
  } else {
    // input and target are words of different length.
    unsigned width = 0;
    for (FormattedLine &line : copy)
      width = std::max(width, displayWidth(line.pieces.front().text));
    for (FormattedLine &line : copy)
      line.pieces[1].spaces =
          width - displayWidth(line.pieces.front().text) + 1;
    alignPiece(copy, &FormattedLine::colon, 1);
    alignPiece(copy, &FormattedLine::init, 2);
  }
  for (auto [line, aligned] : llvm::zip(group, copy))
    *line = aligned;
}

static void alignComments(Lines paragraph) {
  unsigned width = 0;
  for (const FormattedLine &line : paragraph)
    if (!line.comment.empty() && !line.pieces.empty())
      width = std::max(width, getWidth(line, line.pieces.size()));
  for (FormattedLine &line : paragraph)
    if (!line.comment.empty() && !line.pieces.empty()) {
      unsigned spaces = width - getWidth(line, line.pieces.size()) + 2;
      line.comment = std::string(spaces, ' ') + line.comment;
    }
}

void alignColumns(std::vector<FormattedLine> &lines) {
  size_t begin = 0;
  while (begin < lines.size()) {
    size_t end = begin + 1;
    while (end < lines.size() && !lines[end].blankBefore &&
           lines[end].indent == lines[begin].indent)
      ++end;
    Lines paragraph = Lines(lines).slice(begin, end - begin);
    std::vector<FormattedLine *> assigns, params, states, inputs;
    for (FormattedLine &line : paragraph) {
      if (line.kind == Kind::Assign)
        assigns.push_back(&line);
      else if (line.kind == Kind::Input)
        inputs.push_back(&line);
      else if (line.kind == Kind::Declare)
        (line.pieces.front().text == "param" ? params : states)
            .push_back(&line);
    }
    for (auto &group : {assigns, params, states, inputs})
      alignGroup(group);
    alignComments(paragraph);
    begin = end;
  }
}

} // namespace maek::dsl
