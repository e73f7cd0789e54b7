# Fails unless declare.js writes the committed native.h.
execute_process(COMMAND ${NODE} ${SCRIPT} ${DECLARATIONS}
                OUTPUT_VARIABLE generated RESULT_VARIABLE status)
if(NOT status EQUAL 0)
  message(FATAL_ERROR "declare.js failed")
endif()
file(READ ${COMMITTED} committed)
if(NOT generated STREQUAL committed)
  message(FATAL_ERROR "native.h is not what declare.js writes: run it, and read the difference")
endif()
