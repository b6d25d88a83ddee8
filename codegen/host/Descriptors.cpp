// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Descriptors.h"

#include "HalideRuntime.h"
#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"
#include "mlir/Interfaces/ControlFlowInterfaces.h"

using namespace mlir;

// The structures below are written word by word.
static_assert(sizeof(halide_type_t) == 4 && sizeof(halide_buffer_t) == 56);
static_assert(offsetof(halide_buffer_t, device) == 0 &&
              offsetof(halide_buffer_t, device_interface) == 8 &&
              offsetof(halide_buffer_t, host) == 16 &&
              offsetof(halide_buffer_t, flags) == 24 &&
              offsetof(halide_buffer_t, type) == 32 &&
              offsetof(halide_buffer_t, dimensions) == 36 &&
              offsetof(halide_buffer_t, dim) == 40 &&
              offsetof(halide_buffer_t, padding) == 48);
static_assert(sizeof(halide_dimension_t) == 16 &&
              offsetof(halide_dimension_t, min) == 0 &&
              offsetof(halide_dimension_t, extent) == 4 &&
              offsetof(halide_dimension_t, stride) == 8 &&
              offsetof(halide_dimension_t, flags) == 12);

namespace maek {

Value DescriptorConstants::get(ArrayRef<int32_t> words, StringRef kind,
                               OpBuilder &builder) {
  LLVM::GlobalOp &global = globals[std::vector(words.begin(), words.end())];
  if (!global) {
    OpBuilder atModule = OpBuilder::atBlockBegin(module.getBody());
    auto type = LLVM::LLVMArrayType::get(builder.getI32Type(), words.size());
    global = LLVM::GlobalOp::create(
        atModule, module.getLoc(), type, /*isConstant=*/true,
        LLVM::Linkage::Private, (kind + "_" + Twine(globals.size() - 1)).str(),
        builder.getI32TensorAttr(words), /*alignment=*/8);
  }
  return LLVM::AddressOfOp::create(builder, module.getLoc(), global);
}

/// halide_type_t as the number that its four bytes are on a little-endian
/// machine: code, bits, lanes. A truth value is a byte, for kernels too.
static int32_t getTypeWord(Type element) {
  int32_t code = element.isBF16() ? halide_type_bfloat : halide_type_float;
  if (element.isInteger(1) || element.isUnsignedInteger())
    code = halide_type_uint;
  else if (element.isInteger())
    code = halide_type_int;
  int32_t bits = std::max(8u, element.getIntOrFloatBitWidth());
  return code | (bits << 8) | (1 << 16);
}

Descriptors::Descriptors(Block &block, DescriptorConstants &shared,
                         Value address, MemorySpace space)
    : entry(block), constants(shared),
      pointer(LLVM::LLVMPointerType::get(block.getParentOp()->getContext())),
      memory(address), addressField(space == MemorySpace::Device
                                        ? offsetof(halide_buffer_t, device)
                                        : offsetof(halide_buffer_t, host)) {
  OpBuilder builder = OpBuilder::atBlockBegin(&entry);
  Location loc = entry.getParentOp()->getLoc();
  auto one = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                      builder.getI64IntegerAttr(1));
  holder = LLVM::AllocaOp::create(builder, loc, pointer, pointer, one);
  begin = LLVM::StoreOp::create(builder, loc, memory, holder);
  mark = arith::ConstantIndexOp::create(builder, loc, 0);
}

Descriptors::~Descriptors() { mark->erase(); }

int64_t Descriptors::finish() {
  if (image.empty())
    return 0;
  OpBuilder builder(entry.getParentOp()->getContext());
  builder.setInsertionPointAfter(begin);
  Location loc = entry.getParentOp()->getLoc();
  int64_t bytes = 4 * image.size();
  auto length = LLVM::ConstantOp::create(builder, loc, builder.getI64Type(),
                                         builder.getI64IntegerAttr(bytes));
  LLVM::MemcpyOp::create(builder, loc, memory,
                         constants.get(image, "maek_descriptors", builder),
                         length, /*isVolatile=*/false);
  return bytes;
}

void Descriptors::setArgument(Value memref, Value address,
                              ArrayRef<OpFoldResult> sizes) {
  bases[memref] = address;
  argumentSizes[memref].assign(sizes.begin(), sizes.end());
}

/// The first op behind the mark and the definitions of all numbers. What a
/// buffer is made of dominates it, so that of two of its numbers one dominates
/// the other: the last is the one that all others dominate, whatever their
/// order and their blocks. Asked of definitions: the ops behind the mark are
/// new, and to tell their order the whole block would be counted anew.
Operation *Descriptors::getPoint(ArrayRef<OpFoldResult> numbers) const {
  Operation *last = mark, *behind = mark->getNextNode();
  for (OpFoldResult number : numbers) {
    auto value = dyn_cast<Value>(number);
    if (!value)
      continue;
    Operation *op = value.getDefiningOp();
    Operation *front = &value.getParentBlock()->front();
    if (op && dominance.dominates(last, op)) {
      last = op;
      behind = op->getNextNode();
    } else if (!op && dominance.properlyDominates(last, front)) {
      last = behind = front;
    }
  }
  return behind;
}

OpFoldResult Descriptors::multiply(OpFoldResult left, OpFoldResult right) {
  std::optional<int64_t> a = getConstantIntValue(left);
  std::optional<int64_t> b = getConstantIntValue(right);
  if (a == 1)
    return right;
  if (b == 1)
    return left;
  OpBuilder builder(mark);
  if (a && b)
    return builder.getIndexAttr(*a * *b);
  Value &product = products[{left.getOpaqueValue(), right.getOpaqueValue()}];
  if (!product) {
    Location loc = entry.getParentOp()->getLoc();
    builder.setInsertionPoint(getPoint({left, right}));
    product = arith::MulIOp::create(
        builder, loc, getValueOrCreateConstantIndexOp(builder, loc, left),
        getValueOrCreateConstantIndexOp(builder, loc, right));
  }
  return product;
}

SmallVector<OpFoldResult>
Descriptors::getRowMajor(ArrayRef<OpFoldResult> sizes) {
  SmallVector<OpFoldResult> strides(sizes.size());
  OpFoldResult stride = OpBuilder(mark).getIndexAttr(1);
  for (size_t axis = sizes.size(); axis-- > 0;) {
    strides[axis] = stride;
    if (axis > 0)
      stride = multiply(stride, sizes[axis]);
  }
  return strides;
}

/// What a loop's variable is before the first step. All that it ever is has
/// this shape.
static Value getInitial(BlockArgument argument) {
  Block *block = argument.getOwner();
  for (Block *before : block->getPredecessors()) {
    auto branch = cast<BranchOpInterface>(before->getTerminator());
    for (unsigned i = 0; i < branch->getNumSuccessors(); ++i) {
      if (branch->getSuccessor(i) != block)
        continue;
      Value value = branch.getSuccessorOperands(i)[argument.getArgNumber()];
      auto known = dyn_cast<BlockArgument>(value);
      // A loop hands on its own variables, swapped; those of loops around it
      // come from further out.
      if (!known)
        return value;
      if (known.getOwner() != block)
        return getInitial(known);
    }
  }
  return argument;
}

BufferShape Descriptors::getShape(Value memref, OpBuilder &builder) {
  Location loc = memref.getLoc();
  BufferShape shape;
  shape.offset = builder.getIndexAttr(0);
  if (auto cast = memref.getDefiningOp<memref::CastOp>())
    return getShape(cast.getSource(), builder);
  if (auto cast = memref.getDefiningOp<memref::ReinterpretCastOp>()) {
    shape.offset = cast.getMixedOffsets().front();
    shape.sizes = cast.getMixedSizes();
    shape.strides = cast.getMixedStrides();
    return shape;
  }
  auto type = cast<MemRefType>(memref.getType());
  if (auto view = memref.getDefiningOp<memref::ViewOp>()) {
    shape.sizes = getMixedValues(type.getShape(), view.getSizes(), builder);
    shape.strides = getRowMajor(shape.sizes);
    return shape;
  }
  if (auto known = argumentSizes.find(memref); known != argumentSizes.end()) {
    shape.sizes = known->second;
    shape.strides = getRowMajor(shape.sizes);
    return shape;
  }
  // What a loop carries tells where it is; its shape is that of the first.
  auto parts = memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  if (auto argument = dyn_cast<BlockArgument>(memref))
    if (Value initial = getInitial(argument); initial != memref)
      shape = getShape(initial, builder);
  if (shape.sizes.size() != size_t(type.getRank())) {
    shape.sizes = parts.getConstifiedMixedSizes();
    shape.strides = parts.getConstifiedMixedStrides();
  }
  shape.offset = parts.getConstifiedMixedOffset();
  return shape;
}

/// The first byte of memory that holds `words` in the beginning.
int32_t Descriptors::allocate(ArrayRef<int32_t> words) {
  // Addresses are aligned to 8 bytes.
  image.resize(llvm::alignTo(image.size(), 2));
  int32_t byte = 4 * image.size();
  llvm::append_range(image, words);
  return byte;
}

Value Descriptors::getPlace(OpBuilder &builder, Location loc,
                            int32_t byte) const {
  return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), memory,
                             ArrayRef<LLVM::GEPArg>{byte});
}

void Descriptors::store(OpBuilder &builder, Value value, int32_t byte) {
  Location loc = value.getLoc();
  LLVM::StoreOp::create(builder, loc, value, getPlace(builder, loc, byte));
}

SmallVector<Value> Descriptors::getAddresses(ValueRange memrefs,
                                             OpBuilder &builder) const {
  // A volatile load is a new address to LLVM. Else it would make those of all
  // descriptors once, and keep them on the stack.
  Location loc = entry.getParentOp()->getLoc();
  Value base = LLVM::LoadOp::create(builder, loc, pointer, holder,
                                    /*alignment=*/8, /*isVolatile=*/true);
  return llvm::map_to_vector(memrefs, [&](Value memref) -> Value {
    return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                               ArrayRef<LLVM::GEPArg>{known.lookup(memref)});
  });
}

Value Descriptors::fillDimensions(const BufferShape &shape,
                                  ArrayRef<int32_t> words) {
  Location loc = entry.getParentOp()->getLoc();
  int32_t first = allocate(words);
  SmallVector<OpFoldResult> numbers(shape.sizes);
  numbers.append(shape.strides);
  OpBuilder builder(mark);
  builder.setInsertionPoint(getPoint(numbers));
  auto put = [&](OpFoldResult number, size_t axis, int32_t field) {
    auto value = dyn_cast<Value>(number);
    if (!value)
      return;
    Value word =
        arith::IndexCastOp::create(builder, loc, builder.getI32Type(), value);
    size_t row = shape.sizes.size() - 1 - axis;
    store(builder, word,
          first + int32_t(row * sizeof(halide_dimension_t)) + field);
  };
  for (size_t axis = 0; axis < shape.sizes.size(); ++axis) {
    put(shape.sizes[axis], axis, offsetof(halide_dimension_t, extent));
    put(shape.strides[axis], axis, offsetof(halide_dimension_t, stride));
  }
  OpBuilder atMark(mark);
  return getPlace(atMark, loc, first);
}

Value Descriptors::getDimensions(const BufferShape &shape) {
  // Halide's axes are innermost first.
  std::vector<const void *> key;
  std::vector<int32_t> words;
  bool isStatic = true;
  for (size_t axis = shape.sizes.size(); axis-- > 0;) {
    words.push_back(0);
    for (OpFoldResult number : {shape.sizes[axis], shape.strides[axis]}) {
      std::optional<int64_t> constant = getConstantIntValue(number);
      isStatic &= isa<Attribute>(number);
      words.push_back(constant.value_or(0));
      key.push_back(number.getOpaqueValue());
    }
    words.push_back(0);
  }
  Value &found = dimensions[key];
  if (found)
    return found;
  OpBuilder atMark(mark);
  return found = isStatic ? constants.get(words, "maek_dimensions", atMark)
                          : fillDimensions(shape, words);
}

/// The address that a memref's offset counts from. Made of the views alone: of
/// memrefs, each would become a structure whose parts are put in and taken out.
Value Descriptors::getBase(Value memref) {
  if (auto cast = memref.getDefiningOp<memref::CastOp>())
    return getBase(cast.getSource());
  if (auto cast = memref.getDefiningOp<memref::ReinterpretCastOp>())
    return getBase(cast.getSource());
  if (Value found = bases.lookup(memref))
    return found;
  Location loc = memref.getLoc();
  OpBuilder builder(memref.getContext());
  Type i64 = builder.getI64Type();
  Value base;
  if (auto view = memref.getDefiningOp<memref::ViewOp>()) {
    builder.setInsertionPoint(view);
    Value shift =
        arith::IndexCastOp::create(builder, loc, i64, view.getByteShift());
    base = LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(),
                               getBase(view.getSource()),
                               ArrayRef<LLVM::GEPArg>{shift});
  } else {
    builder.setInsertionPointAfterValue(memref);
    Value number =
        memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
    Value word = arith::IndexCastOp::create(builder, loc, i64, number);
    base = LLVM::IntToPtrOp::create(builder, loc, pointer, word);
  }
  return bases[memref] = base;
}

Value Descriptors::getAddress(Value memref, OpFoldResult offset,
                              OpBuilder &builder) {
  Value base = getBase(memref);
  if (getConstantIntValue(offset) == 0)
    return base;
  Location loc = memref.getLoc();
  int64_t bits = cast<MemRefType>(memref.getType()).getElementTypeBitWidth();
  Value bytes = arith::MulIOp::create(
      builder, loc, getValueOrCreateConstantIndexOp(builder, loc, offset),
      arith::ConstantIndexOp::create(builder, loc,
                                     std::max<int64_t>(1, bits / 8)));
  Value shift =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), bytes);
  return LLVM::GEPOp::create(builder, loc, pointer, builder.getI8Type(), base,
                             ArrayRef<LLVM::GEPArg>{shift});
}

void Descriptors::describe(Value memref) {
  if (known.contains(memref))
    return;
  auto type = cast<MemRefType>(memref.getType());
  SmallVector<int32_t> words(sizeof(halide_buffer_t) / 4);
  words[offsetof(halide_buffer_t, type) / 4] =
      getTypeWord(type.getElementType());
  words[offsetof(halide_buffer_t, dimensions) / 4] = type.getRank();
  int32_t first = allocate(words);
  known[memref] = first;

  OpBuilder builder(mark), atMark(mark);
  // The base of what a loop carries comes behind it.
  builder.setInsertionPointAfterValue(memref.getDefiningOp() ? memref
                                                             : getBase(memref));
  BufferShape shape = getShape(memref, builder);
  if (type.getRank() > 0)
    store(atMark, getDimensions(shape), first + offsetof(halide_buffer_t, dim));
  store(builder, getAddress(memref, shape.offset, builder),
        first + addressField);
}

} // namespace maek
