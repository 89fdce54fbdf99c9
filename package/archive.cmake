# Run by cpack on what it has made. Its archive has the files in the order of
# the directory on the disk, and of whoever made it: it is made once more.
if(CPACK_GENERATOR STREQUAL "TGZ")
  execute_process(
    COMMAND tar --sort=name --owner=0 --group=0 --numeric-owner
            --mtime=@$ENV{SOURCE_DATE_EPOCH} "--use-compress-program=gzip -9n"
            -C ${CPACK_TEMPORARY_DIRECTORY} -cf ${CPACK_PACKAGE_FILES}
            bin share
    COMMAND_ERROR_IS_FATAL ANY)
endif()
