"""The courses, one verb a file: functions of values to values that any program may call. No screen, no `argv`."""
