# Halide from its wheel. The wheel's own HalideConfig.cmake wants a newer CMake
# than Debian 12 has, so the library is imported here.
if(NOT Halide_ROOT)
  file(GLOB Halide_ROOT LIST_DIRECTORIES true
    ${PROJECT_BINARY_DIR}/../venv/lib/python3*/site-packages/halide)
endif()
find_library(HALIDE_LIBRARY Halide PATHS ${Halide_ROOT}/lib64 ${Halide_ROOT}/lib
  NO_DEFAULT_PATH REQUIRED)
find_path(HALIDE_INCLUDE_DIR Halide.h PATHS ${Halide_ROOT}/include
  NO_DEFAULT_PATH REQUIRED)

add_library(Halide::Halide SHARED IMPORTED)
set_target_properties(Halide::Halide PROPERTIES
  IMPORTED_LOCATION ${HALIDE_LIBRARY}
  INTERFACE_INCLUDE_DIRECTORIES ${HALIDE_INCLUDE_DIR}
  INTERFACE_COMPILE_DEFINITIONS "HALIDE_ENABLE_RTTI;HALIDE_WITH_EXCEPTIONS")
