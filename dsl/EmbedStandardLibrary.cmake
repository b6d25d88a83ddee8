# Writes OUTPUT: the .maek files of SOURCES as C++ raw strings.
set(code "// Generated from dsl/std/*.maek.
#include \"dsl/StandardLibrary.h\"

static constexpr maek::dsl::StandardFile files[] = {
")
foreach(source IN LISTS SOURCES)
  get_filename_component(name ${source} NAME)
  file(READ ${source} text)
  string(APPEND code "{\"std/${name}\", R\"maek(${text})maek\"},\n")
endforeach()
string(APPEND code "};

llvm::ArrayRef<maek::dsl::StandardFile> maek::dsl::getStandardLibrary() {
  return files;
}
")
file(WRITE ${OUTPUT} "${code}")
