// Part of Maek, under the MIT licence; see LICENSE.
#include "RandomProgram.h"

#include <algorithm>
#include <numeric>
#include <random>
#include <vector>

namespace maek::test {
namespace {

using Shape = std::vector<std::string>;

struct Value {
  std::string name;
  Shape shape;
};

bool isStatic(const std::string &extent) { return std::isdigit(extent[0]); }
int64_t toSize(const std::string &extent) { return std::stoll(extent); }

std::string join(const std::vector<std::string> &parts) {
  std::string text;
  for (const std::string &part : parts)
    text += (text.empty() ? "" : ", ") + part;
  return text;
}

std::string toType(const Shape &shape) {
  std::string sizes, symbols;
  for (const std::string &extent : shape) {
    sizes += (isStatic(extent) ? extent : "?") + "x";
    if (!isStatic(extent))
      symbols += (symbols.empty() ? "" : ", ") + extent;
  }
  return "tensor<" + sizes + "f64" +
         (symbols.empty() ? "" : ", #maek.dims<" + symbols + ">") + ">";
}

class Program {
public:
  explicit Program(uint64_t seed) : random(seed) {}
  std::string build();

private:
  uint64_t below(uint64_t limit) { return random() % limit; }
  const Value &pick() { return values[below(values.size())]; }
  std::string add(const std::string &op, const Shape &shape,
                  const std::string &types);
  void addOps(int count);
  void addOp();
  void addElementwise();
  void addFunction();
  void addChoice();
  void addSource();
  void addPad();
  void addWindow();
  void addTranspose();
  void addReshape();
  void addSlice();
  void addJoin();
  void addCut();
  void addReduce();
  void addBroadcast();
  void addEinsum();
  void addGates();
  void addScan();

  std::mt19937_64 random;
  std::vector<Value> values;
  std::string text;
  int next = 0, depth = 0;
};

/// Appends "%v = <op> : <types>" and its value.
std::string Program::add(const std::string &op, const Shape &shape,
                         const std::string &types) {
  std::string name = "%v" + std::to_string(next++);
  text += "  " + name + " = maek." + op + " : " + types + "\n";
  values.push_back({name, shape});
  return name;
}

void Program::addElementwise() {
  Value a = pick();
  if (below(3) == 0) {
    const char *names[] = {"neg", "tanh",          "sigmoid",
                           "sin", "stop_gradient", "erf"};
    add(names[below(6)] + (" " + a.name), a.shape, toType(a.shape));
    return;
  }
  std::vector<Value> alike;
  for (const Value &value : values)
    if (value.shape == a.shape)
      alike.push_back(value);
  Value b = alike[below(alike.size())];
  if (below(3) == 0) {
    const char *numbers[] = {"0.0", "1.0", "-1.0", "0.5", "2.0"};
    b.name = add(std::string("constant ") + numbers[below(5)], a.shape,
                 toType(a.shape));
  }
  const char *names[] = {"add", "sub", "mul", "max", "min", "add"};
  if (below(2))
    std::swap(a, b);
  add(std::string(names[below(6)]) + " " + a.name + ", " + b.name, a.shape,
      toType(a.shape));
}

/// Functions with bounds on their arguments, so that values and gradients stay
/// of a size: e^tanh a, ln(a² + 1.5), √(a² + 0.5), (a² + 0.5)^sin b, a/(b² +
/// 1).
void Program::addFunction() {
  Value a = pick();
  std::string type = toType(a.shape);
  auto positive = [&](const std::string &summand) {
    std::string square = add("mul " + a.name + ", " + a.name, a.shape, type);
    std::string number = add("constant " + summand, a.shape, type);
    return add("add " + square + ", " + number, a.shape, type);
  };
  switch (below(6)) {
  case 0:
    add("exp " + add("tanh " + a.name, a.shape, type), a.shape, type);
    return;
  case 1:
    add("log " + positive("1.5"), a.shape, type);
    return;
  case 2:
    add("sqrt " + positive("0.5"), a.shape, type);
    return;
  case 3: {
    std::string exponent = add("sin " + a.name, a.shape, type);
    add("pow " + positive("0.5") + ", " + exponent, a.shape, type);
    return;
  }
  case 4:
    add("div " + a.name + ", " + positive("1.0"), a.shape, type);
    return;
  default:
    add("cos " + a.name, a.shape, type);
  }
}

/// The larger of a and b by a comparison: continuous, as all is.
void Program::addChoice() {
  Value a = pick();
  std::string type = toType(a.shape), bits = type;
  bits.replace(bits.find("f64"), 3, "i1");
  std::string other = add("sin " + a.name, a.shape, type);
  std::string test = "%v" + std::to_string(next++);
  text += "  " + test + " = maek.compare " + (below(2) ? "ge" : "gt") + " " +
          a.name + ", " + other + " : " + type + " -> " + bits + "\n";
  std::string larger = add("select " + test + ", " + a.name + ", " + other,
                           a.shape, bits + ", " + type);
  if (below(2)) {
    // (a - sin a) where that is not below 0, else 0.
    std::string mask = add("convert " + test, a.shape, bits + " -> " + type);
    std::string gap = add("sub " + larger + ", " + other, a.shape, type);
    add("mul " + mask + ", " + gap, a.shape, type);
  }
}

/// Positions along an axis, or the size of one, in some value's shape.
void Program::addSource() {
  Value a = pick();
  std::string type = toType(a.shape), whole = type, number;
  if (below(2) && !a.shape.empty()) {
    whole.replace(whole.find("f64"), 3, "i32");
    std::string positions = "%v" + std::to_string(next++);
    text += "  " + positions + " = maek.iota " +
            std::to_string(below(a.shape.size())) + " : " + whole + "\n";
    number = add("convert " + positions, a.shape, whole + " -> " + type);
  } else {
    std::string size =
        add(std::string("extent \"") + (below(2) ? "B" : "T") + "\"", {},
            "tensor<f64>");
    number = add("broadcast " + size + " dims []", a.shape,
                 "tensor<f64> -> " + type);
  }
  std::string small = add("sin " + number, a.shape, type);
  add("mul " + small + ", " + a.name, a.shape, type);
}

void Program::addPad() {
  Value a = pick();
  std::vector<size_t> axes;
  for (size_t axis = 0; axis < a.shape.size(); ++axis)
    if (isStatic(a.shape[axis]) && toSize(a.shape[axis]) < 16)
      axes.push_back(axis);
  if (axes.empty())
    return;
  size_t axis = axes[below(axes.size())];
  uint64_t front = below(3), back = below(3);
  Shape shape = a.shape;
  shape[axis] = std::to_string(toSize(shape[axis]) + front + back);
  add("pad " + a.name + " dim " + std::to_string(axis) + " offset " +
          std::to_string(front),
      shape, toType(a.shape) + " -> " + toType(shape));
}

/// Windows, or the sum of windows that are one of the shapes at hand.
void Program::addWindow() {
  Value a = pick();
  if (a.shape.empty())
    return;
  size_t axis = below(a.shape.size());
  Shape shape = a.shape;
  bool folds = axis + 1 < shape.size() && isStatic(shape[axis + 1]) &&
               isStatic(shape[axis]) && below(2);
  uint64_t size = 1 + below(3);
  if (folds)
    shape.erase(shape.begin() + axis + 1);
  else if (shape.size() < 4)
    shape.insert(shape.begin() + axis + 1, std::to_string(size));
  else
    return;
  // The other side has as many elements, or one more or less.
  if (isStatic(shape[axis]) && below(2))
    shape[axis] = std::to_string(
        std::max<int64_t>(1, toSize(shape[axis]) + below(3) - 1));
  const char *dilations[] = {"1", "1", "-1", "2"};
  const char *offsets[] = {"0", "-1", "1", "0"};
  add(std::string(folds ? "fold " : "window ") + a.name + " dim " +
          std::to_string(axis) + " stride " + std::to_string(1 + below(2)) +
          " dilation " + dilations[below(4)] + " offset " + offsets[below(4)],
      shape, toType(a.shape) + " -> " + toType(shape));
}

void Program::addTranspose() {
  Value a = pick();
  std::vector<int> axes(a.shape.size());
  std::iota(axes.begin(), axes.end(), 0);
  std::shuffle(axes.begin(), axes.end(), random);
  Shape shape;
  std::vector<std::string> parts;
  for (int axis : axes) {
    shape.push_back(a.shape[axis]);
    parts.push_back(std::to_string(axis));
  }
  add("transpose " + a.name + " [" + join(parts) + "]", shape, toType(a.shape));
}

void Program::addReshape() {
  Value a = pick();
  Shape shape = a.shape;
  auto unit = std::find(shape.begin(), shape.end(), "1");
  if (unit != shape.end())
    shape.erase(unit);
  else if (shape.size() < 4)
    shape.insert(shape.begin() + below(shape.size() + 1), "1");
  add("reshape " + a.name, shape, toType(a.shape) + " -> " + toType(shape));
}

void Program::addSlice() {
  Value a = pick();
  if (a.shape.empty())
    return;
  size_t axis = below(a.shape.size());
  Shape shape = a.shape;
  std::string offset = below(2) ? "0" : "-1";
  if (isStatic(shape[axis])) {
    int64_t size = 1 + below(toSize(shape[axis]));
    offset = std::to_string(below(toSize(shape[axis]) - size + 1));
    shape[axis] = std::to_string(size);
  } else {
    shape[axis] = "1";
  }
  add("slice " + a.name + " dim " + std::to_string(axis) + " offset " + offset,
      shape, toType(a.shape) + " -> " + toType(shape));
}

/// A concat or stack of values of one shape.
void Program::addJoin() {
  Value a = pick();
  std::vector<std::string> names, types;
  for (const Value &value : values)
    if (value.shape == a.shape && names.size() < 3 && below(2)) {
      names.push_back(value.name);
      types.push_back(toType(value.shape));
    }
  if (names.empty())
    return;
  Shape shape = a.shape;
  bool stacks = below(2) || shape.empty();
  size_t axis = below(shape.size() + stacks);
  if (stacks && shape.size() < 4)
    shape.insert(shape.begin() + axis, std::to_string(names.size()));
  else if (!stacks && isStatic(shape[axis]))
    shape[axis] = std::to_string(toSize(shape[axis]) * names.size());
  else
    return;
  add((stacks ? "stack " : "concat ") + join(names) + " dim " +
          std::to_string(axis),
      shape, join(types));
}

/// A split into two parts, or an unstack.
void Program::addCut() {
  Value a = pick();
  std::vector<size_t> axes;
  for (size_t axis = 0; axis < a.shape.size(); ++axis)
    if (isStatic(a.shape[axis]) && toSize(a.shape[axis]) > 1)
      axes.push_back(axis);
  if (axes.empty())
    return;
  size_t axis = axes[below(axes.size())];
  int64_t size = toSize(a.shape[axis]);
  std::vector<Shape> shapes;
  std::string op, types = toType(a.shape);
  if (below(2)) {
    Shape part = a.shape;
    part.erase(part.begin() + axis);
    shapes.assign(size, part);
    op = "unstack ";
  } else {
    int64_t first = 1 + below(size - 1);
    for (int64_t width : {first, size - first}) {
      shapes.push_back(a.shape);
      shapes.back()[axis] = std::to_string(width);
    }
    op = "split ";
    types += " -> " + toType(shapes[0]) + ", " + toType(shapes[1]);
  }
  std::string name = "%v" + std::to_string(next++);
  text += "  " + name + ":" + std::to_string(shapes.size()) + " = maek." + op +
          a.name + " dim " + std::to_string(axis) + " : " + types + "\n";
  for (size_t i = 0; i < shapes.size(); ++i)
    values.push_back({name + "#" + std::to_string(i), shapes[i]});
}

void Program::addReduce() {
  Value a = pick();
  Shape shape;
  std::vector<std::string> dims;
  for (size_t axis = 0; axis < a.shape.size(); ++axis)
    if (below(2))
      dims.push_back(std::to_string(axis));
    else
      shape.push_back(a.shape[axis]);
  const char *kinds[] = {"sum", "max", "min", "sum"};
  add(std::string("reduce ") + kinds[below(4)] + " " + a.name + " dims [" +
          join(dims) + "]",
      shape, toType(a.shape));
}

void Program::addBroadcast() {
  Value a = pick();
  const char *extents[] = {"B", "T", "2", "1"};
  Shape shape;
  std::vector<std::string> dims;
  for (const std::string &extent : a.shape) {
    if (shape.size() < 3 && below(2))
      shape.push_back(extents[below(4)]);
    dims.push_back(std::to_string(shape.size()));
    shape.push_back(extent);
  }
  if (shape.size() < 4 && below(2))
    shape.push_back(extents[below(4)]);
  if (shape.size() > 4)
    return;
  add("broadcast " + a.name + " dims [" + join(dims) + "]", shape,
      toType(a.shape) + " -> " + toType(shape));
}

/// Letters of equal axes meet or stay apart, and are kept or summed over.
void Program::addEinsum() {
  Value a = pick(), b = pick();
  std::string lhs, rhs, result;
  Shape shape;
  for (size_t i = 0; i < a.shape.size(); ++i)
    lhs += char('a' + i);
  for (size_t i = 0; i < b.shape.size(); ++i) {
    char letter = char('m' + i);
    for (size_t j = 0; j < a.shape.size(); ++j)
      if (a.shape[j] == b.shape[i] && rhs.find(lhs[j]) == std::string::npos &&
          below(3)) {
        letter = lhs[j];
        break;
      }
    rhs += letter;
  }
  std::string all = lhs;
  for (char letter : rhs)
    if (all.find(letter) == std::string::npos)
      all += letter;
  std::shuffle(all.begin(), all.end(), random);
  for (char letter : all) {
    if (shape.size() == 4 || below(5) < 2)
      continue;
    result += letter;
    size_t place = lhs.find(letter);
    shape.push_back(place != std::string::npos ? a.shape[place]
                                               : b.shape[rhs.find(letter)]);
  }
  add("einsum \"" + lhs + "," + rhs + "->" + result + "\" " + a.name + ", " +
          b.name,
      shape, toType(a.shape) + ", " + toType(b.shape));
}

/// Products of one value, or of its concat with another one, with weights of
/// one type, each with a bias or the like: what the passes look for.
void Program::addGates() {
  Value a = pick(), b = pick();
  std::vector<Value> weights;
  if (a.shape.empty() || !isStatic(a.shape.back()))
    return;
  Shape rows = a.shape;
  rows.pop_back();
  if (b.shape.size() == a.shape.size() && isStatic(b.shape.back()) &&
      std::equal(rows.begin(), rows.end(), b.shape.begin()) && below(3)) {
    Shape shape = a.shape;
    shape.back() =
        std::to_string(toSize(shape.back()) + toSize(b.shape.back()));
    std::string name = add("concat " + a.name + ", " + b.name + " dim " +
                               std::to_string(rows.size()),
                           shape, toType(a.shape) + ", " + toType(b.shape));
    a = {name, shape};
  }
  for (const Value &value : values)
    if (value.shape == Shape{"4", a.shape.back()} && below(3))
      weights.push_back(value);
  std::string letters = std::string("abcde").substr(0, rows.size());
  Shape shape = rows;
  shape.push_back("4");
  for (const Value &weight : weights) {
    bool swapped = below(4) == 0;
    Value lhs = swapped ? weight : a, rhs = swapped ? a : weight;
    std::string equation = swapped ? "nk," + letters + "k" : letters + "k,nk";
    Value product{add("einsum \"" + equation + "->" + letters + "n\" " +
                          lhs.name + ", " + rhs.name,
                      shape, toType(lhs.shape) + ", " + toType(rhs.shape)),
                  shape};
    std::vector<Value> terms;
    for (const Value &value : values)
      if (value.shape == shape && value.name != product.name)
        terms.push_back(value);
    if (below(5) && !terms.empty())
      add("add " + product.name + ", " + terms[below(terms.size())].name, shape,
          toType(shape));
  }
}

void Program::addScan() {
  std::vector<Value> sequences;
  std::string steps;
  for (int i = 0; i < 8 && sequences.size() < 2; ++i) {
    Value value = pick();
    if (value.shape.empty() || (!steps.empty() && value.shape[0] != steps))
      continue;
    steps = value.shape[0];
    sequences.push_back(value);
  }
  if (sequences.empty() || depth > 1)
    return;
  std::vector<Value> inits{pick(), pick()};
  std::vector<Value> outer = values;
  std::string name = "%v" + std::to_string(next++), header;
  std::vector<std::string> names[2], types, arguments, results;
  for (const Value &value : sequences) {
    Value element{"%x" + std::to_string(next++),
                  Shape(value.shape.begin() + 1, value.shape.end())};
    values.push_back(element);
    names[0].push_back(value.name);
    types.push_back(toType(value.shape));
    arguments.push_back(element.name + ": " + toType(element.shape));
  }
  for (const Value &value : inits) {
    Value state{"%s" + std::to_string(next++), value.shape};
    values.push_back(state);
    names[1].push_back(value.name);
    types.push_back(toType(value.shape));
    arguments.push_back(state.name + ": " + toType(state.shape));
  }
  header = std::string("maek.scan ") + (below(2) ? "reverse " : "") + "over(" +
           join(names[0]) + ") init(" + join(names[1]) + ") {\n^bb0(" +
           join(arguments) + "):\n";
  std::string before = text;
  text = header;
  ++depth;
  addOps(7);
  --depth;

  std::vector<std::string> yielded, yieldedTypes;
  std::vector<Shape> shapes;
  for (const Value &init : inits) {
    std::vector<Value> alike;
    for (const Value &value : values)
      if (value.shape == init.shape)
        alike.push_back(value);
    // The latest ones more often: they depend on the states.
    size_t place = alike.size() - 1 - below(std::min<size_t>(alike.size(), 3));
    // Kept within bounds, however many steps there are.
    std::string bounded =
        add("tanh " + alike[place].name, init.shape, toType(init.shape));
    yielded.push_back(below(4) ? bounded : alike[place].name);
    shapes.push_back(init.shape);
  }
  for (int i = 0; i < 3; ++i) {
    Value value = values[values.size() - 1 - below(6)];
    if (below(3) == 0)
      value = {yielded[0], inits[0].shape};
    if (value.shape.size() > 3)
      continue;
    yielded.push_back(value.name);
    shapes.push_back(value.shape);
    shapes.back().insert(shapes.back().begin(), steps);
  }
  for (size_t i = 0; i < shapes.size(); ++i) {
    results.push_back(toType(shapes[i]));
    yieldedTypes.push_back(
        i < 2 ? toType(shapes[i])
              : toType(Shape(shapes[i].begin() + 1, shapes[i].end())));
  }
  text = before + "  " + name + ":" + std::to_string(shapes.size()) + " = " +
         text + "  maek.yield " + join(yielded) + " : " + join(yieldedTypes) +
         "\n} : (" + join(types) + ") -> (" + join(results) + ")\n";
  values = outer;
  for (size_t i = 0; i < shapes.size(); ++i)
    values.push_back({name + "#" + std::to_string(i), shapes[i]});
}

void Program::addOp() {
  switch (below(18)) {
  case 0:
    return addTranspose();
  case 1:
    return addReshape();
  case 2:
    return addSlice();
  case 3:
    return addJoin();
  case 4:
    return addCut();
  case 5:
    return addReduce();
  case 6:
    return addBroadcast();
  case 7:
  case 8:
    return addEinsum();
  case 9:
    return addScan();
  case 10:
  case 11:
    return addGates();
  case 12:
    return addFunction();
  case 13:
    return addChoice();
  case 14:
    return addSource();
  case 15:
    return addPad();
  case 16:
    return addWindow();
  default:
    return addElementwise();
  }
}

void Program::addOps(int count) {
  for (int i = 0; i < count; ++i)
    addOp();
}

std::string Program::build() {
  const Shape shapes[] = {{"B", "4"}, {"T", "B", "3"}, {"4", "3"}, {"4", "4"},
                          {"4"},      {"T", "B", "4"}, {"B", "T"}, {"4", "7"},
                          {"4", "3"}, {"4", "4"},      {"4", "7"}};
  std::vector<std::string> arguments, names, types;
  for (const Shape &shape : shapes) {
    std::string name = "%a" + std::to_string(values.size());
    values.push_back({name, shape});
    arguments.push_back(name + ": " + toType(shape));
  }
  addOps(14);
  for (size_t i = 0; i < 5; ++i) {
    const Value &value = values[values.size() - 1 - below(10)];
    names.push_back(value.name);
    types.push_back(toType(value.shape));
  }
  return "func.func @forward(" + join(arguments) + ") -> (" + join(types) +
         ") {\n" + text + "  return " + join(names) + " : " + join(types) +
         "\n}\n";
}

} // namespace

std::string makeRandomProgram(uint64_t seed) { return Program(seed).build(); }

} // namespace maek::test
