// Part of Maek, under the MIT licence; see LICENSE.
#include "tests/unit/codegen/ShortNumbers.h"

#include "ir/BFloat16.h"
#include "ir/Extent.h"
#include "ir/Words.h"

#include <algorithm>
#include <cmath>
#include <gtest/gtest.h>

using namespace mlir;

namespace maek::test {

TargetKernels::TargetKernels(const std::string &text, const std::string &target,
                             bool asserts) {
  OwnKernels parsed(text, "f32");
  context = std::move(parsed.context);
  module = std::move(parsed.module);
  KernelOptions options;
  options.target = target;
  options.asserts = asserts;
  if (module)
    kernels = LoadedKernels::load(*module, options);
}

func::FuncOp TargetKernels::get(llvm::StringRef name) {
  return module->lookupSymbol<func::FuncOp>(name);
}

std::vector<Tensor> TargetKernels::interpret(func::FuncOp kernel,
                                             llvm::ArrayRef<Tensor> arguments) {
  auto results = ::maek::interpret(kernel, arguments);
  EXPECT_TRUE(succeeded(results));
  return {results->begin(), results->end()};
}

static double round(double x, Type element) {
  if (element.isBF16())
    return roundToBFloat16(x);
  if (!isByte(element))
    return float(x);
  if (element.isUnsignedInteger())
    return std::clamp(std::nearbyint((x + 1) * 127), 0.0, 255.0);
  return std::clamp(std::nearbyint(x * 127), -127.0, 127.0);
}

/// Arguments of the kernel: short numbers rounded, words from `words`.
static std::vector<Tensor> makeTensors(func::FuncOp kernel, const Dims &dims,
                                       const Tensor &words) {
  auto arguments = makeArguments(kernel, dims, 1);
  EXPECT_TRUE(succeeded(arguments));
  std::vector<Tensor> tensors;
  for (auto [type, named] : llvm::zip(kernel.getArgumentTypes(), *arguments)) {
    Tensor tensor = named.second;
    Type element = getElementType(type);
    for (double &x : tensor.elements)
      x = round(x, element);
    tensors.push_back(element.isInteger(32) ? words : tensor);
  }
  return tensors;
}

static double getTolerance(Type type, double otherwise) {
  Type element = getElementType(type);
  return isByte(element) || element.isBF16() ? 0x1p-7 : otherwise;
}

void checkShort(const std::string &text, const std::vector<Dims> &sizes,
                double tolerance) {
  for (auto [target, asserts] :
       {std::pair("host", true), {"host", false}, {withoutWords, true}}) {
    // A device is the same for each, and its kernels have no asserts.
    if (isOnDevice && (target != std::string("host") || asserts))
      continue;
    TargetKernels own(text, target, asserts);
    ASSERT_TRUE(own.kernels);
    Tensor words;
    if (func::FuncOp pack = own.get("pack")) {
      std::vector<Tensor> weights = makeTensors(pack, {}, {});
      words = own.interpret(pack, weights)[0];
      EXPECT_EQ(own.kernels->run(pack, weights, {})[0].elements,
                words.elements);
    }
    for (auto kernel : own.module->getOps<func::FuncOp>())
      for (const Dims &dims : sizes)
        for (int64_t gap : {0, 5}) {
          if (kernel.getName() == "pack")
            continue;
          auto tensors = makeTensors(kernel, dims, words);
          auto needed = own.interpret(kernel, tensors);
          auto found = own.kernels->run(kernel, tensors, dims, {gap, {}});
          ASSERT_EQ(found.size(), needed.size());
          for (size_t i = 0; i < found.size(); ++i)
            EXPECT_LE(relativeError(found[i], needed[i]),
                      getTolerance(kernel.getResultTypes()[i], tolerance))
                << target << ' ' << kernel.getName().str() << " result " << i
                << " gap " << gap;
        }
  }
}

std::string replaceAll(std::string text, const std::string &from,
                       const std::string &to) {
  for (size_t at = 0; (at = text.find(from, at)) != std::string::npos;
       at += to.size())
    text.replace(at, from.size(), to);
  return text;
}

} // namespace maek::test
