# Runs the benchmark for a few rounds: it works and its JSON is JSON. What it
# measured is of no interest here.
execute_process(COMMAND ${BENCH} --rounds 3 --json OUTPUT_VARIABLE json
                ERROR_VARIABLE error RESULT_VARIABLE status)
if(status EQUAL 77)
  message("bench: skipped: ${error}")
  return()
endif()
if(NOT status EQUAL 0)
  message(FATAL_ERROR "bench: status ${status}: ${error}")
endif()
string(JSON rounds GET "${json}" rounds)
string(JSON direct GET "${json}" commands 0 median)
string(JSON count LENGTH "${json}" commands)
string(JSON ratios LENGTH "${json}" ratios)
if(NOT rounds EQUAL 3 OR NOT direct GREATER 0 OR NOT count EQUAL 8
   OR NOT ratios EQUAL 3)
  message(FATAL_ERROR "bench: unexpected JSON: ${json}")
endif()

execute_process(COMMAND ${BENCH} --rounds 3 OUTPUT_QUIET RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "bench: status ${status} of the table")
endif()
execute_process(COMMAND ${BENCH} --rounds 0 ERROR_QUIET RESULT_VARIABLE status)
if(NOT status EQUAL 2)
  message(FATAL_ERROR "bench: status ${status} of --rounds 0, not 2")
endif()
