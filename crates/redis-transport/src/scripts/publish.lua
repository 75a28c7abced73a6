#!lua
-- KEYS
-- ARGV
-- Answers
return 0
