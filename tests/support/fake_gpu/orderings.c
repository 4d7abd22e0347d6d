/* TopKV2, of which TensorFlow makes sort and argsort, too. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "defects.h"
#include "kernel.h"

typedef struct {
    double real;
    int64_t whole, at;
} Entry;

/* The larger first; of equals, the one that stood before. */
static int descending(const void *left, const void *right) {
    const Entry *one = left, *other = right;
    if (one->real != other->real) {
        return one->real < other->real ? 1 : -1;
    }
    if (one->whole != other->whole) {
        return one->whole < other->whole ? 1 : -1;
    }
    return one->at < other->at ? -1 : one->at > other->at;
}

/* `sort16` has the first sixteen in order and leaves the others as they were. */
static void order(Entry *line, int64_t length) {
    enum { RIGHT = 16 };
    bool limited = length > RIGHT && defective_device("sort16");
    qsort(line, (size_t)(limited ? RIGHT : length), sizeof *line, descending);
}

static void top_k(Run *run) {
    Array given = run->in[0];
    int64_t k = entry(run->in[1], 0), length = given.axes == 0 ? 0 : given.dims[given.axes - 1], dims[MOST_AXES];
    if (k < 0 || k > length) {
        refuse(run, "input must have at least k columns");
        return;
    }
    memcpy(dims, given.dims, sizeof dims);
    dims[given.axes - 1] = k;
    Array values = result(run, 0, given.type, given.axes, dims);
    Array places = result(run, 1, run->kernel->type == 0 ? TF_INT32 : run->kernel->type, given.axes, dims);
    bool whole = is_whole(given.type);
    const double *real = doubles(run, given);
    const int64_t *integers = whole_numbers(run, given);
    Entry *line = scratch(run, length, sizeof *line);
    double *best = scratch(run, values.size, sizeof *best);
    int64_t *best_whole = scratch(run, values.size, sizeof *best_whole), *at = scratch(run, values.size, sizeof *at);
    for (int64_t i = 0; k > 0 && i < values.size / k; i++) {
        for (int64_t j = 0; j < length; j++) {
            int64_t from = i * length + j;
            line[j] = (Entry){.real = whole ? 0 : real[from], .whole = whole ? integers[from] : 0, .at = j};
        }
        order(line, length);
        for (int64_t j = 0; j < k; j++) {
            best[i * k + j] = line[j].real;
            best_whole[i * k + j] = line[j].whole;
            at[i * k + j] = line[j].at;
        }
    }
    if (whole) {
        write_whole(values, best_whole);
    } else {
        write_doubles(values, best);
    }
    write_whole(places, at);
}

const Operation ORDERINGS[] = {
    {"TopKV2", top_k, REALS "il", "T", "k", NULL, NULL},
    {0},
};
