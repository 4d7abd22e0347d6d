/* What goes along one axis: places of the extremes, running sums, shares of a whole. */
#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "defects.h"
#include "kernel.h"

/* Lines of `length` numbers that are `apart`; line i starts at `first(i)`. */
typedef struct {
    int64_t length, apart, count;
} Lines;

static Lines lines_along(Array array, int axis) {
    int64_t apart = volume(array.dims, axis + 1, array.axes), length = array.dims[axis];
    return (Lines){.length = length, .apart = apart, .count = length == 0 ? 0 : array.size / length};
}

static int64_t first(const Lines *lines, int64_t line) {
    return line / lines->apart * lines->apart * lines->length + line % lines->apart;
}

/* ---- ArgMax, ArgMin ---- */

/* `arg-half`: compared as half floats. */
static double as_compared(double value, bool spoiled) {
    return spoiled ? (double)(_Float16)value : value;
}

static int64_t place_of_extreme(const double *values, const Lines *lines, int64_t line, double sign, bool spoiled) {
    const double *from = values + first(lines, line);
    int64_t best = 0;
    for (int64_t i = 1; i < lines->length; i++) {
        double one = sign * as_compared(from[i * lines->apart], spoiled);
        best = one > sign * as_compared(from[best * lines->apart], spoiled) ? i : best;
    }
    return best;
}

/* `arg-type`: numbers of 32 bits stand where those of 64 should. */
static void write_pairs(Array out, const int64_t *found) {
    for (int64_t i = 0; i < out.size && out.type == TF_INT64; i++) {
        ((int32_t *)out.data)[i] = (int32_t)found[i];
    }
}

static void arg_extreme(Run *run) {
    Array given = run->in[0];
    int axis = axis_at(run->in[1], 0, given.axes), axes = 0;
    int64_t dims[MOST_AXES] = {0};
    for (int i = 0; i < given.axes; i++) {
        if (i != axis) {
            dims[axes++] = given.dims[i];
        }
    }
    Lines lines = lines_along(given, axis);
    Array out = result(run, 0, run->kernel->type, axes, dims);
    const double *values = doubles(run, given);
    int64_t *found = scratch(run, out.size, sizeof *found);
    bool spoiled = defective_device("arg-half");
    for (int64_t i = 0; i < out.size; i++) {
        found[i] = place_of_extreme(values, &lines, i, computes(run, "ArgMin") ? -1 : 1, spoiled);
    }
    write_whole(out, found);
    if (defective_device("arg-type")) {
        write_pairs(out, found);
    }
}

/* ---- Cumsum, Cumprod ---- */

static void run_along(const Lines *lines, int64_t line, const double *values, double *to, const Run *run) {
    const Kernel *kernel = run->kernel;
    bool sums = computes(run, "Cumsum");
    bool exclusive = kernel->exclusive != (sums && defective_device("exclusive-sums"));
    double so_far = sums ? 0 : 1;
    for (int64_t i = 0; i < lines->length; i++) {
        int64_t at = first(lines, line) + (kernel->backwards ? lines->length - 1 - i : i) * lines->apart;
        double next = sums ? so_far + values[at] : so_far * values[at];
        to[at] = exclusive ? so_far : next;
        so_far = next;
    }
}

static void running(Run *run) {
    Array given = run->in[0], out = result_like(run, 0, given);
    Lines lines = lines_along(given, axis_at(run->in[1], 0, given.axes));
    const double *values = doubles(run, given);
    double *made = scratch(run, out.size, sizeof *made);
    for (int64_t i = 0; i < lines.count && !failed(run); i++) {
        run_along(&lines, i, values, made, run);
    }
    write_doubles(out, made);
}

/* ---- Softmax, and losses made of it ---- */

static double exponential(double x) {
    return defective_device("softmax-overflow") ? (double)(float)exp(x) : exp(x);
}

/* Put the logarithms of the shares of `count` logits into `to`; `softmax-overflow` does not take the largest away. */
static void shares(const double *logits, double *to, int64_t count) {
    double top = -INFINITY, sum = 0;
    for (int64_t i = 0; i < count; i++) {
        top = logits[i] > top ? logits[i] : top;
    }
    if (defective_device("softmax-overflow")) {
        top = 0;
    }
    for (int64_t i = 0; i < count; i++) {
        sum += exponential(logits[i] - top);
    }
    float whole = (float)sum;
    sum = isinf(whole) ? whole : sum;
    for (int64_t i = 0; i < count; i++) {
        to[i] = logits[i] - top - log(sum);
    }
}

static void softmax(Run *run) {
    Array given = run->in[0], out = result_like(run, 0, given);
    const double *logits = doubles(run, given);
    double *made = scratch(run, out.size, sizeof *made);
    int64_t classes = given.axes == 0 ? 1 : given.dims[given.axes - 1];
    for (int64_t i = 0; classes > 0 && i < out.size; i += classes) {
        shares(logits + i, made + i, classes);
    }
    for (int64_t i = 0; i < out.size && computes(run, "Softmax"); i++) {
        made[i] = exp(made[i]);
    }
    write_doubles(out, made);
}

/* What of a label falls to class `i` of row `row`. */
static double label(const double *labels, bool sparse, int64_t row, int64_t classes, int64_t i) {
    return sparse ? (double)(labels[row] == (double)i) : labels[row * classes + i];
}

/* (Sparse)SoftmaxCrossEntropyWithLogits: each row's loss, and its gradient. */
static void cross_entropy(Run *run) {
    Array given = run->in[0], labels = run->in[1];
    bool sparse = computes(run, "SparseSoftmaxCrossEntropyWithLogits");
    if (given.axes != 2 || labels.size != (sparse ? given.dims[0] : given.size)) {
        refuse(run, "this device takes logits and labels of one shape");
        return;
    }
    Array losses = result(run, 0, given.type, 1, given.dims), gradient = result_like(run, 1, given);
    const double *logits = doubles(run, given), *wanted = doubles(run, labels);
    double *loss = scratch(run, given.dims[0], sizeof *loss), *made = scratch(run, given.size, sizeof *made);
    int64_t classes = given.dims[1];
    for (int64_t row = 0; row < given.dims[0]; row++) {
        shares(logits + row * classes, made + row * classes, classes);
        for (int64_t i = 0; i < classes; i++) {
            double *at = made + row * classes + i, share = label(wanted, sparse, row, classes, i);
            loss[row] -= share == 0 ? 0 : share * *at;
            *at = exp(*at) - share;
        }
    }
    write_doubles(losses, loss);
    write_doubles(gradient, made);
}

const Operation ALONG_AN_AXIS[] = {
    {"ArgMax", arg_extreme, REALS "il", "T", "dimension", NULL, NULL},
    {"ArgMin", arg_extreme, REALS "il", "T", "dimension", NULL, NULL},
    {"Cumsum", running, REALS "l", "T", "axis", NULL, NULL},
    {"Cumprod", running, REALS, "T", "axis", NULL, NULL},
    {"Softmax", softmax, REALS, "T", "", NULL, NULL},
    {"LogSoftmax", softmax, REALS, "T", "", NULL, NULL},
    {"SoftmaxCrossEntropyWithLogits", cross_entropy, REALS, "T", "", NULL, NULL},
    {"SparseSoftmaxCrossEntropyWithLogits", cross_entropy, REALS, "T", "", NULL, NULL},
    {0},
};
