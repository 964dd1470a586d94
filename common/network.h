/* network.h -- networks of nodes with labels: who is linked to whom, and what each one is. */
#pragma once
#include "tensor.h"

typedef struct Network {
    char     name[32], from[128];
    int32_t  nodes, edges, classes;
    int32_t *a, *b;                     /* (edges) a < b, each once, in growing order; no node is its own neighbour */
    int32_t *first, *label;             /* the labels of node n: label[first[n]] .. label[first[n+1] - 1], from 0 on */
} Network;

/*
 * karate 34 nodes, 78 edges, 2 classes: embedded. wiki 2405 nodes, 17 classes; blogcatalog 10312 nodes, 39 groups, of
 * which a node may have several: after `make data`, else a sentence that says so.
 */
const char *network_load(Arena *, const char *name, Network *out);
bool        network_here(const char *name);

/*
 * A file of links, a file of labels: lines of whole numbers apart by blanks, a node and what it is linked to, or its
 * labels; plain or gzip. Links have no direction; what stands twice counts once, links to oneself not at all. Nodes
 * are numbered from 0 to the largest number that is named; labels, in the order of their numbers, from 0 on. labels
 * NULL: none. NULL, or a sentence that names file and line.
 */
const char *network_read(Arena *, const char *links, const char *labels, Network *out);
