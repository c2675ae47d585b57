# Every third-party package, by one name each. Third-party headers are SYSTEM, so their warnings are theirs.
find_package(PkgConfig REQUIRED)
find_package(Threads REQUIRED)
find_package(OpenSSL REQUIRED)
find_package(Boost 1.81 REQUIRED)
find_package(fmt REQUIRED)
find_package(nlohmann_json REQUIRED)
find_package(GTest REQUIRED)
find_package(CLI11 REQUIRED)
find_package(yaml-cpp REQUIRED)
find_package(prometheus-cpp CONFIG QUIET COMPONENTS core)
pkg_check_modules(PUGIXML REQUIRED IMPORTED_TARGET pugixml)
pkg_check_modules(ZSTD REQUIRED IMPORTED_TARGET libzstd)

# libnats ships neither a CMake package nor (on some releases) a pkg-config file in Debian.
find_path(NATS_INCLUDE_DIR nats/nats.h REQUIRED)
find_library(NATS_LIBRARY nats REQUIRED)
add_library(nats_c INTERFACE)
target_include_directories(nats_c SYSTEM INTERFACE ${NATS_INCLUDE_DIR})
target_link_libraries(nats_c INTERFACE ${NATS_LIBRARY})

# Asio and Beast are headers; this says how we use them.
add_library(asio INTERFACE)
target_link_libraries(asio INTERFACE Boost::headers OpenSSL::SSL OpenSSL::Crypto Threads::Threads)
target_compile_definitions(asio INTERFACE BOOST_ASIO_NO_DEPRECATED BOOST_ASIO_HAS_CO_AWAIT BOOST_ASIO_DISABLE_BOOST_ARRAY)
if(CMAKE_CXX_COMPILER_ID STREQUAL GNU)
  # False warnings of GCC 12 in Asio's coroutine headers.
  target_compile_options(asio INTERFACE -Wno-null-dereference -Wno-mismatched-new-delete)
endif()
