// Part of Maek, under the MIT licence; see LICENSE.
// What is said of a file whose tensors are not those that are needed.
#include "runtime/core/Mismatches.h"

#include <gtest/gtest.h>

using namespace maek::runtime;

static TensorInfo makeNeeded(const std::string &name,
                             std::vector<int64_t> shape) {
  TensorInfo needed;
  needed.name = name;
  needed.dtype = MAEK_F32;
  needed.shape = std::move(shape);
  return needed;
}

static std::string describe(const Mismatches &mismatches) {
  Error error = mismatches.makeError("file", "whose: ");
  return std::string(error.message());
}

TEST(Mismatches, WhatFitsIsNoError) {
  Mismatches mismatches(", which the model needs", "the model");
  EXPECT_FALSE(mismatches.makeError("file"));
  // Floats of the other precision are converted.
  for (const char *dtype : {"F32", "F64"})
    mismatches.checkFound({"a", dtype, {2, 3}}, makeNeeded("a", {2, 3}));
  EXPECT_FALSE(mismatches.makeError("file"));
  mismatches.checkFound({"a", "I64", {2, 3}}, makeNeeded("a", {2, 3}));
  EXPECT_EQ(describe(mismatches),
            "file: whose: tensor 'a' (I64[2, 3], needed F32[2, 3]) does not "
            "fit");
}

TEST(Mismatches, AllKindsAreInOneError) {
  Mismatches mismatches(", which the model needs", "the model");
  mismatches.addExtra("wegiht", std::vector<std::string_view>{"weight"});
  mismatches.checkFound({"a", "F32", {3}}, makeNeeded("a", {2}));
  mismatches.addMissing(makeNeeded("weight", {2, 3}));
  mismatches.addExtra("unheard/of", std::vector<std::string_view>{"weight"});
  EXPECT_EQ(mismatches.makeError("file").code(), MAEK_BAD_FILE);
  EXPECT_EQ(describe(mismatches),
            "file: whose: has no tensor 'weight' (F32[2, 3]), which the model "
            "needs; tensor 'a' (F32[3], needed F32[2]) does not fit; tensors "
            "'wegiht' (did you mean 'weight'?) and 'unheard/of' are not in the "
            "model");
}

TEST(Mismatches, OfManyAFewAreNamed) {
  Mismatches mismatches(", which the model needs", "the model");
  for (const char *name : {"a", "b", "c"})
    mismatches.addMissing(makeNeeded(name, {1}));
  for (const char *name : {"d", "e", "f", "g"})
    mismatches.checkFound({name, "F32", {2}}, makeNeeded(name, {1}));
  for (int i = 0; i < 100; ++i)
    mismatches.addExtra(text("extra", i), {});
  EXPECT_EQ(describe(mismatches),
            "file: whose: has no tensors 'a' (F32[1]), 'b' (F32[1]) and 'c' "
            "(F32[1]), which the model needs; tensors 'd' (F32[2], needed "
            "F32[1]), 'e' (F32[2], needed F32[1]), 'f' (F32[2], needed F32[1]) "
            "and 1 other do not fit; tensors 'extra0', 'extra1', 'extra2' and "
            "97 others are not in the model");
}
