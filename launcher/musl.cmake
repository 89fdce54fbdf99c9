# A target that is static whatever else is not: without sanitizers where the
# launcher has the system's libc.
function(doff_link_static target)
  if(DOFF_LIBC STREQUAL "musl")
    doff_link_static_musl(${target})
  else()
    target_compile_options(${target} PRIVATE -fno-sanitize=all)
    target_link_options(${target} PRIVATE -static -fno-sanitize=all)
  endif()
endfunction()

# Links a target statically against musl with the project's own compiler, g++
# or clang++: what Debian's musl-gcc does for C by a GCC specs file.
function(doff_link_static_musl target)
  set(triple ${DOFF_ARCHITECTURE}-linux-musl)
  set(include ${DOFF_MUSL_ROOT}/usr/include/${triple})
  set(lib ${DOFF_MUSL_ROOT}/usr/lib/${triple})
  if(NOT EXISTS ${lib}/libc.a)
    message(FATAL_ERROR "${lib}/libc.a is missing: install musl-tools, or "
                        "name the folder that has it with DOFF_MUSL_ROOT")
  endif()

  # The compiler's own C++ headers, then musl's instead of glibc's, then the
  # kernel's. libstdc++ asks for a macro that only glibc has, and with little
  # optimisation for the function that throws what constant folding shows
  # nothing here to throw.
  set(directories ${CMAKE_CXX_IMPLICIT_INCLUDE_DIRECTORIES})
  set(cxx ${directories})
  list(FILTER cxx INCLUDE REGEX "/c\\+\\+/")
  set(builtin ${directories})
  list(FILTER builtin INCLUDE REGEX "/(gcc|gcc-cross|clang)/.*/include$")
  set(kernel ${directories})
  list(REMOVE_ITEM kernel ${cxx} ${builtin})
  set(flags -nostdinc)
  foreach(each ${cxx})
    list(APPEND flags "SHELL:-isystem ${each}")
  endforeach()
  foreach(each ${include} ${builtin})
    list(APPEND flags "SHELL:-isystem ${each}")
  endforeach()
  foreach(each ${kernel})
    list(APPEND flags "SHELL:-idirafter ${each}")
  endforeach()
  target_compile_options(${target} PRIVATE ${flags} "-D__GLIBC_PREREQ(a,b)=0"
    $<IF:$<CONFIG:Debug>,-O1,-Os> -fno-pie -ffunction-sections -fdata-sections
    -fno-asynchronous-unwind-tables -fno-threadsafe-statics)

  execute_process(COMMAND ${CMAKE_CXX_COMPILER} ${CMAKE_CXX_FLAGS}
    -print-libgcc-file-name OUTPUT_VARIABLE libgcc
    OUTPUT_STRIP_TRAILING_WHITESPACE)
  target_link_options(${target} PRIVATE -static -nostdlib
    -Wl,--gc-sections -Wl,-z,noexecstack -Wl,-z,norelro -Wl,--build-id=none
    $<$<CONFIG:Release>:-s>
    ${lib}/crt1.o ${lib}/crti.o)
  target_link_libraries(${target} PRIVATE ${lib}/libc.a ${libgcc} ${lib}/libc.a
    ${lib}/crtn.o)
endfunction()
