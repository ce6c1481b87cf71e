"""What rules can tell of an answer, one rule a module: ``judge(instruction, response)`` gives 1 where all is well."""
