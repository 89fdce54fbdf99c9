# What `cpack` makes of an installation: a package for Debian, and an archive
# to unpack below any prefix. Both have the same programs, which are static.
set(package ${PROJECT_SOURCE_DIR}/package)

# The version and the time of everything are those of the newest entry.
file(STRINGS ${package}/changelog entries REGEX "^doff \\(")
list(GET entries 0 entry)
if(NOT entry MATCHES "^doff \\(${PROJECT_VERSION}\\) ")
  message(FATAL_ERROR "package/changelog begins with \"${entry}\", and the "
                      "project's version is ${PROJECT_VERSION}: add an entry")
endif()
file(STRINGS ${package}/changelog signatures REGEX "^ -- ")
list(GET signatures 0 signature)
string(REGEX MATCH "^ -- (.*>)  (.*)$" signature "${signature}")
set(CPACK_DEBIAN_PACKAGE_MAINTAINER ${CMAKE_MATCH_1})
execute_process(COMMAND date --utc "--date=${CMAKE_MATCH_2}" +%s
  OUTPUT_VARIABLE CPACK_DOFF_TIME OUTPUT_STRIP_TRAILING_WHITESPACE
  COMMAND_ERROR_IS_FATAL ANY)
set_property(DIRECTORY APPEND PROPERTY
  CMAKE_CONFIGURE_DEPENDS ${package}/changelog)

# What the linker has read is what package/sbom.py lists: for the installed
# programs, for those that doffctl has in it, and for what the build runs.
get_target_property(embedded doff_helper MANUALLY_ADDED_DEPENDENCIES)
set(CPACK_DOFF_BUILD ${PROJECT_BINARY_DIR})
set(CPACK_DOFF_PROGRAMS doff doffctl doff-runtime doff-runtime-rewrite
  compile_filters ${embedded})
foreach(program ${CPACK_DOFF_PROGRAMS})
  target_link_options(${program} PRIVATE
    -Wl,-Map=${PROJECT_BINARY_DIR}/${program}.map)
endforeach()

install(FILES examples/Containerfile
  DESTINATION ${CMAKE_INSTALL_DOCDIR}/examples)

set(CPACK_GENERATOR DEB TGZ)
set(CPACK_PROJECT_CONFIG_FILE ${package}/generator.cmake)
set(CPACK_PRE_BUILD_SCRIPTS ${package}/stage.cmake)
set(CPACK_POST_BUILD_SCRIPTS ${package}/archive.cmake)
set(CPACK_SYSTEM_NAME linux-${DOFF_ARCHITECTURE})
set(CPACK_PACKAGE_CONTACT ${CPACK_DEBIAN_PACKAGE_MAINTAINER})
set(CPACK_PACKAGE_VENDOR doff)
set(CPACK_STRIP_FILES ON)
set(CPACK_DEBIAN_FILE_NAME DEB-DEFAULT)
set(CPACK_DEBIAN_COMPRESSION_TYPE xz)
set(CPACK_DEBIAN_PACKAGE_SECTION admin)
set(CPACK_DEBIAN_PACKAGE_PRIORITY optional)
set(CPACK_DEBIAN_PACKAGE_SHLIBDEPS ON)
set(CPACK_DEBIAN_PACKAGE_SUGGESTS "runc | crun")
set(CPACK_DEBIAN_PACKAGE_CONTROL_STRICT_PERMISSION ON)
set(CPACK_DEBIAN_PACKAGE_CONTROL_EXTRA
  ${package}/postinst ${package}/prerm ${package}/postrm)
set(CPACK_DEBIAN_PACKAGE_DESCRIPTION
"A shell that docker exec, podman exec, kubectl exec or ssh starts in a
container sees the container's whole capability bounding set. doff stands in
front of that shell: it empties the set, clears the others, sets no_new_privs,
loads a seccomp filter, reads all of it back from the kernel, and becomes the
shell, or says why not.
.
doff-shell is the same as a login shell, doff-runtime an OCI runtime that puts
doff in front of every exec, and doffctl trims specs, checks policies and
audits processes.")
include(CPack)
