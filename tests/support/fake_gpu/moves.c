/* Operations that compute nothing: they put elements of any type elsewhere. */
#include <string.h>

#include "defects.h"
#include "kernel.h"

/* Copy blocks of `bytes`: `count` of them, `from_apart` and `to_apart` bytes from each other. */
static void copy_blocks(char *to, int64_t to_apart, const char *from, int64_t from_apart, int64_t count,
                        int64_t bytes) {
    for (int64_t i = 0; i < count; i++) {
        memcpy(to + i * to_apart, from + i * from_apart, (size_t)bytes);
    }
}

static int64_t width_of(Array array) {
    return (int64_t)TF_DataTypeSize(array.type);
}

static void transpose(Run *run) {
    Array given = run->in[0];
    int64_t dims[MOST_AXES] = {0}, plain[MOST_AXES], steps[MOST_AXES];
    plain_steps(given.axes, given.dims, plain);
    for (int axis = 0; axis < given.axes; axis++) {
        int from = axis_at(run->in[1], axis, given.axes);
        dims[axis] = given.dims[from];
        steps[axis] = plain[from];
    }
    copy_steps(result(run, 0, given.type, given.axes, dims), given.axes, dims, given, 0, steps);
}

static void broadcast_to(Run *run) {
    Array out = result_shaped(run, 0, run->in[0].type, run->in[1]);
    int64_t steps[MOST_AXES];
    repeated_steps(run->in[0], out.axes, steps);
    copy_steps(out, out.axes, out.dims, run->in[0], 0, steps);
}

static void fill(Run *run) {
    Array out = result_shaped(run, 0, run->in[1].type, run->in[0]);
    int64_t steps[MOST_AXES] = {0};
    copy_steps(out, out.axes, out.dims, run->in[1], 0, steps);
}

static void slice(Run *run) {
    Array given = run->in[0];
    int64_t dims[MOST_AXES] = {0}, steps[MOST_AXES], start = 0;
    plain_steps(given.axes, given.dims, steps);
    for (int axis = 0; axis < given.axes; axis++) {
        int64_t begin = entry(run->in[1], axis), size = entry(run->in[2], axis);
        dims[axis] = size < 0 ? given.dims[axis] - begin : size;
        start += begin * steps[axis];
        if (begin < 0 || begin + dims[axis] > given.dims[axis]) {
            refuse(run, "a slice beyond the array");
            return;
        }
    }
    copy_steps(result(run, 0, given.type, given.axes, dims), given.axes, dims, given, start, steps);
}

static void reverse(Run *run) {
    Array given = run->in[0];
    int64_t steps[MOST_AXES], start = 0;
    plain_steps(given.axes, given.dims, steps);
    for (int64_t i = 0; i < run->in[1].size; i++) {
        int axis = axis_at(run->in[1], i, given.axes);
        start += (given.dims[axis] - 1) * steps[axis];
        steps[axis] = -steps[axis];
    }
    copy_steps(result_like(run, 0, given), given.axes, given.dims, given, start, steps);
}

static void tile(Run *run) {
    Array given = run->in[0];
    int64_t dims[MOST_AXES] = {0}, steps[MOST_AXES], place[MOST_AXES] = {0}, width = width_of(given);
    plain_steps(given.axes, given.dims, steps);
    for (int axis = 0; axis < given.axes; axis++) {
        dims[axis] = given.dims[axis] * entry(run->in[1], axis);
    }
    Array out = result(run, 0, given.type, given.axes, dims);
    for (int64_t i = 0; i < out.size; i++) {
        int64_t from = 0;
        for (int axis = 0; axis < given.axes; axis++) {
            from += place[axis] % given.dims[axis] * steps[axis];
        }
        memcpy((char *)out.data + i * width, (char *)given.data + from * width, (size_t)width);
        advance_place(given.axes, dims, place);
    }
}

/* Pad, PadV2: (before, after) of each axis; the third input is what stands there. */
static void pad(Run *run) {
    Array given = run->in[0];
    int64_t dims[MOST_AXES] = {0}, plain[MOST_AXES], place[MOST_AXES] = {0}, start = 0, width = width_of(given);
    for (int axis = 0; axis < given.axes; axis++) {
        dims[axis] = entry(run->in[1], 2 * axis) + given.dims[axis] + entry(run->in[1], 2 * axis + 1);
    }
    plain_steps(given.axes, dims, plain);
    for (int axis = 0; axis < given.axes; axis++) {
        start += entry(run->in[1], 2 * axis) * plain[axis];
    }
    Array out = result(run, 0, given.type, given.axes, dims);
    for (int64_t i = 0; i < out.size; i++) {
        if (run->inputs > 2) {
            memcpy((char *)out.data + i * width, run->in[2].data, (size_t)width);
        } else {
            memset((char *)out.data + i * width, 0, (size_t)width);
        }
    }
    for (int64_t i = 0; i < given.size && !failed(run); i++) {
        int64_t to = start + offset(given.axes, place, plain);
        memcpy((char *)out.data + to * width, (char *)given.data + i * width, (size_t)width);
        advance_place(given.axes, given.dims, place);
    }
}

/* ---- several arrays and one ---- */

/* ConcatV2: the arrays, and the axis. */
static void concatenate(Run *run) {
    int count = run->inputs - 1, axis = axis_at(run->in[count], 0, run->in[0].axes);
    int64_t dims[MOST_AXES], width = width_of(run->in[0]);
    memcpy(dims, run->in[0].dims, sizeof dims);
    for (int i = 1; i < count; i++) {
        dims[axis] += run->in[i].dims[axis];
    }
    Array out = result(run, 0, run->in[0].type, run->in[0].axes, dims);
    int64_t lines = volume(dims, 0, axis), inner = volume(dims, axis + 1, out.axes) * width;
    char *to = out.data;
    for (int i = 0; i < count && !failed(run); i++) {
        int64_t bytes = run->in[i].dims[axis] * inner;
        copy_blocks(to, dims[axis] * inner, run->in[i].data, bytes, lines, bytes);
        to += bytes;
    }
}

static void pack(Run *run) {
    Array one = run->in[0];
    int axis = run->kernel->axis < 0 ? run->kernel->axis + one.axes + 1 : run->kernel->axis;
    int64_t dims[MOST_AXES] = {0}, width = width_of(one), lines = volume(one.dims, 0, axis);
    for (int i = 0; i <= one.axes; i++) {
        dims[i] = i == axis ? run->inputs : one.dims[i > axis ? i - 1 : i];
    }
    Array out = result(run, 0, one.type, one.axes + 1, dims);
    int64_t bytes = volume(one.dims, axis, one.axes) * width;
    for (int i = 0; i < run->inputs && !failed(run); i++) {
        copy_blocks((char *)out.data + i * bytes, run->inputs * bytes, run->in[i].data, bytes, lines, bytes);
    }
}

static void unpack(Run *run) {
    Array given = run->in[0];
    int axis = run->kernel->axis < 0 ? run->kernel->axis + given.axes : run->kernel->axis;
    int64_t dims[MOST_AXES] = {0}, count = given.dims[axis], lines = volume(given.dims, 0, axis);
    for (int i = 0; i < given.axes - 1; i++) {
        dims[i] = given.dims[i >= axis ? i + 1 : i];
    }
    int64_t bytes = volume(given.dims, axis + 1, given.axes) * width_of(given);
    if (count > MOST_RESULTS) {
        refuse(run, "this device gives 32 results");
    }
    for (int i = 0; i < count && !failed(run); i++) {
        Array out = result(run, i, given.type, given.axes - 1, dims);
        copy_blocks(out.data, bytes, (char *)given.data + i * bytes, count * bytes, failed(run) ? 0 : lines, bytes);
    }
}

static void split_at(Run *run, Array given, int axis, int64_t count, const int64_t *sizes) {
    int64_t dims[MOST_AXES], lines = volume(given.dims, 0, axis);
    int64_t inner = volume(given.dims, axis + 1, given.axes) * width_of(given);
    const char *from = given.data;
    if (count > MOST_RESULTS) {
        refuse(run, "this device gives 32 results");
    }
    memcpy(dims, given.dims, sizeof dims);
    for (int i = 0; i < count && !failed(run); i++) {
        dims[axis] = sizes[i];
        Array out = result(run, i, given.type, given.axes, dims);
        int64_t bytes = sizes[i] * inner;
        copy_blocks(out.data, bytes, from, given.dims[axis] * inner, failed(run) ? 0 : lines, bytes);
        from += bytes;
    }
}

/* Split: the axis, and what is to be split into equal parts. */
static void split(Run *run) {
    Array given = run->in[1];
    int axis = axis_at(run->in[0], 0, given.axes);
    int64_t sizes[MOST_RESULTS];
    for (int i = 0; i < MOST_RESULTS; i++) {
        sizes[i] = given.dims[axis] / (run->kernel->number > 0 ? run->kernel->number : 1);
    }
    split_at(run, given, axis, run->kernel->number, sizes);
}

/* SplitV: what is to be split, the sizes (one may be -1: the rest), and the axis. */
static void split_by_sizes(Run *run) {
    Array given = run->in[0];
    int axis = axis_at(run->in[2], 0, given.axes);
    int64_t sizes[MOST_RESULTS] = {0}, rest = given.dims[axis], count = run->in[1].size;
    for (int64_t i = 0; i < count && i < MOST_RESULTS; i++) {
        sizes[i] = entry(run->in[1], i);
        rest -= sizes[i] < 0 ? 0 : sizes[i];
    }
    for (int64_t i = 0; i < count && i < MOST_RESULTS; i++) {
        sizes[i] = sizes[i] < 0 ? rest : sizes[i];
    }
    split_at(run, given, axis, count, sizes);
}

#define MOVED REALS "liB"
const Operation MOVES[] = {
    {"Transpose", transpose, MOVED, "T", "perm", NULL, NULL},
    {"BroadcastTo", broadcast_to, MOVED, "T", "shape", NULL, NULL},
    {"Fill", fill, REALS "lB", "T", "dims", NULL, NULL},
    {"Slice", slice, REALS "lB", "T", "begin,size", NULL, NULL},
    {"ReverseV2", reverse, MOVED, "T", "axis", NULL, NULL},
    {"Tile", tile, MOVED, "T", "multiples", NULL, NULL},
    {"Pad", pad, REALS "l", "T", "paddings", NULL, NULL},
    {"PadV2", pad, REALS "l", "T", "paddings,constant_values", NULL, NULL},
    {"ConcatV2", concatenate, REALS "lB", "T", "axis", NULL, NULL},
    {"Pack", pack, REALS "lB", "T", "", NULL, NULL},
    {"Unpack", unpack, REALS "lB", "T", "", NULL, NULL},
    {"Split", split, REALS "l", "T", "split_dim", NULL, NULL},
    {"SplitV", split_by_sizes, REALS "l", "T", "size_splits,split_dim", NULL, NULL},
    {0},
};
