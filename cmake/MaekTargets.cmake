# maek_add_library(NAME FILES... [MLIR] [PUBLIC targets...] [PRIVATE targets...]
#                  [DEPENDS targets...]): a static library of one layer, with
# our warnings. MLIR: it includes MLIR's headers, which are then parsed once
# for all.
add_library(maek_warnings INTERFACE)
# libstdc++ 12 deprecates a function that its own std::stable_sort calls.
target_compile_options(maek_warnings INTERFACE -Wall -Wextra
  -Wno-unused-parameter -Wno-deprecated-declarations)

function(maek_add_library name)
  cmake_parse_arguments(arg "MLIR" "" "PUBLIC;PRIVATE;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  add_library(maek::${name} ALIAS ${name})
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE maek_warnings
    ${arg_PRIVATE})
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
  if(arg_MLIR)
    maek_reuse_mlir_headers(${name})
  endif()
endfunction()

# As CMake's own, but in a form in which ccache makes paths relative, and without
# the times of headers, which change where a package of the system is installed
# anew. The driver would read a precompiled header of the same name, from the
# build before, in place of the first file that is included; /dev/null has none.
if(CMAKE_CXX_COMPILER_ID STREQUAL "Clang")
  set(CMAKE_CXX_COMPILE_OPTIONS_CREATE_PCH -Xclang -emit-pch
    -Xclang -fno-pch-timestamp -include /dev/null -include <PCH_HEADER> -x c++-header)
  set(CMAKE_CXX_COMPILE_OPTIONS_USE_PCH -include-pch <PCH_FILE>)
endif()

# maek_precompile_mlir_headers(TARGET more...): MLIR's headers, and more.
function(maek_precompile_mlir_headers name)
  target_precompile_headers(${name} PRIVATE ${ARGN} ${MAEK_MLIR_HEADERS})
  # What ccache hashes instead of the precompiled header, in which each checkout
  # has its own paths: the option pch_external_checksum.
  file(SHA256 ${PROJECT_SOURCE_DIR}/cmake/requirements.txt wheels)
  file(WRITE
    ${CMAKE_CURRENT_BINARY_DIR}/CMakeFiles/${name}.dir/cmake_pch.hxx.pch.sum
    "${LLVM_PACKAGE_VERSION} ${wheels} ${ARGN} ${MAEK_MLIR_HEADERS}")
endfunction()

# maek_reuse_mlir_headers(TARGET): with the precompiled headers of maek_ir.
function(maek_reuse_mlir_headers name)
  target_precompile_headers(${name} REUSE_FROM maek_ir)
endfunction()
