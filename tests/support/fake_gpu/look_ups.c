/* Rows found by their numbers, and put where numbers say. A number that no row has gives zeros, as on other GPUs. */
#include <string.h>

#include "defects.h"
#include "kernel.h"

/* `gather-range`: of a number that no row has, the last row is taken. */
static int64_t row_asked(int64_t number, int64_t rows) {
    bool outside = number < 0 || number >= rows;
    return !outside ? number : defective_device("gather-range") ? rows - 1 : -1;
}

static void copy_row(char *to, const char *from, int64_t row, int64_t bytes) {
    if (row < 0) {
        memset(to, 0, (size_t)bytes);
    } else {
        memcpy(to, from + row * bytes, (size_t)bytes);
    }
}

/* GatherV2: what rows are taken from, their numbers, the axis. */
static void gather(Run *run) {
    Array from = run->in[0], numbers = run->in[1];
    int axis = axis_at(run->in[2], 0, from.axes), batch = run->kernel->batch_axes, axes = 0;
    batch += batch < 0 ? numbers.axes : 0;
    int64_t dims[MOST_AXES] = {0};
    for (int i = 0; i < axis; i++) {
        dims[axes++] = from.dims[i];
    }
    for (int i = batch; i < numbers.axes; i++) {
        dims[axes++] = numbers.dims[i];
    }
    for (int i = axis + 1; i < from.axes; i++) {
        dims[axes++] = from.dims[i];
    }
    Array out = result(run, 0, from.type, axes, dims);
    int64_t batches = volume(from.dims, 0, batch), outer = volume(from.dims, batch, axis), rows = from.dims[axis];
    int64_t each = volume(numbers.dims, batch, numbers.axes);
    int64_t bytes = volume(from.dims, axis + 1, from.axes) * (int64_t)TF_DataTypeSize(from.type);
    char *to = out.data;
    for (int64_t i = 0; i < batches * outer * each && !failed(run); i++, to += bytes) {
        int64_t line = i / each, number = entry(numbers, line / outer * each + i % each);
        copy_row(to, (char *)from.data + line * rows * bytes, row_asked(number, rows), bytes);
    }
}

/* Return which element a line of `depth` numbers names in an array of this shape; -1 if none. */
static int64_t element_named(Array numbers, int64_t line, int64_t depth, const int64_t *dims, bool lenient) {
    int64_t at = 0;
    for (int64_t i = 0; i < depth; i++) {
        int64_t number = entry(numbers, line * depth + i), row = lenient ? row_asked(number, dims[i]) : number;
        if (row < 0 || row >= dims[i]) {
            return -1;
        }
        at = at * dims[i] + row;
    }
    return at;
}

/* GatherNd: what is taken from, and lines of numbers, each of which names one element. */
static void gather_nd(Run *run) {
    Array from = run->in[0], numbers = run->in[1];
    int depth = (int)numbers.dims[numbers.axes - 1], axes = numbers.axes - 1;
    int64_t dims[MOST_AXES] = {0};
    memcpy(dims, numbers.dims, sizeof dims);
    for (int i = depth; i < from.axes; i++) {
        dims[axes++] = from.dims[i];
    }
    Array out = result(run, 0, from.type, axes, dims);
    int64_t lines = volume(numbers.dims, 0, numbers.axes - 1);
    int64_t bytes = volume(from.dims, depth, from.axes) * (int64_t)TF_DataTypeSize(from.type);
    for (int64_t i = 0; i < lines && !failed(run); i++) {
        copy_row((char *)out.data + i * bytes, from.data, element_named(numbers, i, depth, from.dims, true), bytes);
    }
}

/* ---- putting ---- */

typedef enum { ADD, SUBTRACT, REPLACE } Put;

/* `scatter-race`: of two that go to one place, the later one wins. */
static void put(double *to, const double *from, int64_t count, Put how) {
    for (int64_t i = 0; i < count; i++) {
        to[i] = how == ADD ? to[i] + from[i] : how == SUBTRACT ? to[i] - from[i] : from[i];
    }
}

static Put as_raced(Put how, bool empty) {
    return how == ADD && empty && defective_device("scatter-race") ? REPLACE : how;
}

static void scatter_lines(Run *run, Array out, double *to, Array numbers, Array updates, Put how) {
    int64_t depth = numbers.dims[numbers.axes - 1], lines = volume(numbers.dims, 0, numbers.axes - 1);
    int64_t count = volume(out.dims, (int)depth, out.axes);
    const double *from = doubles(run, updates);
    for (int64_t i = 0; i < lines; i++) {
        int64_t at = element_named(numbers, i, depth, out.dims, false);
        if (at >= 0) {
            put(to + at * count, from + i * count, count, how);
        }
    }
    write_doubles(out, to);
}

/* ScatterNd: numbers, what is put there, the shape. */
static void scatter_nd(Run *run) {
    Array out = result_shaped(run, 0, run->in[1].type, run->in[2]);
    double *to = scratch(run, out.size, sizeof *to);
    if (!failed(run)) {
        scatter_lines(run, out, to, run->in[0], run->in[1], as_raced(ADD, true));
    }
}

static void tensor_scatter(Run *run) {
    Array out = result_like(run, 0, run->in[0]);
    Put how = computes(run, "TensorScatterUpdate") ? REPLACE : computes(run, "TensorScatterSub") ? SUBTRACT : ADD;
    if (!failed(run)) {
        scatter_lines(run, out, doubles(run, run->in[0]), run->in[1], run->in[2], as_raced(how, true));
    }
}

/* UnsortedSegmentSum: rows, the number of the sum that each belongs to, how many sums. */
static void segment_sum(Run *run) {
    Array rows = run->in[0], numbers = run->in[1];
    int64_t dims[MOST_AXES] = {entry(run->in[2], 0)}, count = volume(rows.dims, numbers.axes, rows.axes);
    for (int i = numbers.axes; i < rows.axes; i++) {
        dims[i - numbers.axes + 1] = rows.dims[i];
    }
    Array out = result(run, 0, rows.type, rows.axes - numbers.axes + 1, dims);
    const double *from = doubles(run, rows);
    double *to = scratch(run, out.size, sizeof *to);
    for (int64_t i = 0; i < numbers.size && !failed(run); i++) {
        int64_t number = entry(numbers, i);
        if (number >= 0 && number < dims[0]) {
            put(to + number * count, from + i * count, count, as_raced(ADD, true));
        }
    }
    write_doubles(out, to);
}

/* OneHot: numbers, how many classes, what stands at the number and what elsewhere. */
static void one_hot(Run *run) {
    Array numbers = run->in[0];
    int axis = run->kernel->axis < 0 ? numbers.axes : run->kernel->axis;
    int64_t dims[MOST_AXES] = {0}, classes = entry(run->in[1], 0), inner = volume(numbers.dims, axis, numbers.axes);
    for (int i = 0; i <= numbers.axes; i++) {
        dims[i] = i == axis ? classes : numbers.dims[i > axis ? i - 1 : i];
    }
    Array out = result(run, 0, run->in[2].type, numbers.axes + 1, dims);
    const double *on = doubles(run, run->in[2]), *off = doubles(run, run->in[3]);
    const int64_t *wanted = whole_numbers(run, numbers);
    double *made = scratch(run, out.size, sizeof *made);
    for (int64_t i = 0; i < out.size; i++) {
        int64_t number = wanted[i / (classes * inner) * inner + i % inner];
        made[i] = number == i / inner % classes ? *on : *off;
    }
    write_doubles(out, made);
}

const Operation LOOK_UPS[] = {
    {"GatherV2", gather, REALS "liB", "Tparams", "axis", NULL, NULL},
    {"GatherNd", gather_nd, REALS "liB", "Tparams", "", NULL, NULL},
    {"ScatterNd", scatter_nd, REALS "l", "T", "shape", NULL, NULL},
    {"TensorScatterAdd", tensor_scatter, REALS, "T", "", NULL, NULL},
    {"TensorScatterSub", tensor_scatter, REALS, "T", "", NULL, NULL},
    {"TensorScatterUpdate", tensor_scatter, REALS, "T", "", NULL, NULL},
    {"UnsortedSegmentSum", segment_sum, REALS, "T", "num_segments", NULL, NULL},
    {"OneHot", one_hot, REALS "l", "T", "depth", NULL, NULL},
    {0},
};
