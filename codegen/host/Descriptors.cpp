// Part of Maek, under the MIT licence; see LICENSE.
#include "codegen/host/Descriptors.h"

#include "HalideRuntime.h"

#include "mlir/Dialect/Arith/IR/Arith.h"
#include "mlir/Dialect/Arith/Utils/Utils.h"
#include "mlir/Dialect/Utils/StaticValueUtils.h"

using namespace mlir;

// The structures below are written by field number.
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

namespace {
enum BufferField { Device, Interface, Host, Flags, TypeField, Rank, Dims, Pad };
enum DimensionField { Min, ExtentField, Stride, DimensionFlags };
} // namespace

/// halide_type_t as the number that its four bytes are on a little-endian
/// machine: code, bits, lanes.
static int64_t getTypeCode(Type element) {
  int64_t code = halide_type_float;
  if (element.isInteger(1))
    code = halide_type_uint;
  else if (element.isInteger())
    code = halide_type_int;
  int64_t bits = element.getIntOrFloatBitWidth();
  return code | (bits << 8) | (int64_t(1) << 16);
}

/// Where the elements of a memref lie, as far as its definition tells.
struct BufferShape {
  OpFoldResult offset;
  SmallVector<OpFoldResult> sizes, strides;
};

static SmallVector<OpFoldResult> getRowMajor(ArrayRef<OpFoldResult> sizes,
                                             OpBuilder &builder, Location loc) {
  SmallVector<OpFoldResult> strides(sizes.size());
  OpFoldResult stride = builder.getIndexAttr(1);
  for (size_t axis = sizes.size(); axis-- > 0;) {
    strides[axis] = stride;
    std::optional<int64_t> a = getConstantIntValue(stride);
    std::optional<int64_t> b = getConstantIntValue(sizes[axis]);
    if (a && b)
      stride = builder.getIndexAttr(*a * *b);
    else if (axis > 0)
      stride = arith::MulIOp::create(
                   builder, loc,
                   getValueOrCreateConstantIndexOp(builder, loc, stride),
                   getValueOrCreateConstantIndexOp(builder, loc, sizes[axis]))
                   .getResult();
  }
  return strides;
}

Descriptors::Descriptors(Block &block)
    : entry(block), context(block.getParentOp()->getContext()),
      pointer(LLVM::LLVMPointerType::get(context)) {
  Type i32 = IntegerType::get(context, 32), i64 = IntegerType::get(context, 64);
  bufferType = LLVM::LLVMStructType::getLiteral(
      context, {i64, pointer, pointer, i64, i32, i32, pointer, pointer});
  dimensionType =
      LLVM::LLVMStructType::getLiteral(context, {i32, i32, i32, i32});
}

void Descriptors::setSizes(Value memref, ArrayRef<OpFoldResult> sizes) {
  argumentSizes[memref].assign(sizes.begin(), sizes.end());
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
    shape.strides = getRowMajor(shape.sizes, builder, loc);
    return shape;
  }
  if (auto known = argumentSizes.find(memref); known != argumentSizes.end()) {
    shape.sizes = known->second;
    shape.strides = getRowMajor(shape.sizes, builder, loc);
    return shape;
  }
  // What a loop carries says it at run time.
  auto parts = memref::ExtractStridedMetadataOp::create(builder, loc, memref);
  shape.offset = parts.getConstifiedMixedOffset();
  shape.sizes = parts.getConstifiedMixedSizes();
  shape.strides = parts.getConstifiedMixedStrides();
  return shape;
}

Value Descriptors::constant(OpBuilder &builder, Type type, int64_t value) {
  return LLVM::ConstantOp::create(builder, entry.getParentOp()->getLoc(), type,
                                  builder.getIntegerAttr(type, value));
}

void Descriptors::store(OpBuilder &builder, Value base, Type structure,
                        int32_t row, int32_t field, Value value) {
  Location loc = value.getLoc();
  Value address = LLVM::GEPOp::create(builder, loc, pointer, structure, base,
                                      ArrayRef<LLVM::GEPArg>{row, field});
  LLVM::StoreOp::create(builder, loc, value, address);
}

Value Descriptors::create(MemRefType type, Value &dimensions) {
  OpBuilder builder = OpBuilder::atBlockBegin(&entry);
  Location loc = entry.getParentOp()->getLoc();
  Type i32 = builder.getI32Type(), i64 = builder.getI64Type();
  Value buffer = LLVM::AllocaOp::create(builder, loc, pointer, bufferType,
                                        constant(builder, i64, 1), 8);
  dimensions =
      LLVM::AllocaOp::create(builder, loc, pointer, dimensionType,
                             constant(builder, i64, type.getRank()), 8);
  Value null = LLVM::ZeroOp::create(builder, loc, pointer);
  Value zero = constant(builder, i64, 0);
  store(builder, buffer, bufferType, 0, Device, zero);
  store(builder, buffer, bufferType, 0, Interface, null);
  store(builder, buffer, bufferType, 0, Flags, zero);
  store(builder, buffer, bufferType, 0, TypeField,
        constant(builder, i32, getTypeCode(type.getElementType())));
  store(builder, buffer, bufferType, 0, Rank,
        constant(builder, i32, type.getRank()));
  store(builder, buffer, bufferType, 0, Dims, dimensions);
  store(builder, buffer, bufferType, 0, Pad, null);
  Value none = constant(builder, i32, 0);
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    store(builder, dimensions, dimensionType, axis, Min, none);
    store(builder, dimensions, dimensionType, axis, DimensionFlags, none);
  }
  return buffer;
}

void Descriptors::storeSize(OpFoldResult size, Value dimensions, int64_t row,
                            int32_t field, OpBuilder after) {
  Location loc = entry.getParentOp()->getLoc();
  OpBuilder atEntry(entry.getTerminator());
  auto value = dyn_cast<Value>(size);
  bool isFixed = !value || value.getParentBlock() == &entry;
  bool isInEntry = after.getInsertionBlock() == &entry;
  OpBuilder &builder = isFixed && !isInEntry ? atEntry : after;
  Type i32 = builder.getI32Type();
  Value number =
      value ? arith::IndexCastOp::create(builder, loc, i32, value).getResult()
            : constant(builder, i32, *getConstantIntValue(size));
  store(builder, dimensions, dimensionType, row, field, number);
}

Value Descriptors::get(Value memref) {
  Value &descriptor = known[memref];
  if (descriptor)
    return descriptor;
  auto type = cast<MemRefType>(memref.getType());
  Location loc = memref.getLoc();
  OpBuilder builder(context);
  builder.setInsertionPointAfterValue(memref);
  Value dimensions;
  descriptor = create(type, dimensions);
  BufferShape shape = getShape(memref, builder);
  // Halide's axes are innermost first.
  for (int64_t axis = 0; axis < type.getRank(); ++axis) {
    int64_t row = type.getRank() - 1 - axis;
    storeSize(shape.sizes[axis], dimensions, row, ExtentField, builder);
    storeSize(shape.strides[axis], dimensions, row, Stride, builder);
  }
  Value address =
      memref::ExtractAlignedPointerAsIndexOp::create(builder, loc, memref);
  if (getConstantIntValue(shape.offset) != 0) {
    int64_t bytes = std::max<int64_t>(1, type.getElementTypeBitWidth() / 8);
    Value offset = arith::MulIOp::create(
        builder, loc,
        getValueOrCreateConstantIndexOp(builder, loc, shape.offset),
        arith::ConstantIndexOp::create(builder, loc, bytes));
    address = arith::AddIOp::create(builder, loc, address, offset);
  }
  address =
      arith::IndexCastOp::create(builder, loc, builder.getI64Type(), address);
  store(builder, descriptor, bufferType, 0, Host,
        LLVM::IntToPtrOp::create(builder, loc, pointer, address));
  return descriptor;
}

} // namespace maek
