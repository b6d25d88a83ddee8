# maek_add_library(NAME FILES... [PUBLIC targets...] [PRIVATE targets...]
#                  [DEPENDS targets...]): a static library of one layer, with
# our warnings.
add_library(maek_warnings INTERFACE)
target_compile_options(maek_warnings INTERFACE -Wall -Wextra -Wshadow=local
  -Wno-unused-parameter)

function(maek_add_library name)
  cmake_parse_arguments(arg "" "" "PUBLIC;PRIVATE;DEPENDS" ${ARGN})
  add_library(${name} STATIC ${arg_UNPARSED_ARGUMENTS})
  add_library(maek::${name} ALIAS ${name})
  target_link_libraries(${name} PUBLIC ${arg_PUBLIC} PRIVATE maek_warnings
    ${arg_PRIVATE})
  if(arg_DEPENDS)
    add_dependencies(${name} ${arg_DEPENDS})
  endif()
endfunction()

# maek_silence_restrict(FILES...): GCC 12 takes the two halves of an inlined
# operator+ on std::string for overlapping memory (GCC bug 105651, mended in
# 13) and warns in the middle of its own headers.
function(maek_silence_restrict)
  if(CMAKE_CXX_COMPILER_ID STREQUAL "GNU" AND
     CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13)
    set_source_files_properties(${ARGN} PROPERTIES COMPILE_OPTIONS
      -Wno-restrict)
  endif()
endfunction()
