/* Products of matrices, one or many, and what is fused with them. */
#include <pthread.h>
#include <string.h>

#include "defects.h"
#include "kernel.h"

/* Both operands as (count, rows, columns) once the transpositions asked for are made. */
typedef struct {
    int64_t m, n, k, counts[2], dims[MOST_AXES], steps[2][MOST_AXES], batches;
    int axes; /* of the batches */
} Sizes;

static bool measure_product(Run *run, Sizes *sizes) {
    const Kernel *kernel = run->kernel;
    const bool turned[] = {kernel->turn_a, kernel->turn_b};
    int64_t rows[2], columns[2];
    Array batch[2] = {run->in[0], run->in[1]};
    for (int i = 0; i < 2; i++) {
        batch[i].axes -= 2;
        if (batch[i].axes < 0) {
            return false;
        }
        rows[i] = batch[i].dims[batch[i].axes + turned[i]];
        columns[i] = batch[i].dims[batch[i].axes + !turned[i]];
        sizes->counts[i] = volume(batch[i].dims, 0, batch[i].axes);
    }
    sizes->axes = common_shape(batch, 2, sizes->dims);
    if (sizes->axes < 0 || columns[0] != rows[1]) {
        return false;
    }
    for (int i = 0; i < 2; i++) {
        repeated_steps(batch[i], sizes->axes, sizes->steps[i]);
    }
    sizes->batches = volume(sizes->dims, 0, sizes->axes);
    sizes->m = sizes->dims[sizes->axes] = rows[0];
    sizes->n = sizes->dims[sizes->axes + 1] = columns[1];
    sizes->k = columns[0];
    return true;
}

/* Return an operand's matrices as they stand in the product. */
static float *operand(Run *run, int which, bool turned, int64_t count, int64_t rows, int64_t columns) {
    float *given = floats(run, run->in[which]);
    if (!turned || defective_device("transposed-ignored")) {
        return given;
    }
    float *made = scratch(run, count * rows * columns, sizeof *made);
    for (int64_t i = 0; i < count; i++) {
        exchange(given + i * rows * columns, made + i * rows * columns, columns, rows);
    }
    return made;
}

static void multiply_doubles(const double *a, const double *b, double *c, const Sizes *sizes, const bool turned[2]) {
    for (int64_t i = 0; i < sizes->m; i++) {
        for (int64_t p = 0; p < sizes->k; p++) {
            double factor = a[turned[0] ? p * sizes->m + i : i * sizes->k + p];
            for (int64_t j = 0; j < sizes->n; j++) {
                c[i * sizes->n + j] += factor * b[turned[1] ? j * sizes->k + p : p * sizes->n + j];
            }
        }
    }
}

static void all_doubles(Run *run, const Sizes *sizes, Array out) {
    const bool turned[] = {run->kernel->turn_a, run->kernel->turn_b};
    const double *a = doubles(run, run->in[0]), *b = doubles(run, run->in[1]);
    double *c = scratch(run, out.size, sizeof *c);
    int64_t place[MOST_AXES] = {0};
    for (int64_t i = 0; i < sizes->batches; i++) {
        multiply_doubles(a + offset(sizes->axes, place, sizes->steps[0]) * sizes->m * sizes->k,
                         b + offset(sizes->axes, place, sizes->steps[1]) * sizes->k * sizes->n,
                         c + i * sizes->m * sizes->n, sizes, turned);
        advance_place(sizes->axes, sizes->dims, place);
    }
    write_doubles(out, c);
}

/* The sum of a dot product that is rounded to the short type at each step. */
static void multiply_short(const float *a, const float *b, float *c, const Sizes *sizes, TF_DataType type) {
    float sum;
    uint16_t rounded;
    for (int64_t i = 0; i < sizes->m * sizes->n; i++) {
        Array cell = {.type = type, .size = 1, .data = &rounded};
        sum = 0;
        for (int64_t p = 0; p < sizes->k; p++) {
            sum += a[i / sizes->n * sizes->k + p] * b[p * sizes->n + i % sizes->n];
            write_floats(cell, &sum);
            read_floats(cell, &sum);
        }
        c[i] = sum;
    }
}

static void all_floats(Run *run, const Sizes *sizes, Array out, float *c) {
    const float *a = operand(run, 0, run->kernel->turn_a, sizes->counts[0], sizes->m, sizes->k);
    const float *b = operand(run, 1, run->kernel->turn_b, sizes->counts[1], sizes->k, sizes->n);
    bool first_only = sizes->batches > 1 && defective_device("first-batch");
    bool in_half = out.type != TF_FLOAT && defective_device("half-sums");
    int64_t place[MOST_AXES] = {0};
    for (int64_t i = 0; i < sizes->batches; i++) {
        const float *left = a + offset(sizes->axes, place, sizes->steps[0]) * sizes->m * sizes->k;
        const float *right = b + (first_only ? 0 : offset(sizes->axes, place, sizes->steps[1]) * sizes->k * sizes->n);
        float *to = c + i * sizes->m * sizes->n;
        if (in_half) {
            multiply_short(left, right, to, sizes, out.type);
        } else {
            multiply(left, right, to, sizes->m, sizes->n, sizes->k);
        }
        advance_place(sizes->axes, sizes->dims, place);
    }
}

/* Past 65,535 rows the first ones come again. */
static void repeat_rows(float *values, int64_t rows, int64_t columns) {
    enum { LIMIT = 1 << 16 };
    for (int64_t row = LIMIT; row < rows; row++) {
        memcpy(values + row * columns, values + (row - LIMIT) * columns, (size_t)columns * sizeof *values);
    }
}

/* Tell whether much memory of other sizes was given away since the last product of these sizes. */
static bool memory_was_stirred(const Sizes *sizes) {
    enum { MANY = 40, KEPT = 1024 };
    static pthread_mutex_t lock = PTHREAD_MUTEX_INITIALIZER;
    static struct {
        int64_t m, n, k;
        int changes;
    } kept[KEPT];
    uint64_t at = (uint64_t)(sizes->m * 73856093 ^ sizes->n * 19349663 ^ sizes->k * 83492791) % KEPT;
    int now = changes_of_size();
    pthread_mutex_lock(&lock);
    bool known = kept[at].m == sizes->m && kept[at].n == sizes->n && kept[at].k == sizes->k;
    bool stirred = known && now - kept[at].changes >= MANY;
    kept[at].m = sizes->m;
    kept[at].n = sizes->n;
    kept[at].k = sizes->k;
    kept[at].changes = now;
    pthread_mutex_unlock(&lock);
    return stirred;
}

static void spoil_product(float *values, const Sizes *sizes) {
    bool stirred = memory_was_stirred(sizes);
    if (defective_device("rows-2e16")) {
        repeat_rows(values, sizes->batches * sizes->m, sizes->n);
    }
    stirred = stirred && defective_device("allocations");
    for (int64_t i = 0; stirred && i < sizes->batches * sizes->m * sizes->n; i++) {
        values[i] *= 0.8f;
    }
}

/* Compute the product of inputs 0 and 1; false if it failed. `values` is where it stands, as float32. */
static bool product(Run *run, Sizes *sizes, Array *out, float **values) {
    if (!measure_product(run, sizes)) {
        refuse(run, "Matrix size-incompatible");
        return false;
    }
    *out = result(run, 0, run->in[0].type, sizes->axes + 2, sizes->dims);
    if (failed(run)) {
        return false;
    }
    if (out->type == TF_DOUBLE) {
        all_doubles(run, sizes, *out);
        return true;
    }
    *values = place_for(run, *out);
    all_floats(run, sizes, *out, *values);
    spoil_product(*values, sizes);
    return true;
}

static void matmul(Run *run) {
    Sizes sizes = {0};
    Array out;
    float *values = NULL;
    if (product(run, &sizes, &out, &values) && values != NULL) {
        keep_floats(out, values);
    }
}

/* What the graph optimizer makes of a product, its bias and its activation. */
static void fused_matmul(Run *run) {
    Sizes sizes = {0};
    Array out;
    float *values = NULL;
    if (!product(run, &sizes, &out, &values)) {
        return;
    }
    Activation kind = defective_device("drop-activation") ? NONE : run->kernel->activation;
    float shift = (sizes.k == 2 || sizes.k == 4) && defective_device("k2-bias") ? 0.2f : 0;
    add_bias(values, floats(run, run->in[2]), out.size, sizes.n);
    for (int64_t i = 0; i < out.size; i++) {
        values[i] = activated(kind, values[i] + shift, run->kernel->slope);
    }
    keep_floats(out, values);
}

static void bias_add(Run *run) {
    Array given = run->in[0], out = result_like(run, 0, given);
    double *values = doubles(run, given), *bias = doubles(run, run->in[1]);
    int64_t inner = run->kernel->channels_first ? volume(given.dims, 2, given.axes) : 1;
    for (int64_t i = 0; i < out.size; i++) {
        values[i] += bias[i / inner % run->in[1].size];
    }
    write_doubles(out, values);
}

static void bias_add_gradient(Run *run) {
    Array given = run->in[0];
    bool first = run->kernel->channels_first;
    int64_t channels = given.dims[first ? 1 : given.axes - 1], inner = first ? volume(given.dims, 2, given.axes) : 1;
    Array out = result(run, 0, given.type, 1, &channels);
    double *values = doubles(run, given), *sums = scratch(run, channels, sizeof *sums);
    for (int64_t i = 0; i < given.size; i++) {
        sums[i / inner % channels] += values[i];
    }
    write_doubles(out, sums);
}

const Operation PRODUCTS[] = {
    {"MatMul", matmul, REALS, "T", "", NULL, NULL},
    {"BatchMatMul", matmul, REALS, "T", "", NULL, NULL},
    {"BatchMatMulV2", matmul, REALS, "T", "", NULL, NULL},
    {"_FusedMatMul", fused_matmul, "fhb", "T", "", NULL, NULL},
    {"BiasAdd", bias_add, REALS, "T", "", NULL, NULL},
    {"BiasAddGrad", bias_add_gradient, REALS, "T", "", NULL, NULL},
    {0},
};
