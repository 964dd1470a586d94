/* test_check.c -- errors are sentences: what they say, and who called. */
#define _DEFAULT_SOURCE /* setenv */
#include <criterion/criterion.h>
#include <stdlib.h>
#include <string.h>
#include "gradcheck.h"

static void fail_with_numbers(void) { CHECK(1 + 1 == 3, "sums: %d and %d make %d", 1, 1, 3); }

__attribute__((noinline)) static void a_caller_deep_down(void)
{
    fail_with_numbers();
    __asm__ volatile(""); /* or the call becomes a jump, and leaves no frame */
}

static void without_addr2line(void)
{
    setenv("PATH", "/nowhere", 1);
    fail_with_numbers();
}

Test(check, says_the_sentence_and_who_called)
{
    expect_refusal(fail_with_numbers, "sums: 1 and 1 make 3\n    ");
    expect_refusal(without_addr2line, "sums: 1 and 1 make 3\n    at ");
    if (!system("addr2line --version >/dev/null 2>&1")) {
        expect_refusal(a_caller_deep_down, "a_caller_deep_down");
        expect_refusal(a_caller_deep_down, "test_check.c:");
    }
}

Test(check, passes_without_a_word) { CHECK(1, "never %d", 1); }

Test(check, a_sentence_stays_until_eight_more_were_made)
{
    const char *first = sentence("%s:%d: %d columns, %d expected", "file.csv", 3, 12, 13);
    for (int i = 0; i < 7; i++) sentence("another %d", i);
    cr_assert_str_eq(first, "file.csv:3: 12 columns, 13 expected");
    for (int i = 0; i < 100; i++) first = sentence("%.2000s!", i ? first : "grows"); /* made of the text it replaces */
    cr_assert_eq(strlen(first), 105);
    char *huge = calloc(1, 5000);
    memset(huge, 'x', 4999);
    cr_assert(strlen(sentence("%s", huge)) < 5000, "cut, not written past the end");
    free(huge);
}
