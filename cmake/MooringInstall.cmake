# cmake --install: the program, its manual and completions, and the client library as the package `mooring`.
include(CMakePackageConfigHelpers)

# Outside, the rooms that the client stands on are one library, libmooring.a.
set(client_rooms core protocol recovery io transport auth store upstream client)
add_library(mooring_library STATIC)
foreach(room ${client_rooms})
  target_sources(mooring_library PRIVATE $<TARGET_OBJECTS:mooring_${room}>)
endforeach()
target_link_libraries(mooring_library PRIVATE
  fmt::fmt simdjson::simdjson Boost::json Boost::url OpenSSL::SSL OpenSSL::Crypto spdlog::spdlog SQLite::SQLite3 Threads::Threads)
target_include_directories(mooring_library INTERFACE
  $<BUILD_INTERFACE:${PROJECT_SOURCE_DIR}/include> $<BUILD_INTERFACE:${PROJECT_BINARY_DIR}/include>
  $<INSTALL_INTERFACE:${CMAKE_INSTALL_INCLUDEDIR}>)
target_compile_features(mooring_library INTERFACE cxx_std_23)
set_target_properties(mooring_library PROPERTIES OUTPUT_NAME mooring EXPORT_NAME mooring LINKER_LANGUAGE CXX)
add_library(mooring::mooring ALIAS mooring_library)

if(NOT TARGET mooring)
  return()
endif()

set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/mooring)
configure_package_config_file(${PROJECT_SOURCE_DIR}/cmake/mooringConfig.cmake.in
  ${PROJECT_BINARY_DIR}/mooringConfig.cmake INSTALL_DESTINATION ${package_dir})
write_basic_package_version_file(${PROJECT_BINARY_DIR}/mooringConfigVersion.cmake COMPATIBILITY SameMinorVersion)

install(TARGETS mooring RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR})
install(TARGETS mooring_library EXPORT mooringTargets ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR})
install(EXPORT mooringTargets NAMESPACE mooring:: DESTINATION ${package_dir})
install(FILES ${PROJECT_BINARY_DIR}/mooringConfig.cmake ${PROJECT_BINARY_DIR}/mooringConfigVersion.cmake
  DESTINATION ${package_dir})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/include/mooring ${PROJECT_BINARY_DIR}/include/mooring
  DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} FILES_MATCHING PATTERN *.hpp)

set(packaging ${PROJECT_SOURCE_DIR}/packaging)
install(FILES ${packaging}/mooring.1 DESTINATION ${CMAKE_INSTALL_MANDIR}/man1)
install(FILES ${packaging}/completions/mooring.bash
  DESTINATION ${CMAKE_INSTALL_DATADIR}/bash-completion/completions RENAME mooring)
install(FILES ${packaging}/completions/_mooring DESTINATION ${CMAKE_INSTALL_DATADIR}/zsh/site-functions)
install(FILES ${packaging}/completions/mooring.fish DESTINATION ${CMAKE_INSTALL_DATADIR}/fish/vendor_completions.d)
install(FILES ${packaging}/mooring.service DESTINATION lib/systemd/system)
install(FILES ${PROJECT_SOURCE_DIR}/LICENSE ${PROJECT_SOURCE_DIR}/README.md DESTINATION ${CMAKE_INSTALL_DOCDIR})
install(DIRECTORY ${PROJECT_SOURCE_DIR}/docs DESTINATION ${CMAKE_INSTALL_DOCDIR} FILES_MATCHING PATTERN *.md)
