# One folder = one target = one namespace. squall_folder() finds the sources beside it, so no test can be
# forgotten: x.cpp goes into the library, x_test.cpp into <folder>_test, x_fuzz.cpp into its own fuzzer.

option(SQUALL_FUZZ "Build the fuzzers (clang only)" OFF)

add_library(squall_options INTERFACE)
target_compile_options(squall_options INTERFACE
  -Wall -Wextra -Wpedantic -Wshadow -Wnon-virtual-dtor -Wold-style-cast -Wcast-align -Wunused
  -Woverloaded-virtual -Wconversion -Wno-sign-conversion -Wdouble-promotion -Wformat=2
  -Wno-missing-field-initializers)
# A warning stops the build with the compilers that CI runs. A newer one knows new warnings, and must not keep a
# user from a build for them.
if((CMAKE_CXX_COMPILER_ID STREQUAL GNU AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 13) OR
   (CMAKE_CXX_COMPILER_ID MATCHES Clang AND CMAKE_CXX_COMPILER_VERSION VERSION_LESS 20))
  set(squall_known_compiler ON)
else()
  set(squall_known_compiler OFF)
endif()
option(SQUALL_WARNINGS_ARE_ERRORS "Stop at a warning" ${squall_known_compiler})
if(SQUALL_WARNINGS_ARE_ERRORS)
  target_compile_options(squall_options INTERFACE -Werror)
endif()
if(CMAKE_CXX_COMPILER_ID MATCHES Clang)
  # libstdc++ 12's own stable_sort calls std::get_temporary_buffer, which it deprecates.
  target_compile_options(squall_options INTERFACE -Wno-deprecated-declarations)
endif()
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False for views that are returned by value and point elsewhere (GCC 13 and newer).
  target_compile_options(squall_options INTERFACE -Wno-dangling-reference)
  # At -O3, GCC 12 follows std::string's small buffer into branches that cannot be taken, and warns inside
  # <string> about operator+, insert and moves (GCC bugs 105329 and 105651). The Dev and sanitizer builds
  # keep these warnings.
  target_compile_options(squall_options INTERFACE
    "$<$<CONFIG:Release>:-Wno-array-bounds;-Wno-stringop-overflow;-Wno-stringop-overread;-Wno-restrict;-Wno-maybe-uninitialized>")
endif()
target_include_directories(squall_options INTERFACE ${CMAKE_SOURCE_DIR}/src)
target_compile_definitions(squall_options INTERFACE SQUALL_VERSION="${PROJECT_VERSION}")
if(SQUALL_SANITIZE)
  target_compile_options(squall_options INTERFACE -fsanitize=${SQUALL_SANITIZE} -fno-omit-frame-pointer
    -fno-sanitize-recover=all)
  target_link_options(squall_options INTERFACE -fsanitize=${SQUALL_SANITIZE})
  if(SQUALL_SANITIZE MATCHES undefined)
    # This check finds out by a pipe whether an object can be read, and so takes every object for a broken one in
    # a test that runs out of descriptors. We hardly cast.
    target_compile_options(squall_options INTERFACE -fno-sanitize=vptr)
  endif()
endif()
if(SQUALL_FUZZ)
  add_custom_target(fuzzers)  # all of them
  target_compile_options(squall_options INTERFACE -fsanitize=fuzzer-no-link)
endif()

# Precompiled headers: built once for libraries and once for tests, and reused by every folder.
file(WRITE ${CMAKE_BINARY_DIR}/pch/library_pch.cpp "")
add_library(library_pch STATIC ${CMAKE_BINARY_DIR}/pch/library_pch.cpp)
target_link_libraries(library_pch PUBLIC squall_options fmt::fmt nlohmann_json::nlohmann_json Threads::Threads)
target_precompile_headers(library_pch PRIVATE
  <algorithm> <array> <atomic> <chrono> <cstdint> <deque> <expected> <functional> <map> <memory> <optional>
  <span> <string> <string_view> <unordered_map> <utility> <variant> <vector> <fmt/format.h> <nlohmann/json.hpp>)
# Tests are compiled once and run for seconds: in a Dev build they are not worth optimising. (The sanitizer presets
# optimise nothing: clang takes 20 s for a coroutine test with ASan and UBSan at -O1, and 7 s at -O0.)
set(squall_test_options $<$<CONFIG:Dev>:-O0>)
add_library(test_pch STATIC ${CMAKE_BINARY_DIR}/pch/library_pch.cpp)
target_link_libraries(test_pch PUBLIC squall_options fmt::fmt nlohmann_json::nlohmann_json Threads::Threads
  GTest::gtest GTest::gmock)
target_compile_options(test_pch PRIVATE ${squall_test_options})
target_precompile_headers(test_pch PRIVATE
  <chrono> <expected> <map> <memory> <optional> <string> <variant> <vector> <fmt/format.h>
  <nlohmann/json.hpp> <gtest/gtest.h> <gmock/gmock.h>)

# squall_folder(wire DEPENDS squall::base LIBS asio TEST_LIBS …)
#   DEPENDS, LIBS  public link dependencies (LIBS are third-party)
#   TEST_LIBS      what only the folder's tests need
#   NO_PCH         compile without the shared precompiled header (files with other flags)
function(squall_folder name)
  cmake_parse_arguments(arg "NO_PCH" "" "DEPENDS;LIBS;TEST_LIBS" ${ARGN})
  file(GLOB sources CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp)
  set(tests ${sources})
  set(fuzzers ${sources})
  list(FILTER tests INCLUDE REGEX "_test\\.cpp$")
  list(FILTER fuzzers INCLUDE REGEX "_fuzz\\.cpp$")
  list(FILTER sources EXCLUDE REGEX "(_test|_fuzz|_bench|main)\\.cpp$")
  if(sources)
    add_library(${name} STATIC ${sources})
    target_link_libraries(${name} PUBLIC squall_options fmt::fmt nlohmann_json::nlohmann_json
      Threads::Threads ${arg_DEPENDS} ${arg_LIBS})
    if(NOT arg_NO_PCH)
      target_precompile_headers(${name} REUSE_FROM library_pch)
    endif()
    set(linked ${name})
  else()
    add_library(${name} INTERFACE)
    target_link_libraries(${name} INTERFACE squall_options ${arg_DEPENDS} ${arg_LIBS})
    set(linked ${name})
  endif()
  add_library(squall::${name} ALIAS ${name})
  if(tests)
    squall_test(${name}_test SOURCES ${tests} LIBS ${linked} ${arg_TEST_LIBS} LABEL unit)
  endif()
  if(SQUALL_FUZZ)
    foreach(fuzzer ${fuzzers})
      get_filename_component(fuzz_name ${fuzzer} NAME_WE)
      add_executable(${fuzz_name} ${fuzzer})
      target_link_libraries(${fuzz_name} PRIVATE ${linked})
      target_link_options(${fuzz_name} PRIVATE -fsanitize=fuzzer)
      add_dependencies(fuzzers ${fuzz_name})
    endforeach()
  endif()
endfunction()

# Whether a test is worth the thread sanitizer in CI: the router's are, and those with threads of their own or in
# their folder. (The tool's rule is one io_context and one thread.)
function(squall_makes_threads result name)
  set(${result} FALSE PARENT_SCOPE)
  if(name MATCHES "^router_")
    set(${result} TRUE PARENT_SCOPE)
    return()
  endif()
  set(files ${ARGN})
  if(name MATCHES "_test$" AND NOT name MATCHES "_component_test$")
    file(GLOB folder CONFIGURE_DEPENDS ${CMAKE_CURRENT_SOURCE_DIR}/*.cpp ${CMAKE_CURRENT_SOURCE_DIR}/*.h)
    list(APPEND files ${folder})
  endif()
  foreach(file ${files})
    get_filename_component(file ${file} ABSOLUTE)
    file(STRINGS ${file} found REGEX "std::j?thread|std::async" LIMIT_COUNT 1)
    if(found)
      set(${result} TRUE PARENT_SCOPE)
    endif()
  endforeach()
endfunction()

# squall_test(name SOURCES … LIBS … LABEL unit|component|system): a GoogleTest program that ctest runs whole.
# One process per program keeps ctest quick; the tests inside must not depend on their order.
function(squall_test name)
  cmake_parse_arguments(arg "" "LABEL;TIMEOUT" "SOURCES;LIBS" ${ARGN})
  add_executable(${name} ${arg_SOURCES})
  target_link_libraries(${name} PRIVATE ${arg_LIBS} squall_options fmt::fmt nlohmann_json::nlohmann_json
    Threads::Threads GTest::gtest GTest::gmock GTest::gtest_main)
  target_compile_options(${name} PRIVATE ${squall_test_options})
  target_include_directories(${name} PRIVATE ${CMAKE_SOURCE_DIR}/tests)
  target_precompile_headers(${name} REUSE_FROM test_pch)
  if(NOT arg_TIMEOUT)
    set(arg_TIMEOUT 120)
  endif()
  add_test(NAME ${name} COMMAND ${CMAKE_SOURCE_DIR}/tests/support/no_orphans.sh $<TARGET_FILE:${name}>)
  squall_makes_threads(threads ${name} ${arg_SOURCES})
  if(threads)
    list(APPEND arg_LABEL threads)
  endif()
  set_tests_properties(${name} PROPERTIES LABELS "${arg_LABEL}" TIMEOUT ${arg_TIMEOUT})
endfunction()
