// Part of Maek, under the MIT licence; see LICENSE.
// Linking in this process: what is exported, what is reported, what is left.
#include "codegen/host/Link.h"
#include "codegen/halide/ObjectSymbols.h"
#include "codegen/host/EmitObject.h"
#include "codegen/host/OutputFile.h"

#include "mlir/IR/Diagnostics.h"
#include "mlir/IR/MLIRContext.h"
#include "llvm/AsmParser/Parser.h"
#include "llvm/IR/Module.h"
#include "llvm/Support/FileSystem.h"
#include "llvm/Support/MemoryBuffer.h"
#include "llvm/Support/SourceMgr.h"
#include "llvm/TargetParser/Host.h"
#include <dlfcn.h>
#include <filesystem>
#include <fstream>
#include <gtest/gtest.h>
#include <sys/stat.h>
#include <unistd.h>

using namespace maek;
namespace files = std::filesystem;

namespace {

/// A model: a function for others, and some of its own that models share the
/// names of.
std::string modelText(const std::string &name, int value) {
  return "define i32 @maek_kernel_part() { ret i32 0 }\n"
         "define hidden i32 @maek_entry_forward() noinline optnone { ret i32 " +
         std::to_string(value) + " }\n" + "define i32 @" + name +
         "_module() noinline optnone {\n  %r = call i32 @maek_entry_forward()\n"
         "  ret i32 %r\n}\n";
}

class Link : public testing::Test {
protected:
  void SetUp() override {
    folder = files::temp_directory_path() /
             ("maek-link-test-" + std::to_string(getpid()));
    files::create_directories(folder / "scratch");
    files::create_directories(folder / "out");
    compile("empty", "");
    runtime.supportObject = runtime.halideRuntime = path("empty");
    context.getDiagEngine().registerHandler([&](mlir::Diagnostic &diagnostic) {
      message += diagnostic.str() + "\n";
      return mlir::success();
    });
  }
  void TearDown() override { files::remove_all(folder); }

  std::string path(const std::string &name) {
    return (folder / (name + ".o")).string();
  }

  /// Compiles LLVM IR to an object of that name.
  void compile(const std::string &name, const std::string &text) {
    llvm::LLVMContext llvmContext;
    llvm::SMDiagnostic error;
    auto module = llvm::parseAssemblyString(text, error, llvmContext);
    ASSERT_TRUE(module) << error.getMessage().str();
    module->setTargetTriple(llvm::Triple(llvm::sys::getDefaultTargetTriple()));
    ASSERT_TRUE(mlir::succeeded(
        emitHost(*module, HostOutput::Object, path(name), location())));
  }

  LinkJob makeJob(LinkKind kind, std::vector<std::string> names,
                  const std::string &output) {
    LinkJob job;
    job.kind = kind;
    for (const std::string &name : names) {
      job.objects.push_back(path(name));
      job.exports.push_back(name + "_module");
    }
    job.output = (folder / "out" / output).string();
    job.soname = output;
    job.scratch = (folder / "scratch").string();
    return job;
  }

  bool run(const LinkJob &job) {
    return mlir::succeeded(link(job, runtime, location()));
  }

  mlir::Location location() { return mlir::UnknownLoc::get(&context); }

  /// Calls <name>_module of a shared library.
  int call(const std::string &library, const std::string &name) {
    void *handle = dlopen(library.c_str(), RTLD_NOW | RTLD_LOCAL);
    if (!handle) {
      ADD_FAILURE() << dlerror();
      return -1;
    }
    auto *function =
        reinterpret_cast<int (*)()>(dlsym(handle, (name + "_module").c_str()));
    EXPECT_TRUE(function) << name;
    for (const char *own : {"maek_entry_forward", "maek_kernel_part"})
      EXPECT_FALSE(dlsym(handle, own)) << own;
    int value = function ? function() : -1;
    dlclose(handle);
    return value;
  }

  static std::string read(const std::string &name) {
    std::ifstream in(name, std::ios::binary);
    return std::string(std::istreambuf_iterator<char>(in), {});
  }

  std::vector<std::string> outputs() {
    std::vector<std::string> names;
    for (auto &entry : files::directory_iterator(folder / "out"))
      names.push_back(entry.path().filename().string());
    return names;
  }

  mlir::MLIRContext context;
  RuntimeFiles runtime;
  files::path folder;
  std::string message;
};

} // namespace

TEST_F(Link, SharedLibraryShowsTheModuleOnly) {
  compile("one", modelText("one", 41));
  LinkJob job = makeJob(LinkKind::SharedLibrary, {"one"}, "libone.so");
  ASSERT_TRUE(run(job)) << message;
  EXPECT_EQ(call(job.output, "one"), 41);
}

TEST_F(Link, UndefinedSymbolIsReported) {
  compile("bad", "declare i32 @nowhere()\n"
                 "define i32 @bad_module() {\n  %r = call i32 @nowhere()\n"
                 "  ret i32 %r\n}\n");
  EXPECT_FALSE(run(makeJob(LinkKind::SharedLibrary, {"bad"}, "libbad.so")));
  EXPECT_NE(message.find("linking failed: "), std::string::npos) << message;
  EXPECT_NE(message.find("undefined symbol: nowhere"), std::string::npos)
      << message;
  EXPECT_EQ(outputs(), std::vector<std::string>());

  // The linker is usable afterwards.
  compile("one", modelText("one", 7));
  LinkJob job = makeJob(LinkKind::SharedLibrary, {"one"}, "libone.so");
  ASSERT_TRUE(run(job)) << message;
  EXPECT_EQ(call(job.output, "one"), 7);
}

TEST_F(Link, FailureKeepsTheOlderOutput) {
  std::ofstream(folder / "out" / "libbad.so") << "older";
  EXPECT_FALSE(run(makeJob(LinkKind::SharedLibrary, {"missing"}, "libbad.so")));
  EXPECT_NE(message.find("missing.o"), std::string::npos) << message;
  EXPECT_EQ(read((folder / "out" / "libbad.so").string()), "older");
  EXPECT_EQ(outputs(), std::vector<std::string>{"libbad.so"});
}

TEST_F(Link, UnwritableOutputIsReported) {
  compile("one", modelText("one", 1));
  LinkJob job = makeJob(LinkKind::SharedLibrary, {"one"}, "no/libone.so");
  EXPECT_FALSE(run(job));
  EXPECT_EQ(message,
            "cannot write " + job.output + ": No such file or directory\n");
  message.clear();
  files::create_directory(folder / "out" / "folder");
  job = makeJob(LinkKind::SharedLibrary, {"one"}, "folder");
  EXPECT_FALSE(run(job));
  EXPECT_EQ(message, "cannot write " + job.output + ": Is a directory\n");
  EXPECT_EQ(outputs(), std::vector<std::string>{"folder"});
}

TEST_F(Link, EqualInputsGiveEqualBytes) {
  compile("one", modelText("one", 1));
  for (LinkKind kind :
       {LinkKind::SharedLibrary, LinkKind::Object, LinkKind::StaticLibrary}) {
    LinkJob job = makeJob(kind, {"one"}, "first");
    job.soname = "one";
    ASSERT_TRUE(run(job)) << message;
    std::string first = read(job.output);
    files::create_directories(folder / "elsewhere");
    job.scratch = (folder / "elsewhere").string();
    job.output = (folder / "out" / "second").string();
    ASSERT_TRUE(run(job)) << message;
    EXPECT_FALSE(first.empty());
    EXPECT_EQ(first, read(job.output)) << int(kind);
    EXPECT_EQ(first.find(folder.string()), std::string::npos);
  }
}

TEST_F(Link, TwoModelsFitIntoOneProgram) {
  for (LinkKind kind : {LinkKind::Object, LinkKind::StaticLibrary}) {
    std::vector<std::string> made;
    for (auto [name, value] : {std::pair<std::string, int>{"one", 1},
                               std::pair<std::string, int>{"two", 2}}) {
      compile(name, modelText(name, value));
      LinkJob job = makeJob(kind, {name}, "model-" + name);
      ASSERT_TRUE(run(job)) << message;
      made.push_back(job.output);
    }
    LinkJob both =
        makeJob(LinkKind::SharedLibrary, {"one", "two"}, "libboth.so");
    both.objects = made;
    if (kind == LinkKind::StaticLibrary) {
      both.objects.clear();
      RuntimeFiles archives = runtime;
      archives.archives = made;
      ASSERT_TRUE(mlir::succeeded(link(both, archives, location()))) << message;
    } else {
      ASSERT_TRUE(run(both)) << message;
    }
    EXPECT_EQ(call(both.output, "one"), 1);
    EXPECT_EQ(call(both.output, "two"), 2);
  }
}

// Objects from the kernel cache were compiled in several processes, in which
// parts got the same name.
TEST_F(Link, EqualPartsOfTwoKernels) {
  LinkJob job = makeJob(LinkKind::SharedLibrary, {"caller"}, "libcaller.so");
  compile("caller", "declare i32 @one()\ndeclare i32 @two()\n"
                    "define i32 @caller_module() noinline optnone {\n"
                    "  %a = call i32 @one()\n  %b = call i32 @two()\n"
                    "  %r = sub i32 %b, %a\n  ret i32 %r\n}\n");
  for (auto [name, value] : {std::pair<std::string, int>{"one", 3},
                             std::pair<std::string, int>{"two", 10}}) {
    compile(name,
            "define i32 @maek_kernel_par_7() noinline optnone { ret i32 " +
                std::to_string(value) +
                " }\ndefine i32 @maek_kernel() noinline optnone {\n"
                "  %r = call i32 @maek_kernel_par_7()\n"
                "  ret i32 %r\n}\n");
    auto renamed = halide::renameKernel(read(path(name)), "maek_kernel", name);
    ASSERT_TRUE(bool(renamed)) << llvm::toString(renamed.takeError());
    std::ofstream(path(name), std::ios::binary) << std::string(renamed->str());
    job.objects.push_back(path(name));
  }
  ASSERT_TRUE(run(job)) << message;
  EXPECT_EQ(call(job.output, "caller"), 7);
}

TEST_F(Link, ScratchFolderLeavesNothing) {
  std::string left;
  {
    mlir::FailureOr<ScratchFolder> scratch = ScratchFolder::create(location());
    ASSERT_TRUE(mlir::succeeded(scratch));
    left = scratch->getPath().str();
    std::ofstream(scratch->getFile("file")) << "text";
    ScratchFolder moved = std::move(*scratch);
    EXPECT_TRUE(files::exists(left + "/file"));
  }
  EXPECT_FALSE(files::exists(left));
}
