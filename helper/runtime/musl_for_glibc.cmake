# Links a target that is compiled as doffctl is, for glibc, statically with musl:
# before main(), glibc asks the processor about its caches some ninety times, and
# each of these (CPUID) is the hypervisor's to answer in a virtual machine. That
# was 0.8 ms of a start, where musl's is 0.1 ms.
#
# musl keeps glibc's ABI in what is called here; tests/unit/abi.cpp compares it,
# and whoever calls more adds a row. musl_for_glibc.cpp has what musl has not.
# libstdc++'s locales, and with them its streams, read glibc's own tables; a test
# looks that none are linked.
function(doff_link_musl_for_glibc target)
  target_sources(${target} PRIVATE
    ${PROJECT_SOURCE_DIR}/helper/runtime/musl_for_glibc.cpp)
  foreach(name crtbeginT.o crtend.o libstdc++.a libgcc_eh.a libgcc.a)
    execute_process(COMMAND ${CMAKE_CXX_COMPILER} -print-file-name=${name}
      OUTPUT_VARIABLE file OUTPUT_STRIP_TRAILING_WHITESPACE)
    if(NOT IS_ABSOLUTE "${file}")
      message(FATAL_ERROR "${CMAKE_CXX_COMPILER} has no ${name}")
    endif()
    list(APPEND files ${file})
  endforeach()
  list(POP_FRONT files crtbegin crtend)
  set(lib ${DOFF_MUSL_ROOT}/usr/lib/${DOFF_ARCHITECTURE}-linux-musl)
  target_link_options(${target} PRIVATE -static -nostdlib -Wl,--gc-sections
    ${lib}/crt1.o ${lib}/crti.o ${crtbegin})
  # As the headers of glibc 2.38 and later call these three.
  foreach(name strtoul strtoll strtoull)
    target_link_options(${target} PRIVATE
      -Wl,-u,${name} -Wl,--defsym=__isoc23_${name}=${name})
  endforeach()
  target_link_libraries(${target} PRIVATE
    -Wl,--start-group ${DOFF_YAML} ${DOFF_NETTLE} ${files} ${lib}/libc.a
    -Wl,--end-group ${crtend} ${lib}/crtn.o)
endfunction()
