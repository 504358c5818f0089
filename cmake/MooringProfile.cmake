# Release is laid out and inlined by what a gateway under load runs: cmake/release.proftext, which bench/profile records. A
# function that was changed since then is compiled without its record, like all that are not in it.
set(MOORING_PROFILE "use" CACHE STRING "use: compile Release by the recorded profile; record: build what bench/profile runs; off")
set_property(CACHE MOORING_PROFILE PROPERTY STRINGS use record off)
if(NOT MOORING_PROFILE MATCHES "^(use|record|off)$")
  message(FATAL_ERROR "MOORING_PROFILE is ${MOORING_PROFILE}; it can be use, record or off.")
endif()

if(NOT CMAKE_BUILD_TYPE STREQUAL "Release" OR MOORING_SANITIZE OR MOORING_FUZZ OR MOORING_PROFILE STREQUAL "off")
  return()
endif()

# Functions of one file are recorded under its name alone, wherever the sources lie.
add_compile_options("SHELL:-mllvm -static-func-full-module-prefix=false")

if(MOORING_PROFILE STREQUAL "record")
  add_compile_options(-fprofile-generate -fprofile-update=atomic)
  add_link_options(-fprofile-generate)
  return()
endif()

find_program(LLVM_PROFDATA llvm-profdata-19)
if(NOT LLVM_PROFDATA)
  message(WARNING "llvm-profdata-19 is missing, so this build goes without the recorded profile, and a relayed call takes "
    "a tenth more CPU. apt install llvm-19, then cmake --preset release.")
  return()
endif()

set(recorded ${CMAKE_CURRENT_SOURCE_DIR}/cmake/release.proftext)
set_property(DIRECTORY APPEND PROPERTY CMAKE_CONFIGURE_DEPENDS ${recorded})
file(SHA256 ${recorded} digest)
string(SUBSTRING ${digest} 0 12 digest)
# Its name tells its content, so that all is compiled anew with another one.
set(profile ${CMAKE_CURRENT_BINARY_DIR}/release-${digest}.profdata)
execute_process(COMMAND ${LLVM_PROFDATA} merge -o ${profile} ${recorded} COMMAND_ERROR_IS_FATAL ANY)
add_compile_options(-fprofile-use=${profile}
  # That there is no record of a function, or an old one, is no news.
  -Wno-profile-instr-unprofiled -Wno-profile-instr-out-of-date -Wno-backend-plugin)
