// Part of Maek, under the MIT licence; see LICENSE.
// maek fmt: the canonical form, and that it stays as it is.
#include "dsl/Frontend.h"
#include "dsl/StandardLibrary.h"

#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/raw_ostream.h"
#include "gtest/gtest.h"

static std::string format(llvm::StringRef text) {
  std::string errors;
  llvm::raw_string_ostream os(errors);
  auto result = maek::formatModel(text, "test.maek", os);
  return result ? *result : "error: " + errors;
}

TEST(Formatter, spaces) {
  EXPECT_EQ(format("fn f( x:[N,d],y )=x+-y*2 ·x[1 :,- 1]ᵀ^ 2-√ d/ ( a)\n"),
            "fn f(x : [N, d], y) = x + -y*2 · x[1:, -1]ᵀ^2 - √d / (a)\n");
}

TEST(Formatter, tightQuotientsStay) {
  EXPECT_EQ(format("fn f(x) = -1/√x + a / b + a /b"),
            "fn f(x) = -1/√x + a / b + a / b\n");
}

TEST(Formatter, linesAndColumns) {
  EXPECT_EQ(format("model M(H=3){input image:[H] # rows\n"
                   "target y:class(10)\n"
                   "\n\n\n"
                   "h=image  # one\n"
                   "logits=h\n"
                   "output logits # two\n"
                   "}"),
            "model M(H = 3) {\n"
            "  input  image : [H]  # rows\n"
            "  target y     : class(10)\n"
            "\n"
            "  h      = image  # one\n"
            "  logits = h\n"
            "  output logits   # two\n"
            "}\n");
}

TEST(Formatter, aKeywordAloneOnItsLine) {
  EXPECT_EQ(format("layer L(d) {\n  param\n  W : [d] = 0\n  param\n"
                   "  b : [d] = 0\n  apply (x : [d]) = x\n}\n"),
            "layer L(d) {\n"
            "  param\n"
            "      W : [d] = 0\n"
            "  param\n"
            "      b : [d] = 0\n"
            "  apply (x : [d]) = x\n"
            "}\n");
}

TEST(Formatter, weights) {
  EXPECT_EQ(format("weights a of M{ \"x\"=[\"b.{i-1}\":[2,3],-\"c\"]\n"
                   "\"long\"=\"d\"+\"e\"\n}"),
            "weights a of M {\n"
            "  \"x\"    = [\"b.{i-1}\" : [2, 3], -\"c\"]\n"
            "  \"long\" = \"d\" + \"e\"\n"
            "}\n");
  // An equation that begins with a minus is no end of the one before.
  EXPECT_EQ(format("weights a of M { \"x\"ᵀ=\"b\"\n- \"y\"=\"c\"\n}"),
            "weights a of M {\n"
            "  \"x\"ᵀ = \"b\"\n"
            "  -\"y\" = \"c\"\n"
            "}\n");
}

TEST(Formatter, blocks) {
  EXPECT_EQ(format("layer L(d) { param W:[d]=0\napply(x:[d])->y\n{\ny=x }}\n"
                   "model M { for l in 1 .. 3 { x=l }\n"
                   "for l in 1..3 { x=l y=l } }"),
            "layer L(d) {\n"
            "  param W : [d] = 0\n"
            "  apply (x : [d]) -> y {\n"
            "    y = x\n"
            "  }\n"
            "}\n"
            "model M {\n"
            "  for l in 1..3 { x = l }\n"
            "  for l in 1..3 {\n"
            "    x = l\n"
            "    y = l\n"
            "  }\n"
            "}\n");
}

TEST(Formatter, commentsStay) {
  EXPECT_EQ(format("# top\n\n\n# second\nfn f(x) = # why\nx + # left\n# alone\n"
                   "1 # right\n# last"),
            "# top\n"
            "\n"
            "# second\n"
            "fn f(x) =  # why\n"
            "    x +  # left\n"
            "    # alone\n"
            "    1    # right\n"
            "# last\n");
}

TEST(Formatter, trainSettingsShareALine) {
  EXPECT_EQ(format("train M{data d optimizer adam(lr=1e-3)  clip_norm 1\n"
                   "batch 3   epochs 2}"),
            "train M {\n"
            "  data d  optimizer adam(lr = 1e-3)  clip_norm 1\n"
            "  batch 3  epochs 2\n"
            "}\n");
  EXPECT_EQ(format("train M {  batch 3 }"), "train M { batch 3 }\n");
}

TEST(Formatter, standardLibraryIsCanonical) {
  for (const maek::dsl::StandardFile &file : maek::dsl::getStandardLibrary())
    EXPECT_EQ(format(file.text), file.text.str()) << file.name.str();
}

TEST(Formatter, modelsAreCanonical) {
  auto buffer =
      llvm::MemoryBuffer::getFile(MAEK_SOURCE_DIR "/models/lstm.maek");
  ASSERT_TRUE(bool(buffer));
  EXPECT_EQ(format((*buffer)->getBuffer()), (*buffer)->getBuffer().str());
}

TEST(Formatter, canonicalFormStays) {
  for (llvm::StringRef text :
       {"fn f(x,\n  y,\n\n z)=\nx\n+\ny", "fn f(x) -> y { # a\n y = x # b\n }",
        "model M{\n\n\n# x\n\n}", "fn f(x)=x # a\n# b\n\n\n# c\nfn g(x)=x",
        "model M { # a\n input x:[3] # b\n\n # c\n }\n# d",
        "fn f(x)=[x,# a\nx]# b",
        "cell C(d){state h,C:[d]=0\nstate k:[d]=1\n"
        "step(x:[d])->h{h=x\nC=x}}"}) {
    std::string once = format(text);
    EXPECT_EQ(once.find("error"), std::string::npos) << once;
    EXPECT_EQ(format(once), once);
  }
}
