# test_grading_hostile.sh -- submissions that cheat or crash, each with its verdict.
exec sh grading/hostile.sh
