/* fused.h -- FUSED before a function: a * b + c may be one instruction there, which -std=c17 forbids else. */
#pragma once

#ifdef __clang__
#pragma clang fp contract(fast)
#define FUSED
#else
#define FUSED __attribute__((optimize("fp-contract=fast")))
#endif
