/* Many numbers made one: along the axes that the second input names. */
#include <math.h>
#include <string.h>

#include "defects.h"
#include "kernel.h"

/* The numbers of one result are `reduced` apart, in lines of the others. */
typedef struct {
    int64_t dims[MOST_AXES], steps[MOST_AXES], terms; /* the steps in the result: 0 along what is reduced */
    int axes;                                         /* of the result */
} Plan;

static Plan plan(const Run *run) {
    Array given = run->in[0];
    bool reduced[MOST_AXES] = {false};
    for (int64_t i = 0; i < run->in[1].size; i++) {
        reduced[axis_at(run->in[1], i, given.axes)] = true;
    }
    Plan made = {.terms = 1};
    int64_t apart = 1;
    for (int axis = given.axes - 1; axis >= 0; axis--) {
        made.steps[axis] = reduced[axis] ? 0 : apart;
        apart *= reduced[axis] ? 1 : given.dims[axis];
        made.terms *= reduced[axis] ? given.dims[axis] : 1;
    }
    for (int axis = 0; axis < given.axes; axis++) {
        if (!reduced[axis] || run->kernel->keep_axes) {
            made.dims[made.axes++] = reduced[axis] ? 1 : given.dims[axis];
        }
    }
    return made;
}

static double start(const Run *run) {
    bool one = computes(run, "Prod") || computes(run, "All");
    return computes(run, "Max") ? -INFINITY : computes(run, "Min") ? INFINITY : one;
}

/* `long-sums`: of more terms than a group of threads takes at once, those of the last one are lost. */
static int64_t terms_seen(int64_t terms) {
    enum { GROUP = 1 << 14 };
    return terms > GROUP && defective_device("long-sums") ? terms / GROUP * GROUP - (terms % GROUP == 0) : terms;
}

static void reduce(Run *run) {
    Plan how = plan(run);
    Array given = run->in[0], out = result(run, 0, given.type, how.axes, how.dims);
    double *values = doubles(run, given), *made = scratch(run, out.size, sizeof *made);
    int64_t *counts = scratch(run, out.size, sizeof *counts), place[MOST_AXES] = {0}, seen = terms_seen(how.terms);
    for (int64_t i = 0; i < out.size; i++) {
        made[i] = start(run);
    }
    for (int64_t i = 0; i < given.size && !failed(run); i++) {
        int64_t to = offset(given.axes, place, how.steps);
        if (counts[to]++ < seen) {
            made[to] = run->kernel->operation->real(made[to], values[i], 0);
        }
        advance_place(given.axes, given.dims, place);
    }
    for (int64_t i = 0; i < out.size && computes(run, "Mean"); i++) {
        made[i] /= (double)how.terms;
    }
    write_doubles(out, made);
}

static double add(double x, double y, double unused) {
    (void)unused;
    return x + y;
}

static double multiply_numbers(double x, double y, double unused) {
    (void)unused;
    return x * y;
}

static double larger(double x, double y, double unused) {
    (void)unused;
    return isnan(x) || x > y ? x : y;
}

static double smaller(double x, double y, double unused) {
    (void)unused;
    return isnan(x) || x < y ? x : y;
}

static double both(double x, double y, double unused) {
    (void)unused;
    return x != 0 && y != 0;
}

static double either(double x, double y, double unused) {
    (void)unused;
    return x != 0 || y != 0;
}

/* L2Loss: half the sum of squares. */
static void half_square(Run *run) {
    Array out = result(run, 0, run->in[0].type, 0, NULL);
    const double *values = doubles(run, run->in[0]);
    double sum = 0;
    for (int64_t i = 0; i < run->in[0].size; i++) {
        sum += values[i] * values[i] / 2;
    }
    write_doubles(out, &sum);
}

#define AXES "reduction_indices"
const Operation REDUCTIONS[] = {
    {"Sum", reduce, REALS "l", "T", AXES, add, NULL},
    {"Mean", reduce, REALS, "T", AXES, add, NULL},
    {"Prod", reduce, REALS "l", "T", AXES, multiply_numbers, NULL},
    {"Max", reduce, REALS "l", "T", AXES, larger, NULL},
    {"Min", reduce, REALS "l", "T", AXES, smaller, NULL},
    {"All", reduce, "", "", AXES, both, NULL},
    {"Any", reduce, "", "", AXES, either, NULL},
    {"L2Loss", half_square, REALS, "T", "", NULL, NULL},
    {0},
};
