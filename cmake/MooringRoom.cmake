# mooring_room(NAME [ASIO] SOURCES … [DEPENDS room …] [LINK library …])
#
# One directory under src/ is one room: a static library mooring_NAME that may use only the rooms named in DEPENDS.
# ASIO rooms share one precompiled header with Boost.Asio; the pure rooms share another (core's) and never see Asio.
function(mooring_room name)
  cmake_parse_arguments(R "ASIO" "" "SOURCES;DEPENDS;LINK" ${ARGN})
  add_library(mooring_${name} STATIC ${R_SOURCES})
  target_include_directories(mooring_${name} PUBLIC
    $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/src> $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include>
    $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
  foreach(room ${R_DEPENDS})
    target_link_libraries(mooring_${name} PUBLIC mooring_${room})
  endforeach()
  target_link_libraries(mooring_${name} PUBLIC fmt::fmt ${R_LINK})
  if(R_ASIO AND NOT name STREQUAL "io")
    target_precompile_headers(mooring_${name} REUSE_FROM mooring_io)
  elseif(NOT R_ASIO AND NOT name STREQUAL "core")
    target_precompile_headers(mooring_${name} REUSE_FROM mooring_core)
  endif()
endfunction()

# mooring_test_code(TARGET [ASIO]): compiles a target as code of the tests, which is written once and run for a moment:
# not optimized, and with the precompiled headers of tests/precompiled.
function(mooring_test_code target)
  cmake_parse_arguments(C "ASIO" "" "" ${ARGN})
  target_compile_options(${target} PRIVATE -O0 -U_FORTIFY_SOURCE)
  target_include_directories(${target} PRIVATE ${PROJECT_SOURCE_DIR}/tests)
  if(C_ASIO)
    target_precompile_headers(${target} REUSE_FROM mooring_tests_asio)
  else()
    target_precompile_headers(${target} REUSE_FROM mooring_tests_pure)
  endif()
endfunction()

# mooring_test(NAME [ASIO] SOURCES … LINK room-or-library …): one GoogleTest binary, its tests discovered by ctest.
# Without ASIO it runs in one thread, so that ThreadSanitizer has nothing to find in it.
function(mooring_test name)
  cmake_parse_arguments(T "ASIO" "LABEL;TIMEOUT" "SOURCES;LINK" ${ARGN})
  if(NOT T_LABEL)
    set(T_LABEL unit)
  endif()
  if(NOT T_TIMEOUT)
    set(T_TIMEOUT 60)
  endif()
  if(MOORING_SANITIZE STREQUAL "thread" AND NOT T_ASIO)
    return()
  endif()
  add_executable(${name} ${T_SOURCES})
  target_link_libraries(${name} PRIVATE ${T_LINK} GTest::gtest GTest::gmock GTest::gtest_main)
  if(T_ASIO)
    mooring_test_code(${name} ASIO)
  else()
    mooring_test_code(${name})
  endif()
  gtest_discover_tests(${name} DISCOVERY_TIMEOUT 60 DISCOVERY_MODE PRE_TEST
    PROPERTIES LABELS ${T_LABEL} TIMEOUT ${T_TIMEOUT})
endfunction()
