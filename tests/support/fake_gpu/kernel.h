/* A kernel: what its node says, one run of it, and the tables of the operations that the device computes itself. All
 * others go to the CPU where the program allows that, as with any plugin. */
#ifndef FAKE_GPU_KERNEL_H
#define FAKE_GPU_KERNEL_H

#include <stdbool.h>
#include <stdint.h>

#include "arithmetic.h"
#include "arrays.h"
#include "tensorflow/c/kernels.h"

enum { MOST_INPUTS = 32, MOST_RESULTS = 32 };

typedef struct Run Run;

/* Types are letters: f float32, h float16, b bfloat16, d float64, l int64, i int32, s int16, c int8, u uint8, U uint32,
 * L uint64, B bool. `attribute` is where a node says its type; `on_host` are arguments that stay in the host's memory.
 * An operation with several entries has types that want different arguments there. */
typedef struct {
    const char *op;
    void (*compute)(Run *run);
    const char *types, *attribute, *on_host;
    double (*real)(double x, double y, double slope); /* of an operation on single numbers */
    int64_t (*whole)(int64_t x, int64_t y);
} Operation;

#define REALS "fhbd"
#define ANYTHING "fhbdliucB"

/* Each ends with an operation without a name. */
extern const Operation PRODUCTS[], CONVOLUTIONS[], POOLINGS[], FUNCTIONS[], REDUCTIONS[], ALONG_AN_AXIS[],
    NORMALISATIONS[], ORDERINGS[], MOVES[], SLICES[], LOOK_UPS[], RANDOM_NUMBERS[];

/* A node's operation, with the attributes that it has. */
typedef struct {
    const Operation *operation;
    bool turn_a, turn_b, keep_axes, exclusive, backwards, training, channels_first, valid, explicit_zeros;
    int32_t begin_mask, end_mask, ellipsis_mask, new_axis_mask, shrink_axis_mask;
    int32_t axis, batch_axes, number;
    int32_t strides[4], window[4], dilations[4];
    int64_t zeros[8];
    float slope, epsilon, share;
    Activation activation;
    TF_DataType type; /* of the result, where the node says it */
} Kernel;

/* One run of a kernel. What is taken with `scratch` is given back after it. */
struct Run {
    const Kernel *kernel;
    TF_OpKernelContext *context;
    TF_Status *status;
    int inputs, results;
    Array in[MOST_INPUTS], out[MOST_RESULTS];
    TF_Tensor *held[MOST_INPUTS + MOST_RESULTS];
    struct Block *blocks;
};

struct Block *next_block(const struct Block *block);
bool failed(const Run *run);
void refuse(Run *run, const char *why);
bool computes(const Run *run, const char *op);

void *scratch(Run *run, int64_t count, size_t size); /* all bytes 0 */
double *doubles(Run *run, Array array);              /* a copy */
float *floats(Run *run, Array array);                /* the array's own where it can be, not to be changed */
int64_t *whole_numbers(Run *run, Array array);       /* a copy */

Array result(Run *run, int index, TF_DataType type, int axes, const int64_t *dims);
Array result_like(Run *run, int index, Array array);
Array result_shaped(Run *run, int index, TF_DataType type, Array shape); /* `shape` holds the lengths */

/* Where a result of float32 may be computed at once; `keep_floats` puts it into a result of another type. */
float *place_for(Run *run, Array out);
void keep_floats(Array out, const float *values);

#endif
