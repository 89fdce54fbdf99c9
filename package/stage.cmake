# Run by cpack on what it has installed and stripped, before that is packed:
# what belongs to a package, and not to `cmake --install`.
set(prefix ${CPACK_TEMPORARY_DIRECTORY})
if(CPACK_GENERATOR STREQUAL "DEB")
  string(APPEND prefix ${CPACK_PACKAGING_INSTALL_PREFIX})
endif()
set(doc ${prefix}/share/doc/doff)

function(run)
  execute_process(COMMAND ${ARGN} COMMAND_ERROR_IS_FATAL ANY)
endfunction()

file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/copyright ${doc}/copyright)
file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/changelog ${doc}/changelog)
# Without name and time of the file in it: gzip(1) -n.
file(GLOB compressed ${prefix}/share/man/man*/*)
run(gzip -9n ${compressed} ${doc}/changelog)
file(CREATE_LINK doff-runtime.8.gz
  ${prefix}/share/man/man8/doff-runtime-rewrite.8.gz SYMBOLIC)

if(CPACK_GENERATOR STREQUAL "DEB")
  file(MAKE_DIRECTORY ${prefix}/share/lintian/overrides)
  file(COPY_FILE ${CMAKE_CURRENT_LIST_DIR}/lintian-overrides
    ${prefix}/share/lintian/overrides/doff)
  # Where Debian's zsh looks for what packages have.
  file(RENAME ${prefix}/share/zsh/site-functions
    ${prefix}/share/zsh/vendor-completions)
endif()

# Last: it has the digests of the programs as they are now.
run(python3 ${CMAKE_CURRENT_LIST_DIR}/sbom.py ${CPACK_DOFF_BUILD} ${prefix}
  ${CPACK_PACKAGE_VERSION} ${CPACK_DOFF_PROGRAMS})
