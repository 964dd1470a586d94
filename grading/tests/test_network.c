/* test_network.c -- networks from files: what is known of the club, links in any form, and what is wrong in a file. */
#include <criterion/criterion.h>
#include <string.h>
#include "network.h"
#include "scratch.h"

TestSuite(network, .init = scratch_begin, .fini = scratch_end, .timeout = 60);

Test(network, the_club)
{
    Arena  *a = arena_new("test");
    Network n;
    int     degree[34] = { 0 }, officer = 0, triangles = 0;
    bool    linked[34][34] = { { false } };
    cr_assert(scratch_fine(network_load(a, "karate", &n)));
    cr_assert(n.nodes == 34 && n.edges == 78 && n.classes == 2 && scratch_has(n.from, "(embedded)"));
    for (int e = 0; e < n.edges; e++) {
        cr_assert(n.a[e] < n.b[e]);
        degree[n.a[e]]++, degree[n.b[e]]++;
        linked[n.a[e]][n.b[e]] = true;
    }
    for (int i = 0; i < 34; i++)
        for (int j = 0; j < 34; j++)
            for (int k = 0; k < 34; k++) triangles += linked[i][j] && linked[j][k] && linked[i][k];
    for (int i = 0; i < 34; i++) officer += n.label[n.first[i]];
    cr_assert(degree[0] == 16 && degree[33] == 17 && degree[11] == 1, "%d %d %d", degree[0], degree[33], degree[11]);
    cr_assert(triangles == 45 && officer == 17, "%d triangles, %d with the officer", triangles, officer);
    arena_free(a);
}

static const char *put(const char *name, const char *text) { return scratch_write(name, text, strlen(text)); }

/* Both directions, twice, to oneself, as rows of neighbours; labels of any numbers, several, none. */
Test(network, links_in_any_form)
{
    Arena  *a = arena_new("test");
    Network n;
    const char *links = put("links", "2 0 1\n0\t2\r\n\n3 3\n  1 2 2\n0 1\n");
    const char *labels = put("labels", "0 7\n3 50 7\n2 9");
    cr_assert(scratch_fine(network_read(a, links, labels, &n)));
    cr_assert(n.nodes == 4 && n.edges == 3 && n.classes == 3, "%d %d %d", n.nodes, n.edges, n.classes);
    cr_assert(!memcmp(n.a, (int32_t[]){ 0, 0, 1 }, 12) && !memcmp(n.b, (int32_t[]){ 1, 2, 2 }, 12));
    cr_assert(!memcmp(n.first, (int32_t[]){ 0, 1, 1, 2, 4 }, 20) && !memcmp(n.label, (int32_t[]){ 0, 1, 0, 2 }, 16));
    cr_assert(scratch_fine(network_read(a, links, NULL, &n)));
    cr_assert(n.classes == 0 && n.first[4] == 0);
    arena_free(a);
}

Test(network, what_is_wrong_is_said)
{
    static const char *const bad[] = { "0 1\n2 x\n", "0 1\n-1 2\n", "0 1\n1 9999999999999999999\n",
                                       "0 1\n1.5 2\n", "" };
    static const char *const says[] = { "links:2: 'x", "links:2: '-1", "links:2: '999", "links:2: '1.5", "no links" };
    Arena  *a = arena_new("test");
    Network n;
    for (int i = 0; i < 5; i++) {
        const char *said = network_read(a, put("links", bad[i]), NULL, &n);
        cr_assert(said && scratch_has(said, says[i]), "%d: %s", i, said ? said : "taken");
    }
    cr_assert(scratch_has(network_load(a, "nowhere", &n), "no network 'nowhere'"));
    cr_assert(!network_here("nowhere"));
    arena_free(a);
}
