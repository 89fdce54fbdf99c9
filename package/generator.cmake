# Read by cpack for each kind of package: what differs between them.
execute_process(COMMAND sh -c umask OUTPUT_VARIABLE umask
  OUTPUT_STRIP_TRAILING_WHITESPACE)
if(NOT umask MATCHES "^0*22$")
  # cpack puts the modes of its own temporary files into the package.
  message(FATAL_ERROR "the umask is ${umask}, and only with 022 the package "
                      "comes out the same everywhere: (umask 022 && cpack ...)")
endif()
if(NOT DEFINED ENV{SOURCE_DATE_EPOCH})
  set(ENV{SOURCE_DATE_EPOCH} ${CPACK_DOFF_TIME})
endif()
if(CPACK_GENERATOR STREQUAL "DEB")
  set(CPACK_PACKAGING_INSTALL_PREFIX /usr)
else()
  # bin/ and share/, for tar -C /usr/local -xf.
  set(CPACK_PACKAGING_INSTALL_PREFIX /)
  set(CPACK_INCLUDE_TOPLEVEL_DIRECTORY OFF)
endif()
