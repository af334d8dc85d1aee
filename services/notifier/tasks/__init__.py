"""Tasks for staff: there when it is time, told with what has to be known, ticked off or put aside."""
